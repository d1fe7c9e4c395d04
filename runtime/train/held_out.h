// The loss on images that training does not see.
#pragma once

#include <cstdint>
#include <optional>
#include <span>

#include "compiler/graph/graph.h"
#include "runtime/data/images.h"
#include "runtime/jit/build.h"
#include "runtime/train/trainer.h"

namespace qiln::train {

struct Scores {
  double loss = 0;                 // the mean
  std::optional<double> accuracy;  // share of right answers, of classifiers
};

class HeldOut {
 public:
  /// `objective` (runtime/diffusion/objective.h) of the network without dropout. `images` must outlive this. Losses are
  /// computed `batch` samples at a time.
  HeldOut(const graph::Graph& objective, const data::Images& images, std::int64_t batch, std::uint64_t seed,
          jit::Engine& engine, int threads = 0);

  /// With the trainer's averaged weights. Each image is met several times when there are few, always with the same
  /// noise, so that losses of one run differ by the weights alone.
  Scores scores(const Trainer& trainer);

 private:
  const data::Images& images_;
  std::int64_t batch_;
  std::uint64_t seed_;
  bool takes_labels_, has_accuracy_;
  jit::Executable program_;
};

}  // namespace qiln::train
