// The optimiser's update, the moving average of the weights and the norm of the gradient as one graph over flat arenas.
#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "compiler/graph/graph.h"

namespace qiln::train {

enum class Rule { adam, adamw, sgd };

struct OptimiserSettings {
  Rule rule = Rule::adam;
  double learning_rate = 1e-3;
  double beta1 = 0.9, beta2 = 0.999, epsilon = 1e-8;  // of adam and adamw
  double momentum = 0;                                // of sgd
  bool nesterov = false;
  double weight_decay = 0;
  double clip = 0;  // a longer gradient is scaled to this norm; 0: none is
};

/// What the rule keeps from step to step, an arena each: its name in the graph, and before a path in checkpoints.
struct StateArena {
  const char* name;
  const char* prefix;
};
std::vector<StateArena> state_arenas(const OptimiserSettings& settings);

/// One step as PyTorch's Adam, AdamW and SGD take it; the gradient is scaled by min(1, clip / (norm + 1e-6)) before, as
/// by clip_grad_norm_. Inputs, uniform: "weight", "gradient", "average" and the state [count]; with `grouped`, also
/// "rate" [count], times the learning rate, and "decay" [count], the weight decay; the scalars of `update_scalars` [].
/// Outputs: "weight", "average", the state, and "norm" [], of the gradient before it is scaled. A norm that is not
/// finite leaves weight, average and state as they are.
graph::Graph update_graph(std::int64_t count, const OptimiserSettings& settings, bool grouped = false);

/// What depends on the step, by the names of inputs; computed in double, as PyTorch does. `step` counts from 1;
/// `learning_rate` is that of the step. The average warms up: its decay is min(average_decay, (1 + step) / (10 +
/// step)).
std::vector<std::pair<const char*, double>> update_scalars(const OptimiserSettings& settings, std::int64_t step,
                                                           double learning_rate, double average_decay);

}  // namespace qiln::train
