// Images in NumPy's NPZ archives, under MedMNIST's keys: train_images, train_labels, val_…, test_…. Any of them may be
// missing but the images that are asked for.
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "runtime/data/images.h"
#include "runtime/data/split.h"

namespace qiln::data {

/// What an archive says about one of its splits, without reading pixels.
struct NpzSplit {
  Split split = Split::train;
  std::size_t count = 0, channels = 0, height = 0, width = 0;
  std::size_t labels = 0;  // of an image: 0 none, 1 its class, more where several may hold at once
};
std::vector<NpzSplit> npz_splits(const std::filesystem::path& path);

/// One split. Images are unsigned bytes, [count, height, width] or with an axis of 1 or 3 channels last or, if the last
/// axis is none, first. Labels are integers from 0 to 65,535, [count] or [count, 1]; classes are then named "0" to the
/// largest label. Where an image has several labels at once, [count, L], it has no class, and labels are left out.
/// Whatever does not fit is a qiln::Error that names file, array, cause and fix; memory grows with the bytes that are
/// really there, up to memory_limit().
Images load_npz_images(const std::filesystem::path& path, Split split);

}  // namespace qiln::data
