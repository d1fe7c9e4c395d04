// The optimiser's update and the moving average of the weights as one graph over flat arenas.
#pragma once

#include <cstdint>

#include "compiler/graph/graph.h"

namespace qiln::train {

struct AdamSettings {
  double learning_rate = 1e-3, beta1 = 0.9, beta2 = 0.999, epsilon = 1e-8, weight_decay = 0;
};

/// Adam as PyTorch does it (Kingma and Ba 2015, with the bias corrections applied to the step size and the denominator;
/// weight decay adds to the gradient). Inputs, uniform: "weight", "gradient", "mean", "variance", "average" [count] and
/// the scalars of `AdamScalars` []. Outputs: "weight", "mean", "variance", "average".
graph::Graph adam_update(std::int64_t count, const AdamSettings& settings);

/// What depends on the step; computed in double, as PyTorch does.
struct AdamScalars {
  double step_size;           // learning rate / (1 - beta1^n)
  double inverse_root_bias2;  // 1 / sqrt(1 - beta2^n)
  double average_decay;       // min(decay, (1 + n) / (10 + n)): the moving average warms up
};
/// `step` counts from 1.
AdamScalars adam_scalars(const AdamSettings& settings, std::int64_t step, double average_decay);

}  // namespace qiln::train
