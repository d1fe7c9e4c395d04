// Arrays of floats for NumPy: `numpy.load("samples.npz")["images"]`.
#pragma once

#include <cstdint>
#include <filesystem>
#include <span>
#include <string>
#include <vector>

namespace qiln::data {

struct NamedArray {
  std::string name;
  std::vector<std::int64_t> shape;
  std::span<const float> values;  // row-major
};

/// Replaces `path` atomically with a ZIP archive of .npy files (version 1.0), stored as they are. More than 4 GiB is a
/// qiln::Error.
void write_npz(const std::filesystem::path& path, std::span<const NamedArray> arrays);

}  // namespace qiln::data
