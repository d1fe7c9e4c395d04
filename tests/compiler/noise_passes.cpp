// Channels: every pass that takes them away against dense simulation of the density matrix.
#include "compiler/circuit/heisenberg.h"
#include "compiler/circuit/pauli.h"
#include "compiler/circuit/transfer.h"
#include "compiler/graph/verify.h"
#include "compiler/passes/closed_form.h"
#include "compiler/passes/defer_resets.h"
#include "compiler/passes/density.h"
#include "compiler/passes/sample_channels.h"
#include "dsl/error.h"
#include "tests/catch.h"
#include "tests/compiler/noise_support.h"

namespace qiln {
namespace {

using circuit::Circuit;
using circuit::Simulation;
using test::Numbers;
using test::RandomCircuit;
using test::simulate_density;

void check_close(const Numbers& a, const Numbers& b, double tolerance = 1e-12) {
  REQUIRE(a.size() == b.size());
  for (std::size_t i = 0; i < a.size(); ++i) CHECK(std::abs(a[i] - b[i]) < tolerance);
}

const auto any_channel = [](const ChannelRow& row) { return !row.flags.readout; };
const auto random_paulis = [](const ChannelRow& row) { return row.flags.mixed_unitary; };
const auto resets = [](const ChannelRow& row) { return row.flags.fresh; };

void add_readout_errors(RandomCircuit& random) {
  auto& operations = random.circuit.operations;
  operations.push_back(test::noise("readout_error", 0, {{-1, 0, 1, 0.02}, {-1, 0, 1, 0.1}}));
  if (random.circuit.qubits > 1)
    operations.push_back(test::noise("readout_error", 1, {{-1, 0, 1, 0.2}, {-1, 0, 1, 0.05}}));
}

std::map<std::string, Numbers> inputs_of(const RandomCircuit& random) { return test::inputs_of(random.operands); }

/// The reference simulates whatever has channels as a density matrix.
Numbers with_density(const RandomCircuit& random) {
  graph::Graph g = test::graph_of(random.circuit, random.operands);
  CHECK(passes::density(g));
  graph::require_valid(g, "after density");
  CHECK_FALSE(passes::density(g));
  return test::interpret(g, inputs_of(random), "y");
}

TEST_CASE("transfer polynomials are the transfer matrices of all gates and channels", "[noise]") {
  const double turns[] = {0.7, -1.9, 2.3}, probabilities[] = {0.3, 0.2};
  auto check = [&](const circuit::Operation& operation, std::span<const double> at, auto expected) {
    const auto polynomial = circuit::transfer_polynomial(operation);
    const std::size_t side = std::size_t{1} << (2 * operation.qubits.size());
    Numbers sum(side * side);
    for (std::size_t m = 0; m < polynomial.monomials.size(); ++m) {
      double value = 1;
      for (std::size_t a = 0; a < at.size(); ++a) value *= circuit::evaluate(polynomial.monomials[m][a], at[a]);
      for (std::size_t e = 0; e < sum.size(); ++e) sum[e] += value * polynomial.matrices[m][e];
    }
    const int k = static_cast<int>(operation.qubits.size());
    auto number = [&](circuit::PauliString p) {
      std::size_t result = 0;
      for (int q = k; q-- > 0;) result = 4 * result + (p.x >> q & 1 ? (p.z >> q & 1 ? 2 : 1) : (p.z >> q & 1 ? 3 : 0));
      return result;
    };
    double worst = 0;
    for (std::size_t p = 0; p < side; ++p) {
      const Numbers row = expected(circuit::decode(p, k));
      for (std::size_t q = 0; q < side; ++q)
        worst = std::max(worst,
                         std::abs(row[q] - sum[number(circuit::decode(p, k)) * side + number(circuit::decode(q, k))]));
    }
    CHECK(worst < 1e-12);
  };
  for (const GateRow& row : gates())
    for (int controls = 0; controls < 2; ++controls) {
      INFO(std::string(row.name) << " under " << controls << " controls");
      circuit::Operation operation = test::operation(row.name, {});
      operation.controls = controls;
      for (int q = 0; q < row.qubits() + controls; ++q) operation.qubits.push_back(q);
      operation.angles.resize(row.parameter_count());
      if (operation.qubits.size() > 3) continue;
      const auto at = std::span(turns).first(row.parameter_count());
      const auto u = gate_matrix(operation.gate, at, false, controls);
      check(operation, at, [&](circuit::PauliString p) { return circuit::heisenberg_image(u, p); });
    }
  for (std::size_t k = 0; k < channels().size(); ++k) {
    INFO(std::string(channels()[k].name));
    circuit::Operation operation = test::noise(channels()[k].name, 0);
    operation.angles.resize(channels()[k].parameter_count());
    const auto at = std::span(probabilities).first(channels()[k].parameter_count());
    check(operation, at,
          [&](circuit::PauliString p) { return circuit::heisenberg_image(static_cast<Channel>(k), at, p); });
  }
}

TEST_CASE("density gives the results of random noisy circuits", "[noise]") {
  for (unsigned seed = 0; seed < 24; ++seed) {
    const int n = 1 + static_cast<int>(seed % 4);
    INFO("seed " << seed);
    RandomCircuit random = test::noisy_circuit(n, 12, seed, seed % 3 == 0, any_channel);
    random.circuit.simulation = Simulation::density;
    if (seed % 2 == 0) add_readout_errors(random);
    if (seed % 4 == 1) random.circuit.probabilities = {{n - 1}, {0, 1}};
    if (seed % 4 == 3) random.circuit.probabilities = {{n - 1, 0}};
    if (seed == 7) random.circuit.readout.clear();
    if (random.circuit.has_channels())
      check_close(with_density(random), simulate_density(random.circuit, random.operands));
  }
}

TEST_CASE("density starts from amplitudes", "[noise]") {
  for (unsigned seed = 0; seed < 6; ++seed) {
    INFO("seed " << seed);
    RandomCircuit random = test::noisy_circuit(3, 8, seed, false, any_channel);
    random.circuit.simulation = Simulation::density;
    random.circuit.operations.push_back(test::noise("amplitude_damp", 1, {{-1, 0, 1, 0.25}}));
    random.circuit.initial = circuit::InitialState{{2, 0}, 3};
    random.operands.push_back({0.1, -0.7, 0.5, 0.5});
    check_close(with_density(random), simulate_density(random.circuit, random.operands));
  }
}

TEST_CASE("density without channels is a state vector", "[noise]") {
  RandomCircuit random = test::random_circuit(3, 10, 5);
  random.circuit.simulation = Simulation::density;
  graph::Graph g = test::graph_of(random.circuit, random.operands);
  CHECK(passes::density(g));
  REQUIRE(g.circuits.size() == 1);
  CHECK(g.circuits[0].simulation == Simulation::state);
  CHECK_FALSE(passes::density(g));
}

TEST_CASE("density says what it cannot hold", "[noise]") {
  Circuit circuit;
  circuit.name = "Wide";
  circuit.qubits = 9;
  circuit.simulation = Simulation::density;
  for (int q = 0; q < 9; ++q) circuit.operations.push_back(test::operation("RY", {q}, {{0, 0, 1, 0}}));
  circuit.operations.push_back(test::noise("amplitude_damp", 0, {{-1, 0, 1, 0.5}}));
  circuit.readout = test::all_z(9);
  graph::Graph g = test::graph_of(circuit, {Numbers{0.5}});
  CHECK_THROWS_AS(passes::density(g), Error);
}

TEST_CASE("each place of a density matrix is on its own", "[noise]") {
  RandomCircuit random = test::noisy_circuit(2, 8, 3, false, any_channel);
  random.circuit.simulation = Simulation::density;
  random.circuit.operations.push_back(test::noise("amplitude_damp", 1, {{2, 0, 1, 0}}));
  graph::Graph g;
  graph::Builder builder(g);
  Numbers wide;
  std::vector<Numbers> places(3);
  for (int p = 0; p < 3; ++p)
    for (double v : random.operands[0]) places[p].push_back(v + p), wide.push_back(v + p);
  const auto x0 = builder.input("x0", {{3, 16}, true}), x1 = builder.input("x1", {{16}, false}),
             x2 = builder.input("x2", {{8}, false});
  g.outputs.push_back({"y", builder.circuit(random.circuit, {x0, x1, x2}, 3, {0})});
  CHECK(passes::density(g));
  graph::require_valid(g, "after density");
  Numbers expected;
  for (int p = 0; p < 3; ++p) {
    const Numbers row = simulate_density(random.circuit, {places[p], random.operands[1], random.operands[2]});
    expected.insert(expected.end(), row.begin(), row.end());
  }
  check_close(test::interpret(g, {{"x0", wide}, {"x1", random.operands[1]}, {"x2", random.operands[2]}}, "y"),
              expected);
}

TEST_CASE("noise behind an observable moves into it only where nothing is damped", "[noise]") {
  for (unsigned seed = 0; seed < 16; ++seed) {
    INFO("seed " << seed);
    const RandomCircuit random = test::noisy_circuit(3, 10, seed, seed % 2 == 0, any_channel);
    check_close(simulate_density(absorb_into_readout(random.circuit), random.operands),
                simulate_density(random.circuit, random.operands));
  }
}

// RY(x_i), then three layers of RZ and a CNOT chain, with a channel on each qubit behind every gate: RZ keeps Z, CNOT
// copies the target's Z to its control, and each depolarising channel that a Z meets takes 1 - 4 p / 3 of it.
TEST_CASE("the published circuit with noise behind every gate is a product of damped cosines", "[noise]") {
  const int n = 16;
  const double p1 = 0.01, p2 = 0.03;
  Circuit circuit;
  circuit.name = "Bottleneck";
  circuit.qubits = n;
  auto add = [&](const char* name, std::vector<std::int32_t> qubits, std::vector<circuit::Angle> angles) {
    circuit.operations.push_back(test::operation(name, qubits, std::move(angles)));
    for (std::int32_t q : qubits)
      circuit.operations.push_back(test::noise("depolarize", q, {{-1, 0, 1, qubits.size() == 1 ? p1 : p2}}));
  };
  for (int i = 0; i < n; ++i) add("RY", {i}, {{0, i, 1, 0}});
  for (int l = 0; l < 3; ++l) {
    for (int i = 0; i < n; ++i) add("RZ", {i}, {{1, l * n + i, 1, 0}});
    for (int i = 0; i + 1 < n; ++i) add("CNOT", {i, i + 1}, {});
  }
  circuit.readout = test::all_z(n);
  std::vector<Numbers> operands(2);
  for (int i = 0; i < n; ++i) operands[0].push_back(0.1 * i - 0.7);
  for (int i = 0; i < 3 * n; ++i) operands[1].push_back(0.3 * i);
  graph::Graph g = test::graph_of(circuit, operands);
  REQUIRE(passes::closed_form(g));
  Numbers expected;
  for (int read = 0; read < n; ++read) {
    std::uint64_t z = std::uint64_t{1} << read;  // bit i: qubit i
    double value = 1;
    for (std::size_t o = circuit.operations.size(); o-- > 0;) {
      const auto& operation = circuit.operations[o];
      const bool sees = z >> operation.qubits.back() & 1;
      if (operation.is_channel() && sees) value *= 1 - 4 * operation.angles[0].offset / 3;
      if (operation.name() == "CNOT" && sees) z ^= std::uint64_t{1} << operation.qubits[0];
      if (operation.name() == "RY" && sees) value *= std::cos(operands[0][operation.qubits[0]]);
    }
    expected.push_back(value);
  }
  check_close(test::interpret(g, test::inputs_of(operands), "y"), expected);
}

TEST_CASE("constant channels at the end shift and damp what is read, and go", "[noise]") {
  Circuit circuit;
  circuit.qubits = 2;
  circuit.operations = {test::operation("RY", {0}, {{0, 0, 1, 0}}), test::operation("CNOT", {0, 1}),
                        test::noise("amplitude_damp", 0, {{-1, 0, 1, 0.25}}),
                        test::noise("amplitude_damp", 0, {{-1, 0, 1, 0.5}}), test::noise("reset", 1)};
  circuit.readout = {{{1, 0, 0b10}}, {{2, 0, 0b11}}, {{1, 0b01, 0}}};
  const Circuit moved = absorb_into_readout(circuit);
  CHECK(moved.operations.size() == 1);
  CHECK(moved.readout[0].size() == 2);
  CHECK(moved.readout[2].empty());
  check_close(simulate_density(moved, {Numbers{0.4}}), simulate_density(circuit, {Numbers{0.4}}));
}

TEST_CASE("a reset is a fresh qubit", "[noise]") {
  for (unsigned seed = 0; seed < 12; ++seed) {
    INFO("seed " << seed);
    RandomCircuit random = test::noisy_circuit(2, 7, seed, true, resets);
    if (seed % 2) random.circuit.probabilities = {{1, 0}};
    const Numbers expected = simulate_density(random.circuit, random.operands);
    graph::Graph g = test::graph_of(random.circuit, random.operands);
    CHECK(passes::defer_resets(g) == random.circuit.has_channels());
    CHECK_FALSE(passes::defer_resets(g));
    graph::require_valid(g, "after defer-resets");
    CHECK_FALSE(g.circuits[0].has_channels());
    if (g.circuits[0].qubits <= 7) check_close(simulate_density(g.circuits[0], random.operands), expected);
  }
}

/// The mean over all trajectories, each with its probability: exactly what draws would give in the limit.
Numbers over_all_trajectories(const graph::Graph& g, const RandomCircuit& random) {
  const graph::Node* drawn = nullptr;
  std::vector<Numbers> bounds;
  for (const graph::Node& node : g.nodes) {
    if (node.op == Primitive::random) drawn = &node;
    if (node.op == Primitive::less) bounds.push_back(g[node.operands[1]].as<graph::ConstantAttributes>().values);
  }
  auto inputs = inputs_of(random);
  const std::size_t count = drawn ? graph::element_count(drawn->type.shape) : 0;
  Numbers mean;
  std::size_t all = 1;
  for (std::size_t k = 0; k < count; ++k) all *= 4;
  for (std::size_t outcome = 0; outcome < all; ++outcome) {
    double weight = 1;
    Numbers u(count);
    for (std::size_t k = 0, rest = outcome; k < count; ++k, rest /= 4) {
      auto bound = [&](std::size_t j) { return bounds[j][bounds[j].size() == 1 ? 0 : k]; };
      const double edges[] = {0, bound(0), bound(1), bound(2), 1};
      weight *= edges[rest % 4 + 1] - edges[rest % 4];
      u[k] = (edges[rest % 4 + 1] + edges[rest % 4]) / 2;
    }
    if (weight == 0) continue;
    if (drawn) inputs[drawn->as<graph::RandomAttributes>().site] = u;
    const Circuit* circuit = &g.circuits[0];
    graph::Graph copy = g;
    const Numbers values = test::interpret(copy, inputs, "y");
    REQUIRE(circuit->qubits == random.circuit.qubits);
    mean.resize(values.size());
    for (std::size_t i = 0; i < values.size(); ++i) mean[i] += weight * values[i];
  }
  return mean;
}

TEST_CASE("trajectories have the exact results as their mean", "[noise]") {
  for (unsigned seed = 0; seed < 16; ++seed) {
    INFO("seed " << seed);
    RandomCircuit random = test::noisy_circuit(1 + static_cast<int>(seed % 3), 8, seed, true, random_paulis);
    auto& operations = random.circuit.operations;
    for (int channels = 0, o = 0; o < static_cast<int>(operations.size()); ++o)  // 4^5 trajectories
      if (operations[o].is_channel() && ++channels > 5) operations.erase(operations.begin() + o--);
    if (seed % 2) add_readout_errors(random);
    if (seed % 4 == 3) random.circuit.probabilities = {{random.circuit.qubits - 1}, {0}};
    if (!random.circuit.has_channels()) continue;
    graph::Graph g = test::graph_of(random.circuit, random.operands);
    CHECK(passes::sample_channels(g));
    graph::require_valid(g, "after sample-channels");
    CHECK_FALSE(passes::sample_channels(g));
    check_close(over_all_trajectories(g, random), simulate_density(random.circuit, random.operands));
  }
}

TEST_CASE("what cannot be drawn is refused, and names the choice", "[noise]") {
  for (const char* name : {"amplitude_damp", "reset"}) {
    Circuit circuit;
    circuit.qubits = 1;
    circuit.operations = {test::operation("H", {0}), test::noise(name, 0)};
    if (circuit.operations[1].name() == "amplitude_damp") circuit.operations[1].angles = {{-1, 0, 1, 0.1}};
    circuit.operations.push_back(test::operation("RY", {0}, {{0, 0, 1, 0}}));
    circuit.readout = test::all_z(1);
    graph::Graph g = test::graph_of(circuit, {Numbers{0.5}});
    std::string said;
    try {
      passes::sample_channels(g);
    } catch (const Error& error) {
      said = error.what();
    }
    CHECK(said.find("simulate = density") != std::string::npos);
  }
}

TEST_CASE("a trajectory makes varying what was uniform", "[noise]") {
  Circuit circuit;
  circuit.qubits = 1;
  circuit.operations = {test::operation("RY", {0}, {{0, 0, 1, 0}}), test::noise("bit_flip", 0, {{-1, 0, 1, 0.1}}),
                        test::operation("RX", {0}, {{0, 0, 1, 0}})};
  circuit.readout = test::all_z(1);
  graph::Graph g;
  graph::Builder builder(g);
  const auto y = builder.circuit(circuit, {builder.input("w", {{1}, false})});
  g.outputs.push_back({"y", builder.add(y, y)});
  CHECK(passes::sample_channels(g));
  graph::require_valid(g, "after sample-channels");
  CHECK(g.varying(g.output("y")));
}

}  // namespace
}  // namespace qiln
