// How much of a file may become images in memory.
#pragma once

#include <cstddef>

namespace qiln::data {

/// Elements that the header of a file may announce: 4 GiB of bytes.
inline constexpr std::size_t most_elements = std::size_t{1} << 32;

/// Bytes that a set of images may have once unpacked: half of this machine's memory, at most `most_elements`. A small
/// file that unpacks to more is an error, not a machine that swaps.
std::size_t memory_limit();

}  // namespace qiln::data
