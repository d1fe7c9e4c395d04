#include "runtime/diffusion/objective.h"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <span>

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

std::vector<const graph::Node*> inputs_of(const Graph& network) {
  std::vector<const graph::Node*> inputs;
  for (const auto& node : network.nodes)
    if (node.op == Primitive::input) inputs.push_back(&node);
  return inputs;
}

std::int64_t classes_of(const graph::Node& input) { return input.as<graph::InputAttributes>().classes; }

ValueId mean_square(Builder& b, ValueId difference) {
  const ValueId square = b.multiply(difference, difference);
  const Shape shape = b.graph().shape(square);
  std::vector<int> axes(shape.size());
  std::iota(axes.begin(), axes.end(), 0);
  return b.scale(b.reduce_sum(square, axes), 1 / static_cast<double>(graph::element_count(shape)));
}

ValueId distance_of(Builder& b, const Distance& distance, ValueId prediction, ValueId target) {
  if (!distance) return mean_square(b, b.subtract(prediction, target));
  const ValueId arguments[] = {prediction, target};
  return graph::splice(b, *distance, arguments)[0];
}

/// Adds the mean of a number a sample as an output.
void add_mean(Builder& b, const char* name, ValueId value, ValueId inverse_batch) {
  b.graph().outputs.push_back({name, b.multiply(b.batch_sum(value), inverse_batch)});
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

/// A time of 0 .. T - 1, drawn as often as its density says: the number of cumulative shares below a uniform draw.
ValueId draw_time(Builder& b, std::int64_t steps, const std::vector<double>& densities) {
  if (densities.empty()) return b.random({graph::Distribution::integer, "diffusion.t", steps}, {});
  const double total = std::accumulate(densities.begin(), densities.end(), 0.0);
  std::vector<double> shares;
  for (double sum = 0; const double density : std::span(densities).first(densities.size() - 1))
    shares.push_back((sum += density) / total);
  const ValueId draw = b.random({graph::Distribution::uniform, "diffusion.t", 0}, {});
  const Shape row{static_cast<std::int64_t>(shares.size())};
  return b.reduce_sum(b.pointwise(Primitive::less, {b.constant(shares, row), b.broadcast(draw, row, {})}), {0});
}

/// The label, or -1 with probability `dropout`.
ValueId draw_label(Builder& b, ValueId label, double dropout) {
  if (dropout == 0) return label;
  const ValueId draw = b.random({graph::Distribution::uniform, "diffusion.label", 0}, {});
  return b.pointwise(Primitive::select,
                     {b.pointwise(Primitive::less, {draw, b.constant(dropout)}), b.constant(-1), label});
}

/// Of each time: the levels of signal and noise, the target's factors of clean image and noise, the loss's weight, the
/// noise's factors of a source and of normal numbers.
std::vector<std::vector<double>> tables(const NoiseSchedule& schedule, const DenoisingOptions& options) {
  std::vector<std::vector<double>> rows(7);
  for (int t = 0; t < schedule.steps(); ++t) {
    const Parametrisation p = parametrisation(schedule, options.prediction, t);
    const double weight = options.clean_weights.empty() ? 1 : options.clean_weights[t] * std::pow(p.clean_prediction, 2);
    const NoiseFactors factors = options.noise ? noise_factors(*options.noise, schedule, t) : NoiseFactors{};
    const double row[] = {schedule.signal(t), schedule.noise(t), p.target_clean, p.target_noise,
                          weight,             factors.source,    factors.gaussian};
    for (std::size_t r = 0; r < rows.size(); ++r) rows[r].push_back(row[r]);
  }
  return rows;
}

bool constant_row(const std::vector<double>& row, double value) {
  return std::all_of(row.begin(), row.end(), [&](double v) { return v == value; });
}

}  // namespace

DenoiserSignature denoiser_signature(const Graph& network) {
  const auto inputs = inputs_of(network);
  const bool fits = (inputs.size() == 2 || (inputs.size() == 3 && classes_of(*inputs[2]) > 0)) &&
                    inputs[1]->type.shape.empty() && classes_of(*inputs[1]) == 0 && !network.outputs.empty() &&
                    network.shape(network.outputs[0].value) == inputs[0]->type.shape;
  if (!fits)
    throw Error(
        "a diffusion network takes an image and the time, and perhaps a label, and returns an image: `(x: [C, H, W], "
        "t: []) -> [C, H, W]` or `(x: [C, H, W], t: [], y: label[10]) -> [C, H, W]`",
        1);
  return {inputs[0]->type.shape, inputs.size() == 3 ? classes_of(*inputs[2]) : 0};
}

Graph denoising_objective(const Graph& network, const NoiseSchedule& schedule, const DenoisingOptions& options) {
  const auto [shape, classes] = denoiser_signature(network);
  Graph g;
  g.name = network.name + ".denoising";
  Builder b(g);
  const ValueId clean = b.input(port::image, {shape, true});
  const ValueId t = draw_time(b, schedule.steps(), options.densities);
  std::vector<std::vector<double>> rows = tables(schedule, options);
  // Rows that say the same at each time need no look-up: a factor of 0 or 1.
  std::vector<int> places;
  std::vector<std::vector<double>> varying;
  for (const auto& row : rows) {
    const bool same = constant_row(row, 0) || constant_row(row, 1);
    places.push_back(same ? -1 : static_cast<int>(varying.size()));
    if (!same) varying.push_back(row);
  }
  const auto looked_up = look_up(b, varying, t);
  auto times = [&](ValueId value, int row) -> std::optional<ValueId> {
    if (places[row] < 0) return rows[row][0] == 0 ? std::nullopt : std::optional(value);
    return b.multiply(value, b.broadcast(looked_up[places[row]], g.shape(value), {}));
  };
  auto sum = [&](std::optional<ValueId> x, std::optional<ValueId> y) { return x && y ? b.add(*x, *y) : x ? *x : *y; };
  std::optional<ValueId> drawn;
  if (options.noise) drawn = times(graph::splice(b, at_site(options.noise->draw, "diffusion.noise"), {})[0], 5);
  const ValueId noise = sum(drawn, times(b.random({graph::Distribution::normal, "diffusion.noise", 0}, shape), 6));
  const ValueId noisy = sum(times(clean, 0), times(noise, 1));
  const ValueId target = sum(times(clean, 2), times(noise, 3));
  std::vector<ValueId> arguments{noisy, t};
  if (classes > 0) {
    const ValueId label = b.input(port::label, {{}, true}, classes);
    arguments.push_back(draw_label(b, label, options.label_dropout));
  }
  const ValueId prediction = graph::splice(b, network, arguments)[0];
  const ValueId loss = *times(distance_of(b, options.distance, prediction, target), 4);
  add_mean(b, port::loss, loss, b.input(port::inverse_batch, {{}, false}));
  return g;
}

Graph supervised_objective(const Graph& network, Target target, const Distance& distance) {
  const auto inputs = inputs_of(network);
  if (inputs.size() != 1 || network.outputs.empty())
    throw Error("a network in supervised training takes one argument, `(x: [C, H, W])`", 1);
  const Shape image = inputs[0]->type.shape, result = network.shape(network.outputs[0].value);
  if (target == Target::image && result != image)
    throw Error("a network that is trained towards its own image returns the shape it takes: `(x: [C, H, W]) -> [C, H, W]`",
                1);
  if (target == Target::one_hot && (result.size() != 1 || result[0] < 2))
    throw Error("a classifier returns one number a class: `(x: [C, H, W]) -> [10]`", 1);
  if (target == Target::label && graph::element_count(result) != 1)
    throw Error("a network that is trained towards the label's number returns one number: `(x: [C, H, W]) -> []`", 1);
  Graph g;
  g.name = network.name + ".supervised";
  Builder b(g);
  const ValueId x = b.input(port::image, {image, true});
  const ValueId prediction = graph::splice(b, network, std::span(&x, 1))[0];
  ValueId wanted = x, right = graph::no_value;
  if (target == Target::label) wanted = b.broadcast(b.input(port::label, {{}, true}), result, {});
  if (target == Target::one_hot) {
    std::vector<double> classes(static_cast<std::size_t>(result[0]));
    std::iota(classes.begin(), classes.end(), 0.0);
    const ValueId label = b.input(port::label, {{}, true}, result[0]);
    wanted = b.pointwise(Primitive::equal, {b.constant(classes, result), b.broadcast(label, result, {})});
    const ValueId answer = b.reduce_sum(b.multiply(wanted, prediction), {0});
    right = b.pointwise(Primitive::equal, {answer, b.reduce(Primitive::reduce_max, prediction, {0})});
  }
  const ValueId inverse_batch = b.input(port::inverse_batch, {{}, false});
  add_mean(b, port::loss, distance_of(b, distance, prediction, wanted), inverse_batch);
  if (right != graph::no_value) add_mean(b, port::accuracy, right, inverse_batch);
  return g;
}

std::optional<std::int64_t> label_classes(const Graph& objective) {
  for (const auto* input : inputs_of(objective))
    if (input->as<graph::InputAttributes>().name == port::label) return classes_of(*input);
  return {};
}

Graph regression_objective(const Graph& network) {
  Graph g;
  g.name = network.name + ".regression";
  Builder b(g);
  std::vector<ValueId> arguments;
  const char* names[] = {"x", "t"};
  const auto inputs = inputs_of(network);
  for (std::size_t i = 0; i < inputs.size(); ++i) arguments.push_back(b.input(i < 2 ? names[i] : "input", inputs[i]->type));
  const ValueId prediction = graph::splice(b, network, arguments)[0];
  const ValueId target = b.input("target", g.type(prediction));
  add_mean(b, port::loss, mean_square(b, b.subtract(prediction, target)), b.input(port::inverse_batch, {{}, false}));
  g.outputs.push_back({"prediction", prediction});
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

}  // namespace qiln::diffusion
