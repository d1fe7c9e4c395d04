// Circuits: gates, registers, modifiers, angles and readouts.
#include <cmath>

#include "compiler/text/circuit_text.h"
#include "runtime/reference/evaluate.h"
#include "tests/compiler/elaborated.h"

using namespace qiln;

namespace {

/// The text of the first circuit in C's graph.
std::string printed(const std::string& text) {
  const auto net = Elaborated::text(text, "C");
  INFO(text);
  INFO(net.messages());
  REQUIRE(net.graph);
  REQUIRE(net.graph->circuits.size() == 1);
  return text::print(net.graph->circuits[0]);
}

std::string gates(const std::string& lines) {
  const std::string text = printed("circuit C(x: [3]) {\n  qubits q[3]\n" + lines + "\n  return expval(Z(q[0]))\n}\n");
  const std::size_t begin = text.find('\n') + 1, end = text.rfind("  read");
  return text.substr(begin, end - begin);
}

}  // namespace

TEST_CASE("angles stay affine in one element where they are", "[elaborate]") {
  CHECK(gates("RY(x[1]) q[0]") == "  %q0_1 = RY(%0[1]) %q0_0\n");
  CHECK(gates("RY(pi - 2 * x[1] / 4) q[0]") == "  %q0_1 = RY(-0.5*%0[1] + 3.141592653589793) %q0_0\n");
  CHECK(gates("RZ(0.5) q[0]") == "  %q0_1 = RZ(0.5) %q0_0\n");
  CHECK(gates("Rot(x[0], 1, -x[2]) q[1]") == "  %q1_1 = Rot(%0[0], 1, -1*%0[2]) %q1_0\n");
  const auto net =
      Elaborated::text("circuit C(x: [2]) {\n  qubits q\n  RX(x[0] * x[1]) q\n  return expval(Z(q))\n}\n", "C");
  INFO(net.messages());
  REQUIRE(net.graph);
  CHECK(net.graph->circuits[0].operations[0].angles == std::vector<circuit::Angle>{{0, 0, 1, 0}});
  CHECK(net.graph->nodes.back().op == Primitive::circuit);
}

TEST_CASE("a register stands for each of its qubits", "[elaborate]") {
  CHECK(gates("H q") == "  %q0_1 = H %q0_0\n  %q1_1 = H %q1_0\n  %q2_1 = H %q2_0\n");
  CHECK(gates("RY(x) q") == "  %q0_1 = RY(%0[0]) %q0_0\n  %q1_1 = RY(%0[1]) %q1_0\n  %q2_1 = RY(%0[2]) %q2_0\n");
  CHECK(gates("CNOT q[0], q[1..3]") == "  %q0_1, %q1_1 = CNOT %q0_0, %q1_0\n  %q0_2, %q2_1 = CNOT %q0_1, %q2_0\n");
  CHECK(gates("qubits a[2]\nCX a, q[0] ++ q[2]") ==
        "  %q3_1, %q0_1 = CNOT %q3_0, %q0_0\n  %q4_1, %q2_1 = CNOT %q4_0, %q2_0\n");
}

TEST_CASE("modifiers multiply out", "[elaborate]") {
  CHECK(gates("inv @ S q[0]") == "  %q0_1 = inv @ S %q0_0\n");
  CHECK(gates("inv @ inv @ S q[0]") == "  %q0_1 = S %q0_0\n");
  CHECK(gates("ctrl @ ctrl @ X q[0], q[1], q[2]") == "  %q0_1, %q1_1, %q2_1 = ctrl(2) @ X %q0_0, %q1_0, %q2_0\n");
  CHECK(gates("pow(2) @ T q[0]") == "  %q0_1 = T %q0_0\n  %q0_2 = T %q0_1\n");
  CHECK(gates("pow(0.5) @ RX(x[0]) q[0]") == "  %q0_1 = RX(0.5*%0[0]) %q0_0\n");
  CHECK(gates("pow(-1) @ RX(1) q[0]") == "  %q0_1 = inv @ RX(1) %q0_0\n");
}

TEST_CASE("gates of the language are inlined", "[elaborate]") {
  const std::string bell =
      "gate bell(a) r, s { RY(a) r\n CNOT r, s }\n"
      "gate pairs(w: [n]) d[n] { for i in 0..n { RZ(w[i]) d[i] } }\n"
      "circuit C(x: [3]) {\n  qubits q[3]\n";
  const std::string end = "\n  return expval(Z(q[0]))\n}\n";
  auto lines = [&](const std::string& body) {
    const std::string text = printed(bell + body + end);
    const std::size_t begin = text.find('\n') + 1;
    return text.substr(begin, text.rfind("  read") - begin);
  };
  CHECK(lines("bell(x[2]) q[0], q[1]") == "  %q0_1 = RY(%0[2]) %q0_0\n  %q0_2, %q1_1 = CNOT %q0_1, %q1_0\n");
  CHECK(lines("inv @ bell(0.5) q[0], q[1]") ==
        "  %q0_1, %q1_1 = inv @ CNOT %q0_0, %q1_0\n  %q0_2 = inv @ RY(0.5) %q0_1\n");
  CHECK(lines("ctrl @ bell(0.5) q[2], q[0], q[1]") ==
        "  %q2_1, %q0_1 = ctrl(1) @ RY(0.5) %q2_0, %q0_0\n"
        "  %q2_2, %q0_2, %q1_1 = ctrl(1) @ CNOT %q2_1, %q0_1, %q1_0\n");
  CHECK(lines("pairs(x[0..2]) q[1..3]") == "  %q1_1 = RZ(%0[0]) %q1_0\n  %q2_1 = RZ(%0[1]) %q2_0\n");
  CHECK(lines("angle_encode(x) q") ==
        "  %q0_1 = RY(%0[0]) %q0_0\n  %q1_1 = RY(%0[1]) %q1_0\n  %q2_1 = RY(%0[2]) %q2_0\n");
}

TEST_CASE("readouts are sums of Pauli products", "[elaborate]") {
  auto read = [](const std::string& readout) {
    const std::string text = printed("circuit C(x: [3]) {\n  qubits q[3]\n  RY(x) q\n  return " + readout + "\n}\n");
    const std::size_t begin = text.rfind("  read ") + 7;
    return text.substr(begin, text.size() - begin - 3);
  };
  CHECK(read("expval(Z(q))") == "[Z0, Z1, Z2]");
  CHECK(read("expval(sum[i in 0..2] Z(q[i]) * Z(q[i + 1]) + 0.5 * X(q[0]))") == "[Z0*Z1 + Z1*Z2 + 0.5*X0]");
  CHECK(read("concat(expval(Z(q[2])), expval(1 - Y(q[0]) / 2))") == "[Z2, 1 + -0.5*Y0]");
  CHECK(read("expval(X(q[0]) * X(q[0]))") == "[1]");
}

TEST_CASE("a circuit maps over leading axes and shares its parameters", "[elaborate]") {
  const auto net = Elaborated::text(
      "circuit R(x: [2]) -> [2] {\n  param w: [2]\n  qubits q[2]\n  RY(x) q\n  RY(w) q\n  return expval(Z(q))\n}\n"
      "net N(x: [3, 2]) -> [3, 2] { return R(x) }\n");
  INFO(net.messages());
  REQUIRE(net.graph);
  CHECK(net.params() == std::map<std::string, graph::Shape>{{"out.R.w", {2}}});
  reference::Feed<double> feed;
  feed.inputs["x"] = reference::Array<double>(1, 6);
  feed.inputs["x"] << 0.1, 0.2, 0.3, 0.4, 0.5, 0.6;
  feed.params["out.R.w"] = reference::Array<double>(1, 2);
  feed.params["out.R.w"] << 1, 2;
  const auto values = reference::evaluate(*net.graph, feed);
  const auto& y = values[net.graph->output("out")].value;
  REQUIRE(y.cols() == 6);
  for (int i = 0; i < 6; ++i) CHECK(y(0, i) == Approx(std::cos(0.1 * (i + 1) + (i % 2 ? 2 : 1))).epsilon(1e-12));
}
