// The passes from circuits to circuits: each against dense simulation on random circuits, and what it finds on small
// ones.
#include "compiler/graph/verify.h"
#include "compiler/passes/cancel_inverses.h"
#include "compiler/passes/light_cone.h"
#include "compiler/passes/merge_rotations.h"
#include "compiler/passes/push_through.h"
#include "tests/catch.h"
#include "tests/compiler/circuit_support.h"

namespace qiln {
namespace {

using circuit::Circuit;
using test::Numbers;
using test::operation;
using Change = bool (*)(graph::Graph&);

constexpr double tolerance = 1e-11;  // sums of 2^8 products of some forty unitaries in double

void check_close(const Numbers& a, const Numbers& b) {
  REQUIRE(a.size() == b.size());
  for (std::size_t i = 0; i < a.size(); ++i) CHECK(std::abs(a[i] - b[i]) < tolerance);
}

/// A random circuit with each gate followed, here and there, by what undoes it or by itself.
test::RandomCircuit repetitive_circuit(int n, unsigned seed) {
  auto random = test::random_circuit(n, 6 + 2 * n, seed);
  std::mt19937 choose(seed + 1);
  auto& operations = random.circuit.operations;
  for (std::size_t i = operations.size(); i-- > 0;) {
    if (choose() % 2) continue;
    circuit::Operation again = operations[i];
    again.inverse ^= choose() % 2 == 0;
    for (auto& angle : again.angles)
      if (choose() % 3 == 0) angle = {static_cast<std::int32_t>(choose() % 2), static_cast<int>(choose() % 16), 1, 0.5};
    const std::size_t behind = std::min(operations.size(), i + 1 + choose() % 3);
    operations.insert(operations.begin() + static_cast<std::ptrdiff_t>(behind), again);
  }
  return random;
}

void keeps_readings(Change change, test::RandomCircuit (*make)(int, unsigned), int least) {
  int changed = 0;
  for (unsigned seed = 0; seed < 60; ++seed) {
    const auto random = make(1 + static_cast<int>(seed % 8), seed);
    INFO("seed " << seed);
    graph::Graph g = test::graph_of(random.circuit, random.operands);
    const std::size_t before = g.circuits[0].operations.size();
    if (change(g)) {
      ++changed;
      CHECK(g.circuits[0].operations.size() + static_cast<std::size_t>(g.circuits[0].qubits) <
            before + static_cast<std::size_t>(random.circuit.qubits));
    } else {
      CHECK(g.circuits[0] == random.circuit);
    }
    graph::require_valid(g, "after the pass");
    check_close(test::interpret(g, test::inputs_of(random.operands), "y"),
                test::simulate(random.circuit, random.operands));
  }
  CHECK(changed >= least);
}

/// One qubit read of many, so that there is something outside its cone.
test::RandomCircuit narrow_circuit(int n, unsigned seed) {
  auto random = test::random_circuit(n, n, seed);
  random.circuit.readout.resize(1);
  random.circuit.readout.push_back({{0.5, std::uint64_t{1} << (n - 1), 0}, {2, 0, 1}});
  return random;
}

std::vector<circuit::Operation> after(Change change, std::vector<circuit::Operation> operations, int qubits = 3) {
  Circuit circuit;
  circuit.qubits = qubits;
  circuit.operations = std::move(operations);
  circuit.readout = test::all_z(qubits);
  circuit.readout.push_back({{1, (std::uint64_t{1} << qubits) - 1, 0}});
  graph::Graph g = test::graph_of(circuit, {Numbers(4), Numbers(4)});
  change(g);
  return g.circuits[0].operations;
}

TEST_CASE("dropping inverses keeps the readings") { keeps_readings(passes::cancel_inverses, repetitive_circuit, 30); }
TEST_CASE("merging rotations keeps the readings") { keeps_readings(passes::merge_rotations, repetitive_circuit, 20); }
TEST_CASE("pushing gates into the readout keeps the readings") {
  keeps_readings(
      passes::push_through, [](int n, unsigned seed) { return test::random_circuit(n, 8, seed); }, 15);
}
TEST_CASE("dropping what no readout sees keeps the readings") {
  keeps_readings(passes::light_cone, narrow_circuit, 20);
}

TEST_CASE("inverses cancel through what they commute with") {
  const auto change = passes::cancel_inverses;
  CHECK(after(change, {operation("H", {0}), operation("RX", {1}, {{0, 0, 1, 0}}), operation("H", {0})}).size() == 1);
  // Diagonal on the control, X on the target.
  CHECK(after(change, {operation("CNOT", {0, 1}), operation("RZ", {0}, {{0, 0, 1, 0}}),
                       operation("RX", {1}, {{0, 1, 1, 0}}), operation("CNOT", {0, 2}), operation("CNOT", {0, 1})})
            .size() == 3);
  CHECK(after(change, {operation("CNOT", {0, 1}), operation("RY", {1}, {{0, 0, 1, 0}}), operation("CNOT", {0, 1})})
            .size() == 3);
  // Symmetric gates, whichever way they are written; a named inverse; one element with both signs.
  CHECK(after(change, {operation("CZ", {0, 1}), operation("CZ", {1, 0})}).empty());
  CHECK(after(change, {operation("S", {0}), operation("Sdg", {0})}).empty());
  CHECK(after(change, {operation("RYY", {0, 1}, {{0, 2, 1, 0}}), operation("RXX", {1, 0}, {{0, 1, 1, 0}}),
                       operation("RYY", {1, 0}, {{0, 2, -1, 0}})})
            .size() == 1);
  CHECK(after(change, {operation("CNOT", {0, 1}), operation("CNOT", {1, 0})}).size() == 2);
  CHECK(after(change, {operation("RX", {0}, {{0, 2, 1, 0}}), operation("RX", {0}, {{0, 3, -1, 0}})}).size() == 2);
  // Nested pairs, and gates that do nothing.
  CHECK(after(change, {operation("H", {0}), operation("CNOT", {0, 1}), operation("I", {2}), operation("CNOT", {0, 1}),
                       operation("H", {0}), operation("RZ", {2}, {{-1, 0, 1, 0}})})
            .empty());
}

TEST_CASE("rotations merge through what they commute with") {
  const auto change = passes::merge_rotations;
  const auto through = after(change, {operation("RZ", {0}, {{0, 0, 2, 0.5}}), operation("CNOT", {0, 1}),
                                      operation("RZ", {0}, {{0, 0, 1, 0.25}})});
  REQUIRE(through.size() == 2);
  CHECK(through[0].angles[0] == circuit::Angle{0, 0, 3, 0.75});
  const auto sums = after(change, {operation("RX", {1}, {{0, 0, 1, 0}}), operation("RX", {0}, {{1, 3, 1, 0}}),
                                   operation("RX", {1}, {{1, 2, -1, 0.5}}), operation("RX", {0}, {{1, 0, 2, 0}})});
  REQUIRE(sums.size() == 2);
  CHECK(sums[0].angles[0] == circuit::Angle{3, 0, 1, 0.5});  // varying: an input and a weight
  CHECK(sums[1].angles[0] == circuit::Angle{2, 0, 1, 0});    // weights alone
  const auto constants = after(change, {operation("S", {0}), operation("P", {0}, {{0, 1, 1, 0}}), operation("Z", {0})});
  REQUIRE(constants.size() == 1);
  CHECK(std::abs(constants[0].angles[0].offset - 3 * std::acos(-1.0) / 2) < tolerance);
  CHECK(after(change, {operation("RZ", {0}, {{0, 0, 1, 0}}), operation("RX", {0}, {{0, 0, 1, 0}}),
                       operation("RZ", {0}, {{0, 0, 1, 0}})})
            .size() == 3);
}

TEST_CASE("qubits outside the cone are gone") {
  Circuit circuit;
  circuit.qubits = 4;
  circuit.operations = {operation("RY", {1}, {{0, 0, 1, 0}}), operation("CNOT", {1, 3}),
                        operation("RX", {2}, {{0, 1, 1, 0}}), operation("RX", {3}, {{0, 2, 1, 0}})};
  circuit.readout = {{{1, 0, 0b0001}}, {{1, 0b1000, 0b0001}, {2, 0, 0b1000}}};
  graph::Graph g = test::graph_of(circuit, {Numbers(3)});
  REQUIRE(passes::light_cone(g));
  CHECK(g.circuits[0].qubits == 2);
  REQUIRE(g.circuits[0].operations.size() == 3);
  CHECK(g.circuits[0].operations[1].qubits == std::vector<std::int32_t>{0, 1});
  CHECK(g.circuits[0].readout[1] == circuit::Observable{{0, 0, 0}, {2, 0, 0}});
  CHECK_FALSE(passes::light_cone(g));
}

}  // namespace
}  // namespace qiln
