// What can and cannot influence the results of a circuit: known answers, and soundness on random circuits.
#include "compiler/circuit/influence.h"

#include <algorithm>
#include <fstream>
#include <nlohmann/json.hpp>

#include "compiler/circuit/dense.h"
#include "compiler/circuit/stabilisers.h"
#include "tests/catch.h"
#include "tests/compiler/circuit_support.h"

namespace qiln {
namespace {

using circuit::Circuit;
using circuit::DeadReason;
using test::Numbers;
using test::operation;

Circuit reading(int qubits, std::vector<circuit::Operation> operations, std::vector<circuit::Observable> readout) {
  Circuit circuit;
  circuit.qubits = qubits;
  circuit.operations = std::move(operations);
  circuit.readout = std::move(readout);
  return circuit;
}

/// PennyLane's StronglyEntanglingLayers (ranges 1, 2, 3, 1, ...) after an encoding gate on each qubit.
Circuit strongly_entangling(int n, int layers, const std::string& encoding) {
  std::vector<circuit::Operation> operations;
  if (!encoding.empty())
    for (int i = 0; i < n; ++i) operations.push_back(operation(encoding, {i}, {{0, i, 1, 0}}));
  for (int l = 0; l < layers; ++l) {
    for (int i = 0; i < n; ++i) {
      const std::int64_t e = (l * n + i) * 3;
      operations.push_back(operation("Rot", {i}, {{1, e, 1, 0}, {1, e + 1, 1, 0}, {1, e + 2, 1, 0}}));
    }
    const int range = l % (n - 1) + 1;
    for (int i = 0; i < n; ++i) operations.push_back(operation("CNOT", {i, (i + range) % n}));
  }
  return reading(n, operations, test::all_z(n));
}

std::vector<std::int64_t> dead_of(const Circuit& circuit, const std::vector<std::int64_t>& sizes, int operand) {
  std::vector<std::int64_t> result;
  for (const auto& element : dead_elements(circuit, sizes))
    if (element.operand == operand) result.push_back(element.element);
  return result;
}

/// The reason for the one angle of the last gate, if it is dead.
std::optional<DeadReason> why_last(std::vector<circuit::Operation> before, circuit::Operation last,
                                   std::vector<circuit::Operation> after, circuit::Observable read, int qubits = 2) {
  last.angles = {{0, 0, 1, 0}};
  before.push_back(last);
  before.insert(before.end(), after.begin(), after.end());
  const auto dead = dead_elements(reading(qubits, before, {read}), {1, 4});
  for (const auto& element : dead)
    if (element.operand == 0) return element.reason;
  return std::nullopt;
}

TEST_CASE("dead weights and inputs are those whose derivative PennyLane finds to be zero") {
  std::ifstream file(QILN_SOURCE_DIR "/tests/reference/dead.json");
  const auto reference = nlohmann::json::parse(file);
  REQUIRE(reference.size() >= 4);
  for (const auto& row : reference) {
    INFO(row["name"]);
    Circuit circuit = strongly_entangling(row["qubits"], row["layers"], row["encoding"]);
    circuit.readout.resize(row["read"].get<std::size_t>());
    const std::vector<std::int64_t> sizes{row["qubits"].get<std::int64_t>(),
                                          3 * row["layers"].get<std::int64_t>() * row["qubits"].get<std::int64_t>()};
    const auto dead = dead_elements(circuit, sizes);
    if (!row["encoding"].get<std::string>().empty())
      CHECK(dead_of(circuit, sizes, 0) == row["dead_inputs"].get<std::vector<std::int64_t>>());
    CHECK(dead_of(circuit, sizes, 1) == row["dead_weights"].get<std::vector<std::int64_t>>());
    CHECK(doubtful_elements(circuit, sizes, dead).empty());
  }
}

TEST_CASE("what is proven dead never has a gradient, and nearly all that has none is proven") {
  int dead_count = 0, suspects = 0;
  for (unsigned seed = 0; seed < 80; ++seed) {
    const int n = 2 + static_cast<int>(seed % 5);
    auto random = test::random_circuit(n, 3 + 2 * n, seed);
    if (seed % 2) random.circuit.readout.resize(1);
    if (seed % 5 == 0) random.circuit.probabilities = {{0, 1}};
    INFO("seed " << seed);
    const std::vector<std::int64_t> sizes{16, 16};
    const auto dead = dead_elements(random.circuit, sizes);
    Numbers weights(random.circuit.outputs(), 1);
    for (std::size_t i = 0; i < weights.size(); ++i) weights[i] += 0.1 * static_cast<double>(i);
    const auto slopes = circuit::gradient(random.circuit, random.operands, weights);
    for (const auto& element : dead) CHECK(std::abs(slopes[element.operand][element.element]) < 1e-9);
    for (const auto& element : dead) dead_count += element.reason != DeadReason::unused;
    for (const auto& element : doubtful_elements(random.circuit, sizes, dead)) suspects += element.suspect;
  }
  CHECK(dead_count > 100);
  CHECK(suspects * 10 < dead_count);
}

TEST_CASE("stabilisers say what the state's expectations say") {
  for (unsigned seed = 0; seed < 60; ++seed) {
    const int n = 2 + static_cast<int>(seed % 4);
    const auto random = test::random_circuit(n, 2 + n, seed);
    circuit::HeisenbergActions actions;
    circuit::Stabilisers known(random.circuit);
    for (const auto& each : random.circuit.operations) known.apply(each, actions);
    Circuit all = random.circuit;
    all.readout.clear();
    const std::size_t strings = std::size_t{1} << (2 * n);
    for (std::size_t c = 0; c < strings; ++c) {
      const auto string = circuit::decode(c, n);
      all.readout.push_back({{1, string.x, string.z}});
    }
    const Numbers expectations = test::simulate(all, random.operands);
    for (std::size_t c = 0; c < strings; ++c) {
      const auto string = circuit::decode(c, n);
      const auto reduced = known.reduce(string);
      INFO("seed " << seed << ", string " << c);
      if (known.opposes(string))
        CHECK(std::abs(expectations[c]) < 1e-9);
      else if (reduced.string.identity())
        CHECK(std::abs(expectations[c] - (reduced.power == 0 ? 1 : -1)) < 1e-9);
    }
  }
}

TEST_CASE("the two ends meet") {
  const circuit::Observable z0{{1, 0, 0b10}}, x0{{1, 0b10, 0}}, y0{{1, 0b10, 0b10}};
  CHECK(why_last({operation("H", {0})}, operation("RX", {0}), {operation("T", {0})}, x0) == DeadReason::eigenstate);
  CHECK(why_last({operation("H", {0})}, operation("RZ", {0}), {}, x0) == std::nullopt);
  CHECK(why_last({operation("H", {1})}, operation("CRZ", {0, 1}), {}, {{1, 0b01, 0}}) == DeadReason::global_phase);
  // A Bell state is an eigenstate of X X, whatever follows.
  CHECK(why_last({operation("H", {0}), operation("CNOT", {0, 1})}, operation("RXX", {0, 1}), {operation("T", {0})},
                 x0) == DeadReason::eigenstate);
  // Turning <Z> of one half of a Bell state into <Y> of it changes nothing: both are zero.
  CHECK(why_last({operation("H", {0}), operation("CNOT", {0, 1})}, operation("RX", {0}), {}, z0) ==
        DeadReason::vanishes);
  CHECK(why_last({operation("RY", {0}, {{1, 0, 1, 0}})}, operation("RZ", {0}), {}, z0) == DeadReason::diagonal);
  CHECK(why_last({operation("RY", {0}, {{1, 0, 1, 0}})}, operation("RX", {0}), {}, z0) == std::nullopt);
}

TEST_CASE("beyond the reach of the proof it is said that there is none") {
  // Thirty qubits, entangled and turned often enough that the observables become too many strings to keep.
  const Circuit wide = strongly_entangling(30, 4, "RX");
  const std::vector<std::int64_t> sizes{30, 360};
  const auto dead = dead_elements(wide, sizes);
  const auto doubtful = doubtful_elements(wide, sizes, dead);
  REQUIRE_FALSE(doubtful.empty());
  for (const auto& element : doubtful) CHECK_FALSE(element.suspect);
  // The last angle of each Rot in front of the readout is dead all the same.
  CHECK(dead.size() >= 30);
}

TEST_CASE("what cancels is a suspect, not proven") {
  // The same angle forwards and backwards about a gate that commutes with the product only.
  Circuit circuit = reading(1,
                            {operation("RY", {0}, {{1, 0, 1, 0}}), operation("RX", {0}, {{0, 0, 1, 0}}),
                             operation("RX", {0}, {{0, 0, -1, 0}})},
                            {{{1, 0, 1}}});
  const auto dead = dead_elements(circuit, {1, 1});
  CHECK(dead.empty());
  CHECK(doubtful_elements(circuit, {1, 1}, dead) == std::vector<circuit::DoubtfulElement>{{0, 0, true}});
}

}  // namespace
}  // namespace qiln
