#include "runtime/diffusion/objective.h"

#include <cmath>
#include <numeric>

#include "compiler/differentiate.h"
#include "compiler/graph/build.h"
#include "compiler/graph/splice.h"
#include "dsl/error.h"

namespace qiln::diffusion {
namespace {

using graph::Builder;
using graph::Graph;
using graph::Shape;
using graph::ValueId;

std::vector<graph::Type> input_types(const Graph& network) {
  std::vector<graph::Type> types;
  for (const auto& node : network.nodes)
    if (node.op == Primitive::input) types.push_back(node.type);
  return types;
}

/// The shape of the image that a denoiser (x, t) -> x works on; Error when the network has another signature.
Shape image_shape(const Graph& network) {
  auto types = input_types(network);
  if (types.size() != 2 || !types[1].shape.empty() || network.outputs.empty() ||
      network.shape(network.outputs[0].value) != types[0].shape)
    throw Error("a diffusion network takes an image and the time, `(x: [C, H, W], t: []) -> [C, H, W]`", 1);
  return types[0].shape;
}

/// Adds output "loss": the mean over samples and elements of (prediction - target)^2.
void mean_squared_error(Builder& b, ValueId prediction, ValueId target) {
  Graph& g = b.graph();
  ValueId difference = b.subtract(prediction, target);
  ValueId square = b.multiply(difference, difference);
  std::vector<int> axes(g.shape(square).size());
  std::iota(axes.begin(), axes.end(), 0);
  double count = static_cast<double>(graph::element_count(g.shape(square)));
  ValueId sample_loss = b.scale(b.reduce_sum(square, axes), 1 / count);
  ValueId inverse_batch = b.input(port::inverse_batch, {{}, false});
  g.outputs.push_back({port::loss, b.multiply(b.batch_sum(sample_loss), inverse_batch)});
}

/// table[row, t] for each row, varying []: a product with the one-hot vector of t.
std::vector<ValueId> look_up(Builder& b, const std::vector<std::vector<double>>& table, ValueId t) {
  auto steps = static_cast<std::int64_t>(table[0].size()), rows = static_cast<std::int64_t>(table.size());
  std::vector<double> counting(steps), flat;
  std::iota(counting.begin(), counting.end(), 0.0);
  for (const auto& row : table) flat.insert(flat.end(), row.begin(), row.end());
  ValueId one_hot = b.pointwise(Primitive::equal, {b.constant(counting, {steps}), b.broadcast(t, {steps}, {})});
  graph::ContractAttributes select{{rows, steps}, {{{{1, 0}, 0}, {{0, 1}, 0}}, {{{0, 1}, 0}}}, {{{1, 0}, 0}}};
  ValueId picked = b.contract(select, {b.constant(flat, {rows, steps}), one_hot}, {rows});
  std::vector<ValueId> values;
  for (std::int64_t r = 0; r < rows; ++r) values.push_back(b.reshape(b.slice(picked, {r}, {1}, {1}), {}));
  return values;
}

}  // namespace

Graph regression_objective(const Graph& network) {
  Graph g;
  g.name = network.name + ".regression";
  Builder b(g);
  std::vector<ValueId> arguments;
  auto types = input_types(network);
  const char* names[] = {"x", "t"};
  for (std::size_t i = 0; i < types.size(); ++i) arguments.push_back(b.input(i < 2 ? names[i] : "input", types[i]));
  ValueId prediction = graph::splice(b, network, arguments)[0];
  ValueId target = b.input("target", g.type(prediction));
  mean_squared_error(b, prediction, target);
  g.outputs.push_back({"prediction", prediction});
  return g;
}

Graph denoising_objective(const Graph& network, const NoiseSchedule& schedule) {
  Shape shape = image_shape(network);
  Graph g;
  g.name = network.name + ".denoising";
  Builder b(g);
  ValueId clean = b.input(port::image, {shape, true});
  ValueId t = b.random({graph::Distribution::integer, "diffusion.t", schedule.steps()}, {});
  ValueId noise = b.random({graph::Distribution::normal, "diffusion.noise", 0}, shape);
  std::vector<std::vector<double>> table(2);
  for (double a : schedule.alpha_bar) {
    table[0].push_back(std::sqrt(a));
    table[1].push_back(std::sqrt(1 - a));
  }
  auto level = look_up(b, table, t);
  ValueId signal = b.multiply(clean, b.broadcast(level[0], shape, {}));
  ValueId noisy = b.add(signal, b.multiply(noise, b.broadcast(level[1], shape, {})));
  ValueId arguments[] = {noisy, t};
  mean_squared_error(b, graph::splice(b, network, arguments)[0], noise);
  return g;
}

std::vector<std::string> add_gradients(Graph& objective) {
  std::vector<ValueId> parameters;
  for (ValueId id = 0; id < objective.nodes.size(); ++id) {
    const auto& node = objective.nodes[id];
    if (node.op == Primitive::param && node.as<graph::ParamAttributes>().trainable) parameters.push_back(id);
  }
  auto values = gradients(objective, objective.output(port::loss), parameters);
  std::vector<std::string> paths;
  for (std::size_t i = 0; i < parameters.size(); ++i) {
    auto& attributes = std::get<graph::ParamAttributes>(objective.nodes[parameters[i]].attributes);
    if (objective[values[i]].op == Primitive::constant) {  // nothing flows
      attributes.trainable = false;
      continue;
    }
    paths.push_back(attributes.path);
    objective.outputs.push_back({port::gradient + attributes.path, values[i]});
  }
  return paths;
}

Graph sampling_step(const Graph& network, bool clip) {
  Shape shape = image_shape(network);
  Graph g;
  g.name = network.name + ".sampling";
  Builder b(g);
  ValueId x = b.input("x", {shape, true});
  ValueId t = b.input("t", {{}, false});
  auto scalar = [&](const char* name) { return b.broadcast(b.input(name, {{}, false}), shape, {}); };
  ValueId arguments[] = {x, t};
  ValueId predicted = graph::splice(b, network, arguments)[0];
  ValueId guess =
      b.subtract(b.multiply(x, scalar("inverse_signal")), b.multiply(predicted, scalar("noise_over_signal")));
  ValueId clean = guess;
  if (clip) {
    ValueId low = b.pointwise(Primitive::maximum, {guess, b.constant(-1, shape)});
    clean = b.pointwise(Primitive::minimum, {low, b.constant(1, shape)});
  }
  ValueId direction = b.multiply(b.subtract(x, b.multiply(clean, scalar("signal"))), scalar("inverse_noise"));
  ValueId mean = b.add(b.multiply(clean, scalar("next_signal")), b.multiply(direction, scalar("next_noise")));
  ValueId fresh = b.random({graph::Distribution::normal, "sampler.noise", 0}, shape);
  g.outputs.push_back({"x", b.add(mean, b.multiply(fresh, scalar("fresh")))});
  return g;
}

SamplerScalars sampler_scalars(const NoiseSchedule& schedule, int t, int previous, double eta) {
  double now = schedule.alpha_bar[t], next = previous < 0 ? 1 : schedule.alpha_bar[previous];
  double fresh = eta * std::sqrt((1 - next) / (1 - now)) * std::sqrt(1 - now / next);
  SamplerScalars s{};
  s.inverse_signal = 1 / std::sqrt(now);
  s.noise_over_signal = std::sqrt(1 - now) / std::sqrt(now);
  s.signal = std::sqrt(now);
  s.inverse_noise = 1 / std::sqrt(1 - now);
  s.next_signal = std::sqrt(next);
  s.next_noise = std::sqrt(std::max(0.0, 1 - next - fresh * fresh));
  s.fresh = fresh;
  return s;
}

std::vector<int> strided_steps(int total, int count) {
  std::vector<int> steps;
  for (int i = count - 1; i >= 0; --i)
    steps.push_back(count == 1 ? total - 1
                               : static_cast<int>(std::lround(static_cast<double>(i) * (total - 1) / (count - 1))));
  return steps;
}

}  // namespace qiln::diffusion
