// Circuit passes against dense simulation, and known answers for what cannot influence a result.
#include <fstream>
#include <nlohmann/json.hpp>

#include "compiler/circuit/heisenberg.h"
#include "compiler/circuit/influence.h"
#include "compiler/graph/verify.h"
#include "compiler/passes/closed_form.h"
#include "compiler/passes/gate_turns.h"
#include "compiler/passes/lower_circuits.h"
#include "tests/catch.h"
#include "tests/compiler/circuit_support.h"

namespace qiln {
namespace {

using circuit::Angle;
using circuit::Circuit;
using circuit::DeadReason;
using test::Numbers;
using test::operation;

void check_close(const Numbers& a, const Numbers& b, double tolerance = 1e-12) {
  REQUIRE(a.size() == b.size());
  for (std::size_t i = 0; i < a.size(); ++i) CHECK(std::abs(a[i] - b[i]) < tolerance);
}

/// RY(x_i), then layers of RZ(w[l, i]) and a CNOT chain.
Circuit published(int n, int layers) {
  Circuit circuit;
  circuit.name = "Bottleneck";
  circuit.qubits = n;
  for (int i = 0; i < n; ++i) circuit.operations.push_back(operation("RY", {i}, {{0, i, 1, 0}}));
  for (int l = 0; l < layers; ++l) {
    for (int i = 0; i < n; ++i) circuit.operations.push_back(operation("RZ", {i}, {{1, l * n + i, 1, 0}}));
    for (int i = 0; i + 1 < n; ++i) circuit.operations.push_back(operation("CNOT", {i, i + 1}));
  }
  circuit.readout = test::all_z(n);
  return circuit;
}

/// PennyLane's StronglyEntanglingLayers (ranges 1, 2, 3, 1, ...) after an encoding gate on each qubit.
Circuit strongly_entangling(int n, int layers, std::string_view encoding) {
  Circuit circuit;
  circuit.qubits = n;
  if (!encoding.empty())
    for (int i = 0; i < n; ++i) circuit.operations.push_back(operation(encoding, {i}, {{0, i, 1, 0}}));
  for (int l = 0; l < layers; ++l) {
    for (int i = 0; i < n; ++i) {
      const std::int64_t e = (l * n + i) * 3;
      circuit.operations.push_back(operation("Rot", {i}, {{1, e, 1, 0}, {1, e + 1, 1, 0}, {1, e + 2, 1, 0}}));
    }
    const int range = l % (n - 1) + 1;
    for (int i = 0; i < n; ++i) circuit.operations.push_back(operation("CNOT", {i, (i + range) % n}));
  }
  circuit.readout = test::all_z(n);
  return circuit;
}

std::size_t dead_weights(const Circuit& circuit, std::int64_t inputs, std::int64_t weights) {
  std::size_t count = 0;
  for (const auto& element : dead_elements(circuit, {inputs, weights})) count += element.operand == 1;
  return count;
}

TEST_CASE("lowered circuits read what dense simulation reads") {
  for (unsigned seed = 0; seed < 40; ++seed) {
    const int n = 1 + seed % 8;
    const auto random = test::random_circuit(n, 5 + 3 * n, seed);
    INFO("seed " << seed);
    graph::Graph g = test::graph_of(random.circuit, random.operands);
    REQUIRE(passes::lower_circuits(g));
    graph::require_valid(g, "after lowering");
    CHECK(g.circuits.empty());
    check_close(test::interpret(g, test::inputs_of(random.operands), "y"),
                test::simulate(random.circuit, random.operands));
    CHECK_FALSE(passes::lower_circuits(g));
  }
}

TEST_CASE("gates moved into the readout leave the readings as they are") {
  for (unsigned seed = 100; seed < 140; ++seed) {
    const auto random = test::random_circuit(2 + seed % 6, 12, seed);
    INFO("seed " << seed);
    check_close(test::simulate(absorb_into_readout(random.circuit), random.operands),
                test::simulate(random.circuit, random.operands));
  }
}

TEST_CASE("the number of nodes of a lowered circuit does not depend on its depth") {
  auto nodes = [](int n, int layers) {
    graph::Graph g = test::graph_of(strongly_entangling(n, layers, "RX"), {Numbers(n), Numbers(3 * n * layers)});
    passes::lower_circuits(g);
    return g.nodes.size();
  };
  CHECK(nodes(5, 3) == nodes(5, 30));
  CHECK(nodes(4, 30) == nodes(4, 60));  // one product
}

TEST_CASE("weights alone make uniform matrices") {
  graph::Graph g = test::graph_of(strongly_entangling(4, 2, "RX"), {Numbers(4), Numbers(24)});
  passes::lower_circuits(g);
  int uniform = 0, varying = 0;
  for (const auto& node : g.nodes)
    if (node.op == Primitive::apply_blocks)
      for (auto operand : node.operands) ++(g.varying(operand) ? varying : uniform);
  CHECK(uniform == 2);  // the weights, and the tables of their phases
  CHECK(varying == 1);
}

TEST_CASE("turns and phases are the gates of the table, up to a phase of the state") {
  const Numbers angles{0.7, -1.9, 2.6, 0.4};
  for (std::size_t g = 0; g < gates().size(); ++g)
    for (bool inverse : {false, true}) {
      const GateRow& row = gates()[g];
      circuit::Operation one;
      one.gate = static_cast<Gate>(g);
      one.inverse = inverse;
      for (int q = 0; q < row.qubits(); ++q) one.qubits.push_back(q);
      for (int a = 0; a < row.parameter_count(); ++a) one.angles.push_back({0, a, a == 1 ? -0.5 : 1, 0.25 * a});
      const auto turns = passes::turns_of(one);
      const auto phases = passes::phases_of(one);
      INFO(row.name << " " << inverse);
      CHECK(phases.has_value() == row.flags.diagonal);
      if (row.qubits() == 1) CHECK(turns.has_value());
      if (!turns && !phases) continue;
      circuit::BlockProgram program;
      program.qubits = row.qubits();
      circuit::Block block;
      block.kind = turns ? circuit::Block::Kind::turns : circuit::Block::Kind::phases;
      if (turns) block.qubits = {0}, block.turns = *turns;
      if (!turns) block.phases = *phases;
      program.blocks = {block};
      Numbers values;
      for (const auto& angle : one.angles) values.push_back(angle.scale * angles[angle.element] + angle.offset);
      const auto wanted = gate_matrix(one.gate, values, inverse);
      const std::size_t size = std::size_t{1} << row.qubits();
      std::vector<test::Complex> made(size * size);
      for (std::size_t b = 0; b < size; ++b) {
        const auto column = test::run_blocks(program, {angles}, b);
        for (std::size_t i = 0; i < size; ++i) made[i * size + b] = column[i];
      }
      test::Complex overlap = 0;  // |tr(made^dagger wanted)| is the dimension when they differ by a phase
      for (std::size_t e = 0; e < made.size(); ++e) overlap += std::conj(made[e]) * wanted[e];
      CHECK(std::abs(std::abs(overlap) - static_cast<double>(size)) < 1e-9);
    }
}

TEST_CASE("the phases of strongly entangling layers make one block a layer") {
  for (int layers : {2, 3, 5}) {
    graph::Graph g = test::graph_of(strongly_entangling(5, layers, "RX"), {Numbers(5), Numbers(15 * layers)});
    passes::lower_circuits(g);
    CHECK(g.blocks[0].phase_blocks() == layers - 1);
  }
}

TEST_CASE("the published circuit has a closed form") {
  const Circuit circuit = published(6, 3);
  std::vector<Numbers> operands{{0.3, -1.2, 2.2, 0.1, 0.8, -0.4}, Numbers(18)};
  for (std::size_t i = 0; i < 18; ++i) operands[1][i] = 0.1 * static_cast<double>(i * i % 7);
  graph::Graph g = test::graph_of(circuit, operands);
  REQUIRE(passes::closed_form(g));
  graph::require_valid(g, "after the closed form");
  for (const auto& node : g.nodes) CHECK(primitive(node.op).kind != PrimitiveKind::circuit);
  check_close(test::interpret(g, test::inputs_of(operands), "y"), test::simulate(circuit, operands));
}

TEST_CASE("products of one-qubit expectations are found behind any product state") {
  Circuit circuit;
  circuit.qubits = 5;
  for (int q = 0; q < 5; ++q) circuit.operations.push_back(operation("RX", {q}, {{0, q, 0.7, 0.2}}));
  circuit.operations.push_back(operation("H", {1}));
  circuit.operations.push_back(operation("Rot", {2}, {{0, 5, 1, 0}, {1, 0, 1, 0}, {1, 1, 1, 0}}));
  circuit.operations.push_back(operation("U", {3}, {{1, 2, 1, 0}, {0, 6, 1, 0}, {-1, 0, 1, 0.4}}));
  circuit.operations.push_back(operation("CNOT", {0, 2}));
  circuit.operations.push_back(operation("CRZ", {2, 1}, {{1, 3, 1, 0}}));
  circuit.operations.push_back(operation("SWAP", {1, 3}));
  circuit.operations.push_back(operation("CNOT", {3, 4}));
  circuit.readout = {{{1, 0, 0b00001}}, {{0.5, 0, 0b10100}, {-2, 0, 0b01010}, {3, 0, 0}}, {{1, 0, 0b11111}}};
  const std::vector<Numbers> operands{{0.3, -1.2, 2.2, 0.1, 0.8, -0.4, 1.7}, {0.2, 0.9, -0.5, 1.1}};
  graph::Graph g = test::graph_of(circuit, operands);
  REQUIRE(passes::closed_form(g));
  graph::require_valid(g, "after the closed form");
  check_close(test::interpret(g, test::inputs_of(operands), "y"), test::simulate(circuit, operands));
}

TEST_CASE("a circuit whose rotations stand behind entangling gates keeps its state vector") {
  graph::Graph g = test::graph_of(strongly_entangling(4, 2, "RX"), {Numbers(4), Numbers(24)});
  CHECK_FALSE(passes::closed_form(g));
}

TEST_CASE("none of the published circuit's weights can influence a result") {
  const Circuit circuit = published(16, 3);
  const auto dead = dead_elements(circuit, {16, 48});
  REQUIRE(dead.size() == 48);
  for (const auto& element : dead) {
    CHECK(element.operand == 1);
    CHECK(element.reason == DeadReason::diagonal);
  }
  CHECK(explain(circuit, dead[0]) == "RZ commutes with every later gate up to the Z readout");
}

TEST_CASE("dead weights of strongly entangling layers") {
  CHECK(dead_weights(strongly_entangling(4, 3, "RX"), 4, 36) == 4);
  CHECK(dead_weights(strongly_entangling(4, 3, "RZ"), 4, 36) == 8);
  CHECK(dead_weights(strongly_entangling(4, 3, ""), 4, 36) == 8);
  Circuit first_only = strongly_entangling(4, 3, "RX");
  first_only.readout.resize(1);
  CHECK(dead_weights(first_only, 4, 36) == 8);
}

TEST_CASE("what no gate uses, and what no readout sees, is dead") {
  Circuit circuit;
  circuit.qubits = 2;
  circuit.operations = {operation("RY", {0}, {{0, 0, 1, 0}}), operation("RY", {1}, {{0, 1, 1, 0}})};
  circuit.readout = {{{1, 0, 0b10}}};
  const auto dead = dead_elements(circuit, {3});
  REQUIRE(dead.size() == 2);
  CHECK(dead[0].element == 1);
  CHECK(dead[0].reason == DeadReason::unseen);
  CHECK(dead[1].element == 2);
  CHECK(dead[1].reason == DeadReason::unused);
}

TEST_CASE("random circuits read what PennyLane reads") {
  std::ifstream file(QILN_SOURCE_DIR "/tests/reference/gates.json");
  const auto reference = nlohmann::json::parse(file);
  for (const auto& row : reference["matrices"]) {
    const auto id = gate_named(row["gate"].get<std::string>());
    INFO(row["gate"]);
    REQUIRE(id);
    const auto matrix = gate_matrix(*id, row["angles"].get<Numbers>());
    REQUIRE(matrix.size() == row["re"].size());
    for (std::size_t i = 0; i < matrix.size(); ++i) {
      CHECK(std::abs(matrix[i].real() - row["re"][i].get<double>()) < 1e-9);
      CHECK(std::abs(matrix[i].imag() - row["im"][i].get<double>()) < 1e-9);
    }
  }
  for (const auto& row : reference["random"]) {
    Circuit circuit;
    circuit.qubits = row["qubits"];
    std::int64_t next = 0;
    for (const auto& step : row["gates"]) {
      std::vector<Angle> angles;
      for (std::size_t a = 0; a < step["angles"].size(); ++a) angles.push_back({0, next++, 1, 0});
      circuit.operations.push_back(
          operation(step["gate"].get<std::string>(), step["qubits"].get<std::vector<std::int32_t>>(), angles));
    }
    circuit.readout = test::all_z(circuit.qubits);
    const std::vector<Numbers> operands{row["angles"].get<Numbers>()};
    REQUIRE(static_cast<std::int64_t>(operands[0].size()) == next);
    graph::Graph g = test::graph_of(circuit, operands);
    passes::lower_circuits(g);
    check_close(test::interpret(g, test::inputs_of(operands), "y"), row["z"].get<Numbers>(), 1e-9);
  }
}

}  // namespace
}  // namespace qiln
