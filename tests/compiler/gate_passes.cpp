// The passes from circuits to circuits: each against dense simulation on random circuits, and what it finds on small
// ones.
#include "compiler/circuit/dense.h"
#include "compiler/graph/verify.h"
#include "compiler/passes/cancel_inverses.h"
#include "compiler/passes/light_cone.h"
#include "compiler/passes/merge_rotations.h"
#include "compiler/passes/push_through.h"
#include "compiler/passes/split_factors.h"
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

/// With probabilities of some qubits, and some that start as amplitudes (operand 2).
void ask_for_more(test::RandomCircuit& random, unsigned seed) {
  const int n = random.circuit.qubits;
  std::mt19937 choose(seed);
  if (choose() % 2) random.circuit.probabilities.push_back({static_cast<std::int32_t>(choose() % n)});
  if (n > 2 && choose() % 2) random.circuit.probabilities.push_back({n - 1, 0});
  if (n < 2 || choose() % 2) return;
  random.circuit.initial = circuit::InitialState{{1, 0}, 2};
  random.operands.push_back({0.5, -0.1, 0.7, 0.5});
}

void keeps_readings(Change change, test::RandomCircuit (*make)(int, unsigned), int least) {
  int changed = 0;
  for (unsigned seed = 0; seed < 60; ++seed) {
    auto random = make(1 + static_cast<int>(seed % 8), seed);
    ask_for_more(random, seed);
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

TEST_CASE("dense readings and gradients are those of an independent simulation") {
  for (unsigned seed = 0; seed < 24; ++seed) {
    auto random = test::random_circuit(1 + static_cast<int>(seed % 6), 12, seed);
    ask_for_more(random, seed);
    INFO("seed " << seed);
    check_close(circuit::readings(random.circuit, random.operands), test::simulate(random.circuit, random.operands));
    Numbers weights;
    for (std::int64_t i = 0; i < random.circuit.outputs(); ++i) weights.push_back(0.3 + 0.1 * static_cast<double>(i));
    const auto gradient = circuit::gradient(random.circuit, random.operands, weights);
    for (std::size_t k = 0; k < random.operands.size(); ++k)
      for (std::size_t e = 0; e < random.operands[k].size(); ++e) {
        const double step = 1e-4;  // error of the central difference: a third derivative times step^2 / 6
        double difference = 0;
        for (const double sign : {1.0, -1.0}) {
          auto moved = random.operands;
          moved[k][e] += sign * step;
          const Numbers values = test::simulate(random.circuit, moved);
          for (std::size_t i = 0; i < values.size(); ++i) difference += sign * weights[i] * values[i] / (2 * step);
        }
        CHECK(std::abs(gradient[k][e] - difference) < 1e-5);
      }
  }
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

/// A random circuit on the even qubits and one on the odd ones, with the readings of both and strings over both.
test::RandomCircuit side_by_side(int n, unsigned seed) {
  auto result = test::random_circuit(n, 12, seed);
  const auto other = test::random_circuit(n, 12, seed + 50);
  Circuit& circuit = result.circuit;
  auto spread = [&](std::uint64_t mask, int odd) {
    std::uint64_t all = 0;
    for (int q = 0; q < n; ++q) all |= (mask >> (n - 1 - q) & 1) << (2 * n - 1 - (2 * q + odd));
    return all;
  };
  auto operations = circuit.operations;
  for (auto& operation : operations)
    for (auto& q : operation.qubits) q = 2 * q;
  for (auto operation : other.circuit.operations) {
    for (auto& q : operation.qubits) q = 2 * q + 1;
    operations.insert(operations.begin() + static_cast<std::ptrdiff_t>(operations.size() / 2), operation);
  }
  std::vector<circuit::Observable> readout;
  for (const auto& observable : circuit.readout) {
    auto& spread_out = readout.emplace_back();
    for (const auto& term : observable) spread_out.push_back({term.coefficient, spread(term.x, 0), spread(term.z, 0)});
    const auto& last = other.circuit.readout.back();
    for (const auto& term : last)
      spread_out.push_back({0.5, spread_out[0].x | spread(term.x, 1), spread_out[0].z | spread(term.z, 1)});
    readout.push_back({{1, spread(last[0].x, 1), spread(last[0].z, 1)}, {2, 0, 0}});
  }
  circuit.qubits = 2 * n;
  circuit.operations = std::move(operations);
  circuit.readout = std::move(readout);
  circuit.probabilities = {{0, 2 * (n - 1)}};
  if (n == 1) circuit.probabilities = {{1}};
  return result;
}

TEST_CASE("qubits that no gate joins make circuits of their own, and read the same") {
  for (unsigned seed = 0; seed < 16; ++seed) {
    const int n = 1 + static_cast<int>(seed) % 4;
    INFO("seed " << seed);
    const auto random = side_by_side(n, 800 + seed);
    graph::Graph g = test::graph_of(random.circuit, random.operands);
    REQUIRE(passes::split_factors(g));
    graph::require_valid(g, "after splitting");
    CHECK(g.circuits.size() > 1);
    for (const Circuit& circuit : g.circuits) CHECK(circuit.qubits <= n);
    check_close(test::interpret(g, test::inputs_of(random.operands), "y"),
                test::simulate(random.circuit, random.operands));
    CHECK_FALSE(passes::split_factors(g));
  }
}

}  // namespace
}  // namespace qiln
