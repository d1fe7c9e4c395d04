#include "runtime/train/optimiser.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "compiler/graph/build.h"

namespace qiln::train {
namespace {

using graph::ValueId;

class UpdateBuilder {
 public:
  UpdateBuilder(graph::Graph& g, std::int64_t count, const OptimiserSettings& settings, bool grouped)
      : g_(g), b_(g), shape_{count}, settings_(settings), grouped_(grouped) {}

  void build() {
    weight_ = vector("weight");
    gradient_ = vector("gradient");
    const ValueId square = square_sum(gradient_), norm = b_.pointwise(Primitive::sqrt, {square});
    usable_ = spread(b_.pointwise(Primitive::less, {square, b_.constant(std::numeric_limits<float>::max())}));
    if (settings_.clip > 0) {
      const ValueId share = b_.divide(b_.constant(settings_.clip), b_.add(norm, b_.constant(1e-6)));
      gradient_ = b_.multiply(gradient_, spread(b_.pointwise(Primitive::minimum, {share, b_.constant(1)})));
    }
    if (settings_.rule != Rule::adamw && decays()) gradient_ = b_.add(gradient_, decay_of_weight());
    const ValueId fresh = output("weight", settings_.rule == Rule::sgd ? sgd() : adam(), weight_);
    const ValueId average = vector("average");
    output("average", b_.add(fresh, b_.multiply(scalar("average_decay"), b_.subtract(average, fresh))), average);
    g_.outputs.push_back({"norm", norm});
  }

 private:
  ValueId vector(const char* name) { return b_.input(name, {shape_, false}); }
  ValueId spread(ValueId scalar) { return b_.broadcast(scalar, shape_, {}); }
  ValueId scalar(const char* name) { return spread(b_.input(name, {{}, false})); }
  /// What `name` becomes. Later values use it, so that all of the update is one kernel.
  ValueId output(const char* name, ValueId fresh, ValueId old) {
    g_.outputs.push_back({name, b_.pointwise(Primitive::select, {usable_, fresh, old})});
    return g_.outputs.back().value;
  }

  /// In rows, which threads share, and what is left.
  ValueId square_sum(ValueId x) {
    constexpr std::int64_t row = 1024;
    const std::int64_t rows = shape_[0] / row, left = shape_[0] - rows * row;
    const auto part = [&](std::int64_t start, std::int64_t count) {
      const ValueId values = b_.slice(x, {start}, {1}, {count});
      return b_.multiply(values, values);
    };
    if (rows == 0) return b_.reduce_sum(part(0, left), {0});
    const ValueId of_rows = b_.reduce_sum(b_.reshape(part(0, rows * row), {rows, row}), {1});
    const ValueId whole = b_.reduce_sum(of_rows, {0});
    return left == 0 ? whole : b_.add(whole, b_.reduce_sum(part(rows * row, left), {0}));
  }

  bool decays() const { return grouped_ || settings_.weight_decay != 0; }
  ValueId decay_of_weight() {
    return grouped_ ? b_.multiply(weight_, vector("decay")) : b_.scale(weight_, settings_.weight_decay);
  }
  /// The named scalar, times each element's own rate.
  ValueId rate(const char* name) {
    const ValueId same = scalar(name);
    if (!grouped_) return same;
    if (rates_ == graph::no_value) rates_ = vector("rate");
    return b_.multiply(same, rates_);
  }

  ValueId blend(ValueId old, ValueId fresh, double beta) {
    return b_.add(b_.scale(old, beta), b_.scale(fresh, 1 - beta));
  }

  ValueId adam() {
    const ValueId mean = vector("mean"), variance = vector("variance");
    const ValueId new_mean = output("mean", blend(mean, gradient_, settings_.beta1), mean);
    const ValueId square = b_.multiply(gradient_, gradient_);
    const ValueId new_variance = output("variance", blend(variance, square, settings_.beta2), variance);
    const ValueId root = b_.multiply(b_.pointwise(Primitive::sqrt, {new_variance}), scalar("inverse_root_bias2"));
    const ValueId denominator = b_.add(root, b_.constant(settings_.epsilon, shape_));
    ValueId kept = weight_;
    if (settings_.rule == Rule::adamw && decays())
      kept = b_.subtract(weight_, b_.multiply(rate("learning_rate"), decay_of_weight()));
    return b_.subtract(kept, b_.multiply(rate("step_size"), b_.divide(new_mean, denominator)));
  }

  ValueId sgd() {
    ValueId direction = gradient_;
    if (settings_.momentum != 0) {
      const ValueId old = vector("momentum");
      const ValueId momentum = output("momentum", b_.add(b_.scale(old, settings_.momentum), gradient_), old);
      direction = settings_.nesterov ? b_.add(gradient_, b_.scale(momentum, settings_.momentum)) : momentum;
    }
    return b_.subtract(weight_, b_.multiply(rate("learning_rate"), direction));
  }

  graph::Graph& g_;
  graph::Builder b_;
  graph::Shape shape_;
  const OptimiserSettings& settings_;
  bool grouped_;
  ValueId weight_ = graph::no_value, gradient_ = graph::no_value, usable_ = graph::no_value, rates_ = graph::no_value;
};

}  // namespace

std::vector<StateArena> state_arenas(const OptimiserSettings& settings) {
  if (settings.rule != Rule::sgd) return {{"mean", "adam.m."}, {"variance", "adam.v."}};
  if (settings.momentum == 0) return {};
  return {{"momentum", "sgd.momentum."}};
}

graph::Graph update_graph(std::int64_t count, const OptimiserSettings& settings, bool grouped) {
  graph::Graph g;
  g.name = "update";
  UpdateBuilder(g, count, settings, grouped).build();
  return g;
}

std::vector<std::pair<const char*, double>> update_scalars(const OptimiserSettings& settings, std::int64_t step,
                                                           double learning_rate, double average_decay) {
  const auto n = static_cast<double>(step);
  std::vector<std::pair<const char*, double>> scalars = {
      {"average_decay", std::min(average_decay, (1 + n) / (10 + n))}};
  if (settings.rule != Rule::adam) scalars.emplace_back("learning_rate", learning_rate);
  if (settings.rule == Rule::sgd) return scalars;
  scalars.emplace_back("step_size", learning_rate / (1 - std::pow(settings.beta1, n)));
  scalars.emplace_back("inverse_root_bias2", 1 / std::sqrt(1 - std::pow(settings.beta2, n)));
  return scalars;
}

}  // namespace qiln::train
