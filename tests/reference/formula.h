#pragma once

// The numbers of tests/reference/formula.py in C++: a stream and an index give the same float on both sides.

#include <cstddef>
#include <cstdint>
#include <vector>

namespace qiln::test {

// Streams of the data; a parameter's stream is its ordinal in the JSON file.
enum Stream : std::uint32_t { kStreamX = 1000, kStreamTarget, kStreamTime, kStreamCotangent, kStreamAngle };

inline std::uint32_t formula_bits(std::uint32_t stream, std::uint32_t index) {
  std::uint32_t v = stream * 0x85EBCA77u + index * 0x9E3779B1u + 0x165667B1u;
  v ^= v >> 15;
  v *= 0x2C1B3C6Du;
  v ^= v >> 12;
  v *= 0x297A2D39u;
  return v ^ (v >> 15);
}

// Uniform on [offset - scale, offset + scale). The product of two floats is exact in double, so that only the sum and
// the last conversion round, with or without fused multiply-add.
inline float formula(std::uint32_t stream, std::uint32_t index, float scale = 1, float offset = 0) {
  const double centred = static_cast<double>(formula_bits(stream, index) >> 8) / 8388608.0 - 1.0;
  return static_cast<float>(static_cast<double>(offset) + static_cast<double>(scale) * centred);
}

inline std::vector<float> formula_vector(std::uint32_t stream, std::size_t count, float scale = 1, float offset = 0) {
  std::vector<float> values(count);
  for (std::size_t i = 0; i < count; ++i) values[i] = formula(stream, static_cast<std::uint32_t>(i), scale, offset);
  return values;
}

}  // namespace qiln::test
