// Noise as it is written: where channels, measurements and noise models end up in the circuit.
#include <fstream>
#include <nlohmann/json.hpp>

#include "compiler/text/circuit_text.h"
#include "tests/compiler/circuit_support.h"
#include "tests/compiler/elaborated.h"

using namespace qiln;
using nlohmann::json;

namespace {

/// The operations of the circuit that net N calls first.
std::string operations(const std::string& text) {
  const auto net = Elaborated::text(text);
  INFO(net.messages());
  REQUIRE(net.graph);
  const std::string printed = text::print(net.graph->circuits.at(0));
  const std::size_t begin = printed.find('\n') + 1;
  return printed.substr(begin, printed.rfind("  read") - begin);
}

std::string body(const std::string& lines, const char* call = "C(x)") {
  return "circuit C(x: [3]) {\n  param p: [] ~ 0.1\n  qubits q[2]\n" + lines +
         "\n  return expval(Z(q))\n}\nnet N(x: [3]) { return " + call + " }\n";
}

}  // namespace

TEST_CASE("channels take registers, formulas and tensors", "[elaborate][noise]") {
  CHECK(operations(body("RY(x[0]) q[1]\ndepolarize(0.1) q[1]\nreset q")) ==
        "  %q1_1 = RY(%0[0]) %q1_0\n  %q1_2 = depolarize(0.1) %q1_1\n  %q0_1 = reset %q0_0\n  %q1_3 = reset %q1_2\n");
  CHECK(operations(
            body("amplitude_damp(p) q[0]\nreadout_error(p10 = 0.1, p01 = x[1]) q[0]", "C(x, simulate = density)")) ==
        "  %q0_1 = amplitude_damp(%0[0]) %q0_0\n  %q0_2 = readout_error(%1[1], 0.1) %q0_1\n");
  CHECK(operations(body("bit_flip(x[0..2]) q", "C(x, simulate = density)")) ==
        "  %q0_1 = bit_flip(%0[0]) %q0_0\n  %q1_1 = bit_flip(%0[1]) %q1_0\n");
}

TEST_CASE("a noise model holds for the whole circuit, but not for measurements", "[elaborate][noise]") {
  CHECK(operations(body("H q[0]\nCNOT q[0], q[1]\nm = measure q[0]\nwhen m { X q[1] }\n"
                        "noise_model { after 1q: bit_flip(0.1), after 2q: phase_flip(0.2)\n before readout: "
                        "phase_damp(0.3) }")) ==
        "  %q0_1 = H %q0_0\n  %q0_2 = bit_flip(0.1) %q0_1\n"
        "  %q0_3, %q1_1 = CNOT %q0_2, %q1_0\n  %q0_4 = phase_flip(0.2) %q0_3\n  %q1_2 = phase_flip(0.2) %q1_1\n"
        "  %q0_5, %q2_1 = CNOT %q0_4, %q2_0\n"
        "  %q2_2, %q1_3 = ctrl(1) @ X %q2_1, %q1_2\n  %q1_4 = bit_flip(0.1) %q1_3\n"
        "  %q0_6 = phase_damp(0.3) %q0_5\n  %q1_5 = phase_damp(0.3) %q1_4\n");
}

TEST_CASE("several bits are conditions together, and are read like qubits", "[elaborate][noise]") {
  const auto net = Elaborated::text(
      "circuit C(x: [1]) {\n  qubits q[2], a\n  RY(x[0]) q\n  m = measure q\n  when m { X a }\n  when m[1] { Z a }\n"
      "  return expval(Z(m))\n}\nnet N(x: [1]) { return C(x) }\n");
  INFO(net.messages());
  REQUIRE(net.graph);
  const auto& circuit = net.graph->circuits.at(0);
  CHECK(circuit.qubits == 5);
  REQUIRE(circuit.operations.size() == 6);
  CHECK(circuit.operations[4].qubits == std::vector<std::int32_t>{3, 4, 2});
  CHECK(circuit.operations[4].controls == 2);
  CHECK(circuit.operations[5].qubits == std::vector<std::int32_t>{4, 2});
  CHECK(circuit.readout == std::vector<circuit::Observable>{{{1, 0, 0b10}}, {{1, 0, 0b01}}});
}

TEST_CASE("the reference's noisy circuits read as they were listed", "[elaborate][noise]") {
  const json reference = json::parse(std::ifstream(QILN_SOURCE_DIR "/tests/reference/channels.json"));
  int number = 0;
  for (const json& row : reference["random"]) {
    const std::string count = std::to_string(row["x"].size());
    const auto net = Elaborated::text(row["text"].get<std::string>() + "net N(x: [" + count + "]) { return Noisy" +
                                      std::to_string(number++) + "(x, simulate = density) }\n");
    INFO(net.messages());
    REQUIRE(net.graph);
    const auto& circuit = net.graph->circuits.at(0);
    CHECK(circuit.simulation == circuit::Simulation::density);
    REQUIRE(circuit.operations.size() == row["operations"].size());
    for (std::size_t k = 0; k < circuit.operations.size(); ++k) {
      const json& listed = row["operations"][k];
      CHECK(std::string(circuit.operations[k].name()) == listed["name"].get<std::string>());
      CHECK(circuit.operations[k].qubits == listed["qubits"].get<std::vector<std::int32_t>>());
      std::vector<std::int64_t> slots;
      for (const auto& angle : circuit.operations[k].angles) slots.push_back(angle.element);
      CHECK(slots == listed["parameters"].get<std::vector<std::int64_t>>());
    }
    CHECK(circuit.outputs() == static_cast<std::int64_t>(row["y"].size()));
  }
}
