// Where data sets lie, and MNIST.
#pragma once

#include <filesystem>
#include <string_view>

#include "runtime/data/images.h"

namespace qiln::data {

/// The folder of data sets: the environment variable QILN_DATA when it is set, else the first `models/data` found going
/// up from the executable's folder, then from the current folder. An error says where it looked.
std::filesystem::path data_folder();

enum class Split { train, test };

/// MNIST, [count, 1, 28, 28] with labels 0 to 9, from `folder`/mnist: train-images-idx3-ubyte, train-labels-idx1-ubyte,
/// t10k-… for the test set, each plain or with .gz.
Images load_mnist(Split split, const std::filesystem::path& folder = data_folder());

}  // namespace qiln::data
