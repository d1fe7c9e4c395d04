// Sums of Pauli strings as graph values, against dense simulation; channels against all their Kraus branches.
#include "compiler/passes/closed_form.h"

#include "compiler/circuit/propagation.h"
#include "compiler/graph/verify.h"
#include "compiler/passes/pauli_sums.h"
#include "tests/catch.h"
#include "tests/compiler/circuit_support.h"

namespace qiln {
namespace {

using circuit::Circuit;
using test::Numbers;
using test::operation;

constexpr double tolerance = 1e-10;  // sums of up to a thousand products in double

void check_close(const Numbers& a, const Numbers& b) {
  REQUIRE(a.size() == b.size());
  for (std::size_t i = 0; i < a.size(); ++i) CHECK(std::abs(a[i] - b[i]) < tolerance);
}

/// The readings by propagation, whatever they cost.
Numbers by_strings(const Circuit& circuit, const std::vector<Numbers>& operands) {
  const auto propagated = circuit::propagate(circuit, 4096);
  REQUIRE(propagated);
  graph::Graph g;
  graph::Builder builder(g);
  std::vector<graph::ValueId> ids;
  for (std::size_t k = 0; k < operands.size(); ++k)
    ids.push_back(
        builder.input("x" + std::to_string(k), {{static_cast<std::int64_t>(operands[k].size())}, k % 2 == 0}));
  g.outputs.push_back({"y", passes::pauli_sums(builder, circuit, *propagated, ids)});
  graph::require_valid(g, "sums of strings");
  return test::interpret(g, test::inputs_of(operands), "y");
}

circuit::Operation noise(std::string_view name, std::int32_t qubit, std::vector<double> parameters) {
  circuit::Operation result;
  result.kind = circuit::Operation::Kind::channel;
  result.channel = *channel_named(name);
  result.qubits = {qubit};
  for (double p : parameters) result.angles.push_back({-1, 0, 1, p});
  return result;
}

/// Sum over all choices of Kraus operators.
Numbers over_branches(const Circuit& circuit, const std::vector<Numbers>& operands) {
  std::vector<std::vector<test::Complex>> branches(1);
  branches[0].resize(std::size_t{1} << circuit.qubits);
  branches[0][0] = 1;
  for (const auto& each : circuit.operations) {
    Numbers angles;
    for (const auto& angle : each.angles)
      angles.push_back(angle.operand < 0 ? angle.offset
                                         : angle.scale * operands[angle.operand][angle.element] + angle.offset);
    std::vector<std::vector<test::Complex>> matrices;
    if (each.is_channel())
      for (const KrausOperator& kraus : channel(each.channel).kraus(angles))
        matrices.emplace_back(kraus.begin(), kraus.end());
    else
      matrices.push_back(gate_matrix(each.gate, angles, each.inverse, each.controls));
    std::vector<std::vector<test::Complex>> next;
    for (const auto& branch : branches)
      for (const auto& matrix : matrices) {
        next.push_back(branch);
        test::apply_matrix(next.back(), matrix, each.qubits, circuit.qubits);
      }
    branches = std::move(next);
  }
  Numbers sums(circuit.readout.size());
  for (const auto& branch : branches) {
    const Numbers values = test::expectations(branch, circuit.readout);
    for (std::size_t i = 0; i < sums.size(); ++i) sums[i] += values[i];
  }
  return sums;
}

/// RX(x), a chain of CNOT, RY(w), read as <Z Z> of neighbours: two strings of a few Paulis for each.
Circuit shallow(int n) {
  Circuit circuit;
  circuit.qubits = n;
  for (int q = 0; q < n; ++q) circuit.operations.push_back(operation("RX", {q}, {{0, q % 16, 1, 0}}));
  for (int q = 0; q + 1 < n; q += 2) circuit.operations.push_back(operation("CZ", {q, q + 1}));
  for (int q = 0; q < n; ++q) circuit.operations.push_back(operation("RY", {q}, {{1, q % 16, 1, 0}}));
  for (int q = 0; q + 1 < n; ++q) circuit.readout.push_back({{1, 0, std::uint64_t{3} << (n - 2 - q)}});
  return circuit;
}

TEST_CASE("random circuits as sums of strings read what dense simulation reads") {
  for (unsigned seed = 300; seed < 340; ++seed) {
    const int n = 1 + static_cast<int>(seed % 5);
    auto random = test::random_circuit(n, 3 + 2 * n, seed);
    std::erase_if(random.circuit.operations,
                  [](const circuit::Operation& o) { return o.angles.size() * o.qubits.size() > 8; });
    INFO("seed " << seed);
    check_close(by_strings(random.circuit, random.operands), test::simulate(random.circuit, random.operands));
  }
}

TEST_CASE("channels damp strings exactly") {
  Circuit circuit;
  circuit.qubits = 3;
  circuit.operations = {operation("RX", {0}, {{0, 0, 1, 0}}),
                        noise("depolarize", 0, {0.1}),
                        operation("RY", {1}, {{0, 1, 1, 0}}),
                        noise("phase_damp", 1, {0.3}),
                        operation("CNOT", {0, 1}),
                        noise("bit_flip", 1, {0.2}),
                        operation("CRX", {1, 2}, {{1, 0, 1, 0}}),
                        noise("amplitude_damp", 2, {0.25}),
                        operation("RXX", {2, 0}, {{1, 1, 1, 0}}),
                        noise("reset", 1, {}),
                        operation("RY", {1}, {{0, 2, 2, 0.1}}),
                        noise("phase_flip", 0, {0.15})};
  circuit.readout = test::all_z(3);
  circuit.readout.push_back({{1, 0b110, 0b011}, {-0.5, 0b001, 0b001}, {2, 0, 0}});
  const std::vector<Numbers> operands{{0.4, -1.1, 2.3}, {0.7, -0.6}};
  check_close(by_strings(circuit, operands), over_branches(circuit, operands));
}

TEST_CASE("wide and shallow circuits become sums of strings, at any width") {
  Numbers x(16), w(16);
  for (std::size_t i = 0; i < 16; ++i)
    x[i] = 0.3 * static_cast<double>(i) - 2, w[i] = 1.7 - 0.2 * static_cast<double>(i);
  graph::Graph g = test::graph_of(shallow(16), {x, w});
  REQUIRE(passes::closed_form(g));
  graph::require_valid(g, "after the closed form");
  check_close(test::interpret(g, test::inputs_of({x, w}), "y"), test::simulate(shallow(16), {x, w}));
  graph::Graph wide = test::graph_of(shallow(60), {x, w});
  REQUIRE(passes::closed_form(wide));
  const Numbers values = test::interpret(wide, test::inputs_of({x, w}), "y");
  const Numbers few = test::simulate(shallow(10), {x, w});
  for (std::size_t i = 0; i < 8; ++i) CHECK(std::abs(values[i] - few[i]) < tolerance);
}

TEST_CASE("few probabilities are sums of products of Z") {
  Circuit circuit = shallow(16);
  circuit.readout = {{{1, 0, 1}}};
  circuit.probabilities = {{3, 2}, {0}};
  Numbers x(16, 0.8), w(16, -0.3);
  graph::Graph g = test::graph_of(circuit, {x, w});
  REQUIRE(passes::closed_form(g));
  graph::require_valid(g, "after the closed form");
  check_close(test::interpret(g, test::inputs_of({x, w}), "y"), test::simulate(circuit, {x, w}));
}

TEST_CASE("what becomes too many strings is left to the state") {
  Circuit circuit = shallow(12);
  for (int l = 0; l < 4; ++l)
    for (int q = 0; q < 12; ++q) {
      circuit.operations.push_back(operation("CNOT", {q, (q + 1) % 12}));
      circuit.operations.push_back(operation("RX", {q}, {{1, q, 1, 0.1 * l}}));
      circuit.operations.push_back(operation("RZ", {q}, {{1, q, 1, 0.2 * l}}));
    }
  CHECK_FALSE(circuit::propagate(circuit, 1024));
  graph::Graph g = test::graph_of(circuit, {Numbers(16), Numbers(16)});
  CHECK_FALSE(passes::closed_form(g));
}

}  // namespace
}  // namespace qiln
