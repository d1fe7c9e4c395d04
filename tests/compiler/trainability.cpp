// Gradient variances and quantum Fisher information against PennyLane.
#include "compiler/circuit/trainability.h"

#include <cmath>
#include <fstream>
#include <nlohmann/json.hpp>
#include <numbers>

#include "tests/catch.h"
#include "tests/compiler/circuit_support.h"

namespace qiln {
namespace {

using circuit::Circuit;
using test::Numbers;
using test::operation;

Circuit strongly_entangling(int n, int layers, const std::string& encoding) {
  Circuit circuit;
  circuit.qubits = n;
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

circuit::OperandValues draw(std::mt19937_64& random, std::size_t inputs, std::size_t weights) {
  auto uniform = [&] { return static_cast<double>(random() >> 11) * 0x1p-53; };
  circuit::OperandValues values{Numbers(inputs), Numbers(weights)};
  for (double& x : values[0]) x = (2 * uniform() - 1) * std::numbers::pi;
  for (double& w : values[1]) w = 2 * std::numbers::pi * uniform();
  return values;
}

TEST_CASE("Fisher information and gradient variances are PennyLane's") {
  std::ifstream file(QILN_SOURCE_DIR "/tests/reference/trainability.json");
  const auto reference = nlohmann::json::parse(file);
  REQUIRE(reference.size() >= 4);
  for (const auto& row : reference) {
    INFO(row["name"]);
    const Circuit circuit = strongly_entangling(row["qubits"], row["layers"], row["encoding"]);
    const circuit::OperandValues values{row["x"].get<Numbers>(), row["w"].get<Numbers>()};
    circuit::Variables variables;
    for (std::size_t e = 0; e < values[1].size(); ++e) variables.push_back({1, static_cast<std::int64_t>(e)});
    const auto fisher = quantum_fisher_information(circuit, values, variables);
    CHECK(circuit::rank(fisher) == row["rank"].get<int>());
    if (row.contains("fisher")) {
      const auto expected = row["fisher"].get<Numbers>();
      REQUIRE(expected.size() == fisher.size());
      for (std::size_t i = 0; i < fisher.size(); ++i) CHECK(std::abs(fisher[i] - expected[i]) < 1e-10);
    }
    const auto found = trainability(
        circuit, variables, [&](std::mt19937_64& random) { return draw(random, values[0].size(), values[1].size()); });
    CHECK(found.initialisations == 256);
    CHECK(found.rank == row["rank"].get<int>());
    const auto variance = row["variance"].get<Numbers>();
    double mean = 0, expected = 0;
    for (std::size_t v = 0; v < variance.size(); ++v) {
      CHECK((found.variance[v] < 1e-18) == (variance[v] < 1e-18));
      mean += found.variance[v] / static_cast<double>(variance.size());
      expected += variance[v] / static_cast<double>(variance.size());
    }
    // 256 and 4000 draws: the variance of one is known to some 10 %, their mean over the weights better.
    CHECK(std::abs(mean / expected - 1) < 0.1);
  }
}

TEST_CASE("one turn has the variance of its sine, and a redundant one no rank") {
  Circuit circuit;
  circuit.qubits = 1;
  circuit.operations = {operation("RY", {0}, {{1, 0, 1, 0}}), operation("RY", {0}, {{1, 1, 1, 0}})};
  circuit.readout = test::all_z(1);
  const auto found =
      trainability(circuit, {{1, 0}, {1, 1}}, [](std::mt19937_64& random) { return draw(random, 1, 2); });
  CHECK(found.rank == 1);
  CHECK(std::abs(found.variance[0] - 0.5) < 0.1);  // 256 draws: three times sqrt(1 / 8 / 256)
  const auto fisher = quantum_fisher_information(circuit, {{0}, {0.3, 0.4}}, {{1, 0}, {1, 1}});
  for (double f : fisher) CHECK(std::abs(f - 1) < 1e-12);
}

}  // namespace
}  // namespace qiln
