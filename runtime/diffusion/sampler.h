// Draws images from a trained network.
#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <vector>

#include "compiler/graph/graph.h"
#include "runtime/diffusion/schedule.h"
#include "runtime/jit/build.h"
#include "runtime/train/checkpoint.h"

namespace qiln::diffusion {

struct SamplerSettings {
  int steps = 50;    // taken of the schedule's
  double eta = 0;    // share of fresh noise; 1 over all steps is ancestral sampling (DDPM)
  bool clip = true;  // keep the predicted clean image in [-1, 1]
  std::uint64_t seed = 0;
  std::int64_t batch = 64;  // samples computed together; no effect on their values
  /// Is shown each batch of samples [batch, C, H, W] on its way: the first noise, then what each move leaves.
  std::function<void(std::span<const float>)> watch = {};
};

/// Samples [count, C, H, W]. Sample k is a function of the seed, k and the weights alone. `averaged` takes the averaged
/// weights of the checkpoint. `progress(done, total)` is told of denoising steps; false stops the work: the result is
/// then empty.
std::vector<float> sample(const graph::Graph& network, const NoiseSchedule& schedule, const train::Checkpoint& weights,
                          bool averaged, std::int64_t count, const SamplerSettings& settings, jit::Engine& engine,
                          const std::function<bool(std::int64_t, std::int64_t)>& progress = {}, int threads = 0);

}  // namespace qiln::diffusion
