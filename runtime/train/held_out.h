// The loss on images that training does not see.
#pragma once

#include <cstdint>
#include <span>

#include "compiler/graph/graph.h"
#include "runtime/data/images.h"
#include "runtime/diffusion/schedule.h"
#include "runtime/jit/build.h"
#include "runtime/train/trainer.h"

namespace qiln::train {

class HeldOut {
 public:
  /// `network` without dropout. `images` must outlive this. Losses are computed `batch` samples at a time.
  HeldOut(const graph::Graph& network, const diffusion::NoiseSchedule& schedule, const data::Images& images,
          std::int64_t batch, std::uint64_t seed, jit::Engine& engine, int threads = 0);

  /// The mean loss with the trainer's averaged weights. Each image is met several times when there are few, always with
  /// the same noise, so that losses of one run differ by the weights alone.
  double loss(const Trainer& trainer);

 private:
  const data::Images& images_;
  std::int64_t batch_;
  std::uint64_t seed_;
  jit::Executable program_;
};

}  // namespace qiln::train
