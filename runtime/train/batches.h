// Which images a training step sees.
#pragma once

#include <cstdint>
#include <vector>

namespace qiln::train {

/// The images of step `step` (from 0): batches run through one permutation of the data after another, each drawn for
/// its epoch, and may span two. A pure function of its arguments, so a resumed run goes on where it stopped.
std::vector<std::uint32_t> batch_of_step(std::uint64_t seed, std::int64_t step, std::int64_t batch,
                                         std::uint32_t images);

}  // namespace qiln::train
