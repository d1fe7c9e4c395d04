// Circuits in the reference and their gradients: against PennyLane (tests/reference/gates.json), against the dense
// simulation of the circuit tests, and by central differences.
#include <cmath>
#include <fstream>
#include <nlohmann/json.hpp>
#include <numbers>

#include "compiler/differentiate.h"
#include "compiler/graph/verify.h"
#include "compiler/passes/closed_form.h"
#include "compiler/passes/lower_circuits.h"
#include "tests/catch.h"
#include "tests/compiler/circuit_support.h"
#include "tests/reference/formula.h"
#include "tests/runtime/differences.h"

using namespace qiln;
using namespace qiln::test;
using graph::Builder;
using graph::Graph;
using graph::ValueId;
using nlohmann::json;

namespace {

json gates_reference() { return json::parse(std::ifstream(QILN_SOURCE_DIR "/tests/reference/gates.json")); }

reference::Array<double> row_of(const std::vector<double>& values) {
  return Eigen::Map<const reference::Array<double>>(values.data(), 1, static_cast<std::int64_t>(values.size()));
}

double difference(const reference::Array<double>& found, const std::vector<double>& expected) {
  return (found - row_of(expected)).abs().maxCoeff();
}

/// The circuit of a row of `random`, its angles the only operand.
circuit::Circuit circuit_of(const json& row) {
  circuit::Circuit result;
  result.qubits = row["qubits"];
  for (const json& gate : row["gates"]) {
    std::vector<circuit::Angle> angles;
    for (const json& slot : gate["angles"]) angles.push_back({0, slot.get<std::int64_t>(), 1, 0});
    result.operations.push_back(operation(gate["gate"].get<std::string>(), gate["qubits"], angles));
  }
  result.readout = all_z(result.qubits);
  return result;
}

/// The quantum bottleneck: RY(x), three layers of RZ, RY and a CNOT chain; operands x and w.
circuit::Circuit bottleneck(int qubits) {
  circuit::Circuit result;
  result.qubits = qubits;
  for (int q = 0; q < qubits; ++q) result.operations.push_back(operation("RY", {q}, {{0, q, 1, 0}}));
  for (int l = 0; l < 3; ++l) {
    for (int q = 0; q < qubits; ++q) {
      const std::int64_t w = 2 * (l * qubits + q);
      result.operations.push_back(operation("RZ", {q}, {{1, w, 1, 0}}));
      result.operations.push_back(operation("RY", {q}, {{1, w + 1, 1, 0}}));
    }
    for (int q = 0; q + 1 < qubits; ++q) result.operations.push_back(operation("CNOT", {q, q + 1}));
  }
  result.readout = all_z(qubits);
  return result;
}

/// sum of g_i z_i with the g of gates.json.
ValueId weighted(Graph& g, ValueId z) {
  Builder b(g);
  std::vector<double> weights;
  for (const float w : formula_vector(kStreamCotangent, graph::element_count(g.shape(z)))) weights.push_back(w);
  const ValueId sum = b.reduce_sum(b.multiply(z, b.constant(weights, graph::Shape(g.shape(z)))), {0});
  return g.varying(sum) ? b.batch_sum(sum) : sum;
}

}  // namespace

TEST_CASE("random circuits and their gradients are PennyLane's", "[reference][circuit]") {
  const bool varying = GENERATE(true, false);
  const json rows = gates_reference()["random"];
  for (const json& row : rows) {
    const std::vector<double> angles = row["angles"];
    const graph::Shape shape{static_cast<std::int64_t>(angles.size())};
    INFO(row["text"].get<std::string>());
    Graph g;
    Builder b(g);
    const ValueId a = varying ? b.input("a", {shape, true}) : b.param({"a"}, shape);
    Feed feed;
    (varying ? feed.inputs : feed.params)["a"] = row_of(angles);
    g.outputs.push_back({"z", b.circuit(circuit_of(row), {a})});
    CHECK(difference(reference::evaluate<double>(g, feed)[g.output("z")].value, row["z"]) < 1e-11);

    REQUIRE(passes::lower_circuits(g));
    const ValueId z = g.output("z"), angle = leaves(g)[0];
    const ValueId gradient = gradients(g, weighted(g, z), std::span(&angle, 1))[0];
    CHECK(graph::verify(g).empty());
    const std::vector<ValueId> wanted{z, gradient};
    const auto values = reference::evaluate<double>(g, feed, wanted);
    CHECK(difference(values[z].value, row["z"]) < 1e-11);
    CHECK(difference(values[gradient].value, row["dangles"]) < 1e-11);
  }
}

TEST_CASE("gradients of circuits with uniform and varying angles agree with central differences",
          "[differentiate][circuit]") {
  const unsigned seed = GENERATE(0u, 1u, 2u, 3u, 4u, 5u);
  const RandomCircuit random = random_circuit(3 + seed % 2, 14, seed);
  Graph g = graph_of(random.circuit, random.operands);
  const Feed feed = formula_feed(g, 3, 3);
  const auto direct = reference::evaluate<double>(g, feed)[g.output("y")];
  REQUIRE(passes::lower_circuits(g));
  const auto lowered = reference::evaluate<double>(g, feed)[g.output("y")];
  CHECK((direct.value - lowered.value).abs().maxCoeff() < 1e-12);
  INFO("seed " << seed);
  CHECK(compare_gradients(g, weighted(g, g.output("y")), feed, 16) == "");
}

TEST_CASE("a closed form differentiates like the state vector", "[differentiate][circuit]") {
  circuit::Circuit circuit = bottleneck(4);
  std::erase_if(circuit.operations, [](const auto& o) { return !o.angles.empty() && o.angles[0].operand == 1; });
  Graph g = graph_of(circuit, {Numbers(4), Numbers(1)});
  REQUIRE(passes::closed_form(g));
  CHECK(compare_gradients(g, weighted(g, g.output("y")), formula_feed(g, 3, 3)) == "");
}

TEST_CASE("what float does to circuits stays within the magnitude", "[reference][circuit]") {
  const unsigned seed = GENERATE(0u, 1u, 2u, 3u);
  const RandomCircuit random = random_circuit(5, 60, seed);
  Graph g = graph_of(random.circuit, random.operands);
  if (seed % 2) passes::lower_circuits(g);
  const Feed feed = formula_feed(g, 3, 3);
  reference::Feed<float> single;
  single.batch = feed.batch;
  for (const auto& [name, array] : feed.inputs) single.inputs[name] = array.cast<float>();
  std::vector<ValueId> wanted{g.output("y")};
  if (seed % 2)
    for (const ValueId id : gradients(g, weighted(g, wanted[0]), leaves(g))) wanted.push_back(id);
  const auto exact = reference::evaluate<double>(g, feed, wanted);
  const auto rounded = reference::evaluate<float>(g, single, wanted);
  for (const ValueId id : wanted) {
    const reference::Array<double> error = (rounded[id].value.cast<double>() - exact[id].value).abs();
    CHECK((error <= 4 * reference::float_epsilon * exact[id].magnitude).all());
    // Nor is the magnitude out of proportion: sixty gates on values of order 1.
    CHECK(exact[id].magnitude.maxCoeff() < 1e4);
  }
}

TEST_CASE("the quantum bottleneck's gradients are PennyLane's", "[reference][circuit]") {
  const json row = gates_reference()["quantum"];
  Graph g = graph_of(bottleneck(16), {Numbers(16), Numbers(96)});
  Feed feed;
  feed.inputs["x0"] = formula_array(row["x_stream"], 1, 16, std::numbers::pi);
  feed.inputs["x1"] = formula_array(row["w_stream"], 1, 96, std::numbers::pi, std::numbers::pi);
  REQUIRE(passes::lower_circuits(g));
  const ValueId z = g.output("y");
  std::vector<ValueId> wanted = gradients(g, weighted(g, z), leaves(g));
  wanted.push_back(z);
  const auto values = reference::evaluate<double>(g, feed, wanted);
  CHECK(difference(values[z].value, row["z"]) < 1e-11);
  CHECK(difference(values[wanted[0]].value, row["dx"]) < 1e-11);
  CHECK(difference(values[wanted[1]].value, row["dw"]) < 1e-11);
}
