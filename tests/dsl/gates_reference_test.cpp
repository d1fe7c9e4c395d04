// The gate table against PennyLane's matrices (tests/reference/gates.json), and the shared formula against its angles.
#include <algorithm>
#include <fstream>
#include <nlohmann/json.hpp>
#include <string>

#include "dsl/gates.h"
#include "tests/catch.h"
#include "tests/reference/formula.h"

namespace qiln {
namespace {

nlohmann::json reference() {
  std::ifstream file(QILN_SOURCE_DIR "/tests/reference/gates.json");
  REQUIRE(file);
  return nlohmann::json::parse(file);
}

TEST_CASE("every gate has PennyLane's matrix") {
  const auto rows = reference().at("matrices");
  for (const auto& row : rows) {
    const auto name = row.at("gate").get<std::string>();
    INFO(name);
    const auto id = gate_named(name);
    REQUIRE(id);
    const auto angles = row.at("angles").get<std::vector<double>>();
    const auto re = row.at("re").get<std::vector<double>>();
    const auto im = row.at("im").get<std::vector<double>>();
    const auto matrix = gate_matrix(*id, angles);
    REQUIRE(gate(*id).qubits() == row.at("qubits").get<int>());
    REQUIRE(matrix.size() == re.size());
    double worst = 0;
    for (std::size_t k = 0; k < matrix.size(); ++k)
      worst = std::max(worst, std::abs(matrix[k] - std::complex<double>(re[k], im[k])));
    CHECK(worst < 1e-14);  // a few roundings of double
  }
  for (const GateRow& row : gates()) {
    INFO(std::string(row.name));
    CHECK(std::any_of(rows.begin(), rows.end(), [&](const auto& known) { return known.at("gate") == row.name; }));
  }
}

TEST_CASE("the formula of the reference scripts gives the same floats here") {
  constexpr float pi = 3.14159265358979F;
  const auto circuits = reference().at("random");
  for (const auto& circuit : circuits) {
    const auto angles = circuit.at("angles").get<std::vector<double>>();
    const auto here = test::formula_vector(circuit.at("angle_stream").get<std::uint32_t>(), angles.size(), pi);
    for (std::size_t k = 0; k < angles.size(); ++k) CHECK(here[k] == angles[k]);
  }
}

}  // namespace
}  // namespace qiln
