// The IDX format of the MNIST database: two zero bytes, a type byte (0x08, unsigned bytes, is read here), the number of
// dimensions, each dimension as a big-endian 32-bit integer, then the elements. Plain or gzip, told apart by content.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <vector>

#include "runtime/data/images.h"

namespace qiln::data {

struct IdxArray {
  std::vector<std::size_t> shape = {};
  std::vector<std::uint8_t> elements = {};  // row-major
};

/// Reads a whole file. A file that is missing, damaged, cut short, longer than its header says, of another type, or
/// larger than memory_limit() unpacked is a qiln::Error that names the file, the place and the fix. Memory grows with
/// the bytes that are really there, never with what a header claims.
IdxArray load_idx(const std::filesystem::path& path);

/// Images [count, height, width] or [count, height, width, channels] and, when `labels` is not empty, their labels
/// [count]; classes are then named "0" to the largest label.
Images load_idx_images(const std::filesystem::path& images, const std::filesystem::path& labels = {});

}  // namespace qiln::data
