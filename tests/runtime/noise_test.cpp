// Noise against PennyLane (tests/reference/channels.json), in the reference and compiled; trajectories on average.
#include <cmath>
#include <fstream>
#include <nlohmann/json.hpp>

#include "compiler/differentiate.h"
#include "compiler/graph/verify.h"
#include "compiler/pipeline.h"
#include "runtime/jit/build.h"
#include "tests/catch.h"
#include "tests/compiler/elaborated.h"
#include "tests/compiler/noise_support.h"
#include "tests/reference/formula.h"
#include "tests/runtime/differences.h"
#include "tests/runtime/nests.h"

using namespace qiln;
using namespace qiln::test;
using graph::Builder;
using graph::Graph;
using graph::ValueId;
using nlohmann::json;

namespace {

json channels_reference() { return json::parse(std::ifstream(QILN_SOURCE_DIR "/tests/reference/channels.json")); }

/// The circuit of a row of `random`, its angles and probabilities the only operand.
circuit::Circuit circuit_of(const json& row) {
  circuit::Circuit result;
  result.simulation = circuit::Simulation::density;
  const int n = result.qubits = row["qubits"];
  for (const json& each : row["operations"]) {
    std::vector<circuit::Angle> parameters;
    for (const json& slot : each["parameters"]) parameters.push_back({0, slot.get<std::int64_t>(), 1, 0});
    const std::string name = each["name"];
    if (gate_named(name))
      result.operations.push_back(operation(name, each["qubits"], parameters));
    else
      result.operations.push_back(noise(name, each["qubits"][0], parameters));
  }
  auto bit = [&](int q) { return std::uint64_t{1} << (n - 1 - q); };
  result.readout = all_z(n);
  for (int q = 0; q < n; ++q) result.readout.push_back({{1, bit(q), 0}});
  for (int a = 0; n > 1 && a < n; ++a) result.readout.push_back({{1, bit(a), bit(a) | bit((a + 1) % n)}});
  result.probabilities = {{n - 1, 0}};
  if (n == 1) result.probabilities = {{0}};
  return result;
}

/// Basic entangling, two layers, with channels behind its gates and readout errors.
circuit::Circuit entangling(int n, double p1, double p2, double p01, double p10) {
  circuit::Circuit result;
  result.qubits = n;
  for (int layer = 0; layer < 2; ++layer) {
    for (int q = 0; q < n; ++q) {
      result.operations.push_back(operation("RX", {q}, {{0, layer * n + q, 1, 0}}));
      result.operations.push_back(noise("depolarize", q, {{-1, 0, 1, p1}}));
    }
    for (int q = 0; q < n; ++q) {
      result.operations.push_back(operation("CNOT", {q, (q + 1) % n}));
      result.operations.push_back(noise("depolarize", q, {{-1, 0, 1, p2}}));
      result.operations.push_back(noise("depolarize", (q + 1) % n, {{-1, 0, 1, p2}}));
    }
  }
  for (int q = 0; q < n; ++q)
    result.operations.push_back(noise("readout_error", q, {{-1, 0, 1, p01}, {-1, 0, 1, p10}}));
  result.readout = all_z(n);
  return result;
}

struct Program {
  Graph graph;
  ValueId y = graph::no_value, gradient = graph::no_value;
};

/// Adds the gradient of sum_i g_i y_i in the only input, g from formula.h; one x a sample.
Program differentiated(Graph graph) {
  Program program{std::move(graph)};
  Graph& g = program.graph;
  run_circuit_passes(g);
  REQUIRE(graph::verify(g).empty());
  program.y = g.outputs[0].value;
  g.outputs[0].name = "y";
  Builder b(g);
  std::vector<double> weights;
  for (const float w : formula_vector(kStreamCotangent, graph::element_count(g.shape(program.y)))) weights.push_back(w);
  const ValueId loss =
      b.batch_sum(b.reduce_sum(b.multiply(program.y, b.constant(weights, graph::Shape(g.shape(program.y)))), {0}));
  const ValueId input = leaves(g)[0];
  program.gradient = gradients(g, loss, std::span(&input, 1))[0];
  g.outputs.push_back({"dx", program.gradient});
  REQUIRE(graph::verify(g).empty());
  return program;
}

Program differentiated(const circuit::Circuit& circuit, std::int64_t elements) {
  Graph g;
  const ValueId x = Builder(g).input("x", {{elements}, true});
  g.outputs.push_back({"y", Builder(g).circuit(circuit, {x})});
  return differentiated(std::move(g));
}

/// The net N of a model file.
Graph network(const std::string& text) {
  const auto net = Elaborated::text(text);
  INFO(net.messages());
  REQUIRE(net.graph);
  return *net.graph;
}

void compare(const Program& program, const std::vector<double>& x, const json& row) {
  Feed feed;
  feed.inputs["x"] = Eigen::Map<const reference::Array<double>>(x.data(), 1, static_cast<std::int64_t>(x.size()));
  const std::vector<ValueId> wanted{program.y, program.gradient};
  const auto values = reference::evaluate<double>(program.graph, feed, wanted);
  auto check = [&](auto found, const std::vector<double>& expected, double tolerance) {
    double worst = 0;
    for (std::size_t k = 0; k < expected.size(); ++k)
      worst = std::max(worst, std::abs(static_cast<double>(found(k)) - expected[k]));
    CHECK(worst < tolerance);
  };
  // PennyLane adds 1e-14 under the roots in its Kraus operators.
  check([&](std::size_t k) { return values[program.y].value(0, k); }, row["y"], 1e-7);
  check([&](std::size_t k) { return values[program.gradient].value(0, k); }, row["dx"], 1e-7);

  jit::Executable compiled = jit::build(program.graph, engine(codegen::host_target().lanes), {});
  const std::vector<float> single(x.begin(), x.end());
  compiled.set_input("x", single);
  compiled.run(1);
  const auto y = compiled.output("y"), dx = compiled.output("dx");
  check([&](std::size_t k) { return y[k]; }, row["y"], 1e-5);
  check([&](std::size_t k) { return dx[k]; }, row["dx"], 1e-5);
}

}  // namespace

TEST_CASE("density matrices and their gradients are PennyLane's", "[noise]") {
  for (const json& row : channels_reference()["random"]) {
    const std::vector<double> x = row["x"];
    INFO(row["text"].get<std::string>());
    compare(differentiated(circuit_of(row), static_cast<std::int64_t>(x.size())), x, row);
  }
}

TEST_CASE("a noise model and readout errors are PennyLane's", "[noise]") {
  const json row = channels_reference()["noise_model"];
  const auto x = formula_vector(row["x_stream"], 8, 3.14159265358979F);
  circuit::Circuit circuit = entangling(4, 0.01, 0.03, 0.02, 0.06);
  circuit.simulation = circuit::Simulation::density;
  compare(differentiated(circuit, 8), {x.begin(), x.end()}, row);
}

TEST_CASE("what depends on a measurement is PennyLane's, deferred or as a density matrix", "[noise]") {
  const json row = channels_reference()["feed_forward"];
  const auto x = formula_vector(row["x_stream"], 3, 3.14159265358979F);
  for (const char* simulation : {"state", "density"}) {
    INFO(simulation);
    const std::string text =
        std::string("circuit C(x: [3]) -> [3] {\n  qubits q[2]\n  RY(x[0]) q[0]\n  RX(x[1]) q[1]\n") +
        "  CNOT q[0], q[1]\n  m = measure q[0]\n  reset q[0]\n  when m { RY(x[2]) q[1] }\n" +
        "  CRX(x[0]) q[1], q[0]\n  return concat(expval(Z(q)), expval(X(q[1])))\n}\n" +
        "net N(x: [3]) { return C(x, simulate = " + simulation + ") }\n";
    compare(differentiated(network(text)), {x.begin(), x.end()}, row);
  }
}

// X with probability 1/4 before reading Z: each shot is -1 with that probability, and the mean of n shots has variance
// (1 - 1/4) / n. All shots on one trajectory would give 1 or -1.
TEST_CASE("each shot has a trajectory of its own", "[noise]") {
  constexpr int shots = 400, samples = 32;
  const Program program = differentiated(
      network("circuit C(x: [1]) -> [3] {\n  qubits q[2]\n  RY(x[0]) q[0]\n  CNOT q[0], q[1]\n  bit_flip(0.25) q\n"
              "  return concat(expval(Z(q), shots = 400), expval(Z(q[0]) * Z(q[1]), shots = 400))\n}\n"
              "net N(x: [1]) { return C(x) }\n"));
  jit::Executable compiled = jit::build(program.graph, engine(codegen::host_target().lanes), {});
  compiled.set_input("x", std::vector<float>(samples, 0));
  compiled.run(samples, 11);
  const auto y = compiled.output("y");
  const double expected[] = {0.5, 0.5, 0.25};
  for (int k = 0; k < 3; ++k) {
    const double deviation = std::sqrt((1 - expected[k] * expected[k]) / shots);
    double mean = 0;
    for (int s = 0; s < samples; ++s) {
      CHECK(std::abs(y[3 * s + k] - expected[k]) < 5 * deviation);
      mean += y[3 * s + k] / samples;
    }
    CHECK(std::abs(mean - expected[k]) < 5 * deviation / std::sqrt(samples));
  }
}

// A reading lies in [-1, 1] and so, by the shift rule, does its derivative in an angle; the gradient is of a sum of
// four readings with weights below 1. Means of N draws within [-b, b] are off by more than 5 b / sqrt(N) with
// probability below 1e-6 (normal tails); the seed is fixed.
TEST_CASE("trajectories have PennyLane's values and gradients on average", "[noise]") {
  const json row = channels_reference()["noise_model"];
  const auto x = formula_vector(row["x_stream"], 8, 3.14159265358979F);
  const Program program = differentiated(entangling(4, 0.01, 0.03, 0.02, 0.06), 8);
  constexpr std::int64_t samples = 1 << 16;
  jit::Executable compiled = jit::build(program.graph, engine(codegen::host_target().lanes), {});
  std::vector<float> all;
  for (std::int64_t s = 0; s < samples; ++s) all.insert(all.end(), x.begin(), x.end());
  compiled.set_input("x", all);
  compiled.run(samples, 7);
  bool differ = false;
  for (const char* name : {"y", "dx"}) {
    const auto values = compiled.output(name);
    const std::vector<double> expected = row[name];
    for (std::size_t k = 0; k < expected.size(); ++k) {
      double mean = 0;
      for (std::int64_t s = 0; s < samples; ++s) mean += values[s * expected.size() + k] / samples;
      CHECK(std::abs(mean - expected[k]) < 5 * (expected.size() == 4 ? 1 : 4) / std::sqrt(samples));
      for (std::int64_t s = 1; s < samples; ++s) differ |= values[k] != values[s * expected.size() + k];
    }
  }
  CHECK(differ);
}

TEST_CASE("density matrices of eight qubits compile and agree with dense simulation", "[noise]") {
  circuit::Circuit circuit = entangling(8, 0.02, 0.05, 0.01, 0.02);
  circuit.operations.push_back(operation("RZ", {0}, {{0, 3, 1, 0}}));
  std::rotate(circuit.operations.begin(), circuit.operations.end() - 1, circuit.operations.end());
  circuit.operations.insert(circuit.operations.begin() + 5, noise("amplitude_damp", 1, {{-1, 0, 1, 0.2}}));
  circuit.simulation = circuit::Simulation::density;
  const auto x = formula_vector(9000, 16, 1.5F);
  const Program program = differentiated(circuit, 16);
  Feed feed;
  reference::Array<double> row(1, 16);
  for (int k = 0; k < 16; ++k) row(0, k) = x[k];
  feed.inputs["x"] = row;
  const std::vector<ValueId> wanted{program.y};
  const auto values = reference::evaluate<double>(program.graph, feed, wanted);
  jit::Executable compiled = jit::build(program.graph, engine(codegen::host_target().lanes), {});
  compiled.set_input("x", x);
  compiled.run(1);
  const auto y = compiled.output("y");
  for (int q = 0; q < 8; ++q) CHECK(std::abs(values[program.y].value(0, q) - y[q]) < 1e-5);
}
