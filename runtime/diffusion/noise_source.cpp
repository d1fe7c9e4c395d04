#include "runtime/diffusion/noise_source.h"

#include <fmt/format.h>

#include <Eigen/Dense>
#include <algorithm>
#include <cmath>
#include <numbers>

#include "compiler/graph/build.h"
#include "compiler/graph/splice.h"
#include "dsl/error.h"
#include "runtime/diffusion/noise.h"
#include "runtime/jit/build.h"
#include "runtime/random/philox.h"
#include "runtime/train/initialise.h"

namespace qiln::diffusion {
namespace {

using graph::Builder;
using graph::Graph;
using graph::Shape;
using graph::ValueId;

constexpr std::int64_t calibration_draws = 1 << 16;
constexpr const char *mean_path = "noise.mean", *whitening_path = "noise.whitening";

/// Between neighbouring values of the mean of `shots` outcomes of 1 and -1.
double shot_step(std::int64_t shots) { return 2.0 / static_cast<double>(shots); }

ValueId angles(Builder& b, const Shape& shape, const QuantumNoiseSettings& settings) {
  if (!settings.fixed_angles)
    return b.scale(b.random({graph::Distribution::uniform, "angles", 0}, shape), 2 * std::numbers::pi);
  std::vector<double> once(static_cast<std::size_t>(shape[1]));
  random::fill_uniform<double>({settings.seed, 0, 0, random::site_hash("noise.angles")}, once);
  for (double& angle : once) angle *= 2 * std::numbers::pi;
  return b.broadcast(b.constant(once, {shape[1]}), shape, {1});
}

/// matrix [n, n] times each row of [places, n].
ValueId transformed(Builder& b, ValueId matrix, ValueId rows) {
  const Shape shape = b.graph().shape(rows);
  graph::ContractAttributes attributes;
  attributes.space = {shape[0], shape[1], shape[1]};
  attributes.operands = {{{{0, 1, 0}, 0}, {{0, 0, 1}, 0}}, {{{1, 0, 0}, 0}, {{0, 0, 1}, 0}}};
  attributes.output = {{{1, 0, 0}, 0}, {{0, 1, 0}, 0}};
  return b.contract(std::move(attributes), {matrix, rows}, shape);
}

/// [groups * n, n] -> [groups, n]: number i of a group's row i.
ValueId diagonals(Builder& b, ValueId rows) {
  const std::int64_t n = b.graph().shape(rows)[1], groups = b.graph().shape(rows)[0] / n;
  graph::ContractAttributes attributes;
  attributes.space = {groups, n};
  attributes.operands = {{{{1, 0}, 0}, {{0, 1}, 0}, {{0, 1}, 0}}};
  attributes.output = {{{1, 0}, 0}, {{0, 1}, 0}};
  return b.contract(std::move(attributes), {b.reshape(rows, {groups, n, n})}, {groups, n});
}

/// The first elements of `numbers`, again from the first where there are too few, as a tensor of `shape`.
ValueId covering(Builder& b, ValueId numbers, const Shape& shape) {
  const std::int64_t have = graph::element_count(b.graph().shape(numbers)), want = graph::element_count(shape);
  ValueId flat = b.reshape(numbers, {have});
  if (have < want) {
    const std::int64_t times = (want + have - 1) / have;
    flat = b.reshape(b.broadcast(flat, {times, have}, {1}), {times * have});
  }
  return b.reshape(b.slice(flat, {0}, {1}, {want}), shape);
}

Shape output_shape(const Graph& g) { return g.shape(g.outputs[0].value); }

}  // namespace

double spread_variance(std::int64_t shots) { return shots == 0 ? 0 : std::pow(shot_step(shots), 2) / 12; }

std::int64_t places_for(std::int64_t pixels, std::int64_t outputs, NoiseControl control) {
  if (control == NoiseControl::tiled) return 1;
  const std::int64_t draws = (pixels + outputs - 1) / outputs;
  return control == NoiseControl::independent ? draws * outputs : draws;
}

Graph raw_draws(const Graph& measured, const QuantumNoiseSettings& settings) {
  Graph own = measured;
  ValueId input = graph::no_value;
  for (ValueId id = 0; id < own.nodes.size(); ++id) {
    if (own[id].op == Primitive::input) input = id;
    if (own[id].op != Primitive::param) continue;
    auto& attributes = std::get<graph::ParamAttributes>(own.nodes[id].attributes);
    attributes.path = "noise." + attributes.path;
    attributes.trainable = false;
  }
  Graph g;
  g.name = measured.name + ".noise";
  Builder b(g);
  const ValueId arguments[] = {angles(b, own.shape(input), settings)};
  const ValueId read = graph::splice(b, own, arguments)[0];
  const Shape shape = g.shape(read);
  if (settings.shots == 0) {
    g.outputs.push_back({"raw", read});
    return g;
  }
  const ValueId spread = b.subtract(b.random({graph::Distribution::uniform, "spread", 0}, shape), b.constant(0.5, shape));
  g.outputs.push_back({"raw", b.add(read, b.scale(spread, shot_step(settings.shots)))});
  return g;
}

DrawMoments draw_moments(const Graph& raw, const QuantumNoiseSettings& settings, jit::Engine& engine, int threads) {
  const Shape shape = output_shape(raw);
  const std::int64_t places = shape[0], n = shape[1], batch = (calibration_draws + places - 1) / places;
  jit::Executable program = jit::build(at_site(raw, "calibration"), engine, {threads, {}});
  for (const auto& [path, values] : parameter_values(raw, {}, settings))
    if (std::ranges::any_of(program.program().params, [&](const auto& port) { return port.name == path; }))
      std::ranges::copy(values, program.param(path).begin());
  Eigen::VectorXd sum = Eigen::VectorXd::Zero(n);
  Eigen::MatrixXd products = Eigen::MatrixXd::Zero(n, n);
  constexpr std::int64_t together = 256;
  std::int64_t count = 0;
  for (std::int64_t first = 0; first < batch; first += together) {
    const std::int64_t here = std::min(together, batch - first);
    program.run(here, settings.seed, 0, static_cast<std::uint32_t>(first));
    const std::vector<float> values = program.output("raw");
    const Eigen::Map<const Eigen::Matrix<float, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>> rows(
        values.data(), here * places, n);
    const Eigen::MatrixXd wide = rows.cast<double>();
    sum += wide.colwise().sum().transpose();
    products += wide.transpose() * wide;
    count += here * places;
  }
  const Eigen::VectorXd mean = sum / static_cast<double>(count);
  return {mean, products / static_cast<double>(count) - mean * mean.transpose()};
}

Calibration calibrate(const Graph& raw, const QuantumNoiseSettings& settings, const DrawMoments& moments) {
  const std::int64_t n = moments.mean.size();
  const Eigen::SelfAdjointEigenSolver<Eigen::MatrixXd> solver(moments.covariance);
  const auto rank = (solver.eigenvalues().array() > 1.5 * spread_variance(settings.shots)).count();
  if (rank < n)
    throw Error(fmt::format("draws of `{}` span {} of their {} dimensions: noise of that rank leaves directions of the "
                            "image untouched; let each output vary with an angle or with the shots",
                            raw.name.substr(0, raw.name.rfind('.')), rank, n),
                1);
  const Eigen::MatrixXd whitening = solver.operatorInverseSqrt();
  Calibration calibration;
  for (std::int64_t i = 0; i < n; ++i) calibration.mean.push_back(static_cast<float>(moments.mean[i]));
  for (std::int64_t i = 0; i < n * n; ++i)
    calibration.whitening.push_back(static_cast<float>(whitening(i / n, i % n)));
  return calibration;
}

Graph whitened_noise(const Graph& raw, const Shape& shape, NoiseControl control) {
  Graph g;
  g.name = raw.name;
  Builder b(g);
  if (control == NoiseControl::gaussian) {
    g.outputs.push_back({"noise", b.random({graph::Distribution::normal, "gaussian", 0}, shape)});
    return g;
  }
  const ValueId draws = graph::splice(b, raw, {})[0];
  const Shape rows = g.shape(draws);
  const ValueId mean = b.param({mean_path, false, graph::Initialiser::constant, 0, 0}, {rows[1]});
  const ValueId whitening = b.param({whitening_path, false, graph::Initialiser::constant, 0, 0}, {rows[1], rows[1]});
  ValueId white = transformed(b, whitening, b.subtract(draws, b.broadcast(mean, rows, {1})));
  if (control == NoiseControl::independent) white = diagonals(b, white);
  g.outputs.push_back({"noise", covering(b, white, shape)});
  return g;
}

std::map<std::string, std::vector<float>> parameter_values(const Graph& noise, const Calibration& calibration,
                                                           const QuantumNoiseSettings& settings) {
  std::map<std::string, std::vector<float>> values;
  for (const auto& node : noise.nodes) {
    if (node.op != Primitive::param) continue;
    const auto& attributes = node.as<graph::ParamAttributes>();
    std::vector<float>& mine = values[attributes.path];
    mine.resize(static_cast<std::size_t>(graph::element_count(node.type.shape)));
    if (attributes.path == mean_path)
      mine = calibration.mean;
    else if (attributes.path == whitening_path)
      mine = calibration.whitening;
    else
      train::initialise(attributes, settings.seed, mine);
  }
  return values;
}

}  // namespace qiln::diffusion
