#include "runtime/train/adam.h"

#include <algorithm>
#include <cmath>

#include "compiler/graph/build.h"

namespace qiln::train {

graph::Graph adam_update(std::int64_t count, const AdamSettings& settings) {
  graph::Graph g;
  g.name = "adam";
  graph::Builder b(g);
  graph::Shape shape{count};
  auto vector = [&](const char* name) { return b.input(name, {shape, false}); };
  auto scalar = [&](const char* name) { return b.broadcast(b.input(name, {{}, false}), shape, {}); };
  auto weight = vector("weight"), gradient = vector("gradient"), mean = vector("mean"), variance = vector("variance"),
       average = vector("average");
  auto step_size = scalar("step_size"), inverse_root_bias2 = scalar("inverse_root_bias2"),
       decay = scalar("average_decay");
  if (settings.weight_decay != 0) gradient = b.add(gradient, b.scale(weight, settings.weight_decay));
  auto blend = [&](graph::ValueId old, graph::ValueId fresh, double beta) {
    return b.add(b.scale(old, beta), b.scale(fresh, 1 - beta));
  };
  auto new_mean = blend(mean, gradient, settings.beta1);
  auto new_variance = blend(variance, b.multiply(gradient, gradient), settings.beta2);
  auto root = b.multiply(b.pointwise(Primitive::sqrt, {new_variance}), inverse_root_bias2);
  auto denominator = b.add(root, b.constant(settings.epsilon, shape));
  auto new_weight = b.subtract(weight, b.multiply(step_size, b.divide(new_mean, denominator)));
  auto new_average = b.add(new_weight, b.multiply(decay, b.subtract(average, new_weight)));
  g.outputs = {{"weight", new_weight}, {"mean", new_mean}, {"variance", new_variance}, {"average", new_average}};
  return g;
}

AdamScalars adam_scalars(const AdamSettings& settings, std::int64_t step, double average_decay) {
  auto n = static_cast<double>(step);
  return {settings.learning_rate / (1 - std::pow(settings.beta1, n)), 1 / std::sqrt(1 - std::pow(settings.beta2, n)),
          std::min(average_decay, (1 + n) / (10 + n))};
}

}  // namespace qiln::train
