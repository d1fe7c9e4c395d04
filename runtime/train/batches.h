// Which images a training step sees.
#pragma once

#include <cstdint>
#include <vector>

namespace qiln::train {

/// The next `count` images when `cursor` have been seen: they run through one permutation of the data after another,
/// each drawn for its epoch, and may span two. A pure function of its arguments, so a resumed run goes on where it
/// stopped.
std::vector<std::uint32_t> next_images(std::uint64_t seed, std::int64_t cursor, std::int64_t count,
                                       std::uint32_t images);

}  // namespace qiln::train
