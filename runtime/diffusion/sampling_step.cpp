#include "runtime/diffusion/sampling_step.h"

#include <vector>

#include "compiler/graph/build.h"
#include "compiler/graph/splice.h"
#include "runtime/diffusion/objective.h"

namespace qiln::diffusion {
namespace {

using graph::Builder;
using graph::Graph;
using graph::ValueId;

/// The factors of a move that the graph has inputs for, by name.
struct Factor {
  const char* name;
  double Move::* value;
  bool looks_back;
};
constexpr Factor factors[] = {{"clean_noisy", &Move::clean_noisy, false},
                              {"clean_prediction", &Move::clean_prediction, false},
                              {"noisy", &Move::noisy, false},
                              {"clean", &Move::clean, false},
                              {"fresh", &Move::fresh, false},
                              {"of_start", &Move::start, true},
                              {"of_earlier", &Move::earlier, true}};

/// The network's prediction, guided where there is a label to guide with.
ValueId predict(Builder& b, const Graph& network, ValueId x, ValueId t, std::int64_t classes, double guidance) {
  if (classes == 0) {
    const ValueId arguments[] = {x, t};
    return graph::splice(b, network, arguments)[0];
  }
  const ValueId label = b.input(port::label, {{}, true}, classes);
  const ValueId with_label[] = {x, t, label};
  const ValueId told = graph::splice(b, network, with_label)[0];
  if (guidance == 0) return told;
  const ValueId without_label[] = {x, t, b.constant(-1)};
  const ValueId untold = graph::splice(b, network, without_label)[0];
  return b.subtract(b.scale(told, 1 + guidance), b.scale(untold, guidance));
}

}  // namespace

Graph sampling_step(const Graph& network, const StepOptions& options) {
  const auto [shape, classes] = denoiser_signature(network);
  Graph g;
  g.name = network.name + ".sampling";
  Builder b(g);
  const ValueId x = b.input("x", {shape, true});
  const ValueId t = b.input("t", {{}, false});
  auto times = [&](const char* factor, ValueId value) {
    return b.multiply(value, b.broadcast(b.input(factor, {{}, false}), shape, {}));
  };
  const ValueId prediction = predict(b, network, x, t, classes, options.guidance);
  ValueId clean = b.add(times("clean_noisy", x), times("clean_prediction", prediction));
  if (options.clip) {
    clean = b.pointwise(Primitive::maximum, {clean, b.constant(-1, shape)});
    clean = b.pointwise(Primitive::minimum, {clean, b.constant(1, shape)});
  }
  ValueId next = b.add(times("noisy", x), times("clean", clean));
  if (options.look_back) {
    next = b.add(next, times("of_start", b.input("start", {shape, true})));
    next = b.add(next, times("of_earlier", b.input("earlier", {shape, true})));
  }
  const NoiseFactors factors = options.noise ? step_factors(*options.noise) : NoiseFactors{};
  const ValueId fresh = graph::splice(b, mixed_noise(options.noise, factors, shape, "sampler.noise"), {})[0];
  g.outputs.push_back({"x", b.add(next, times("fresh", fresh))});
  if (options.look_back) g.outputs.push_back({"clean", clean});
  return g;
}

void set_move(jit::Executable& step, const Move& move) {
  step.uniform_input("t")[0] = static_cast<float>(move.t);
  for (const Factor& factor : factors)
    if (!factor.looks_back || (step.program().outputs.size() > 1))
      step.uniform_input(factor.name)[0] = static_cast<float>(move.*factor.value);
}

}  // namespace qiln::diffusion
