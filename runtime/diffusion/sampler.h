// Draws images from a trained network.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <vector>

#include "compiler/graph/graph.h"
#include "runtime/diffusion/moves.h"
#include "runtime/diffusion/noise.h"
#include "runtime/diffusion/prediction.h"
#include "runtime/diffusion/schedule.h"
#include "runtime/jit/build.h"
#include "runtime/train/checkpoint.h"

namespace qiln::diffusion {

/// A network that denoises, and what it was trained for.
struct Denoiser {
  graph::Graph network;  // (x, t) or (x, t, label) (objective.h), circuits lowered
  NoiseSchedule schedule;
  Prediction prediction = Prediction::noise;
  std::optional<NoiseSource> noise = {};  // Gaussian when there is none
};

struct SamplerSettings {
  Method method = Method::ddim;
  int steps = 50;       // taken of the schedule's
  double eta = 0;       // share of fresh noise of ddim
  bool clip = true;     // keep the predicted clean image in [-1, 1]
  double guidance = 0;  // w of classifier-free guidance
  std::vector<std::int64_t> labels = {};  // of the images, in turns; all of the network's when empty
  std::uint64_t seed = 0;
  std::int64_t batch = 64;  // samples computed together; no effect on their values
  /// Is shown each batch of samples [batch, C, H, W] on its way: the first noise, then what each move leaves.
  std::function<void(std::span<const float>)> watch = {};
};

/// The label of image k; -1 when the network takes none. qiln::Error (exit code 1) for a label that it does not have,
/// and for labels or guidance without labels.
std::vector<float> labels_of(const graph::Graph& network, const SamplerSettings& settings, std::int64_t count);

/// What a walk from noise to images needs besides the compiled sampling_step.
struct Walk {
  std::span<const Move> moves;
  std::uint64_t seed = 0;         // of fresh noise and of random numbers in the network
  std::int64_t first_sample = 0;  // what the samples' numbers begin at
};

/// Takes `images` [count, C, H, W], noise at first, along all moves; labels are set. False when `tell`, called after each
/// move, stopped it.
bool walk(jit::Executable& step, const Walk& way, std::span<float> images, std::int64_t count,
          const std::function<bool()>& tell = {});

/// Samples [count, C, H, W]. Sample k is a function of the seed, k, its label and the weights alone. `averaged` takes
/// the averaged weights of the checkpoint. `progress(done, total)` is told of moves; false stops the work: the result is
/// then empty.
std::vector<float> sample(const Denoiser& denoiser, const train::Checkpoint& weights, bool averaged,
                          std::int64_t count, const SamplerSettings& settings, jit::Engine& engine,
                          const std::function<bool(std::int64_t, std::int64_t)>& progress = {}, int threads = 0);

}  // namespace qiln::diffusion
