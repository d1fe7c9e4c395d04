#include "runtime/report/circuit_drawing.h"

#include <string>

#include "compiler/circuit/layout.h"
#include "tests/catch.h"

namespace qiln {
namespace {

using circuit::Angle;
using circuit::Circuit;
using circuit::Operation;

Operation operation(const char* name, std::vector<std::int32_t> qubits, std::vector<Angle> angles = {}) {
  Operation result;
  result.gate = *gate_named(name);
  result.qubits = std::move(qubits);
  result.angles = std::move(angles);
  return result;
}

/// RY, CNOT over an idle wire, RZ that Z does not see.
Circuit example() {
  Circuit circuit;
  circuit.name = "Example";
  circuit.qubits = 3;
  circuit.operations = {operation("RY", {0}, {{0, 4, 1, 0}}), operation("CNOT", {0, 2}),
                        operation("RZ", {2}, {{-1, 0, 1, 1.5707963267948966}}), operation("SWAP", {1, 2})};
  circuit.readout = {{{1, 0, 4}}, {{0.5, 4, 1}, {-1, 0, 2}}};
  return circuit;
}

report::CircuitDrawing drawing_of(const Circuit& circuit) {
  return {&circuit, {"w"}, {{2, 3}}, {false, false, true, false}};
}

}  // namespace

TEST_CASE("gates stand in the first column where their wires are free") {
  const Circuit circuit = example();
  const circuit::Layout layout = circuit::layout(circuit);
  CHECK(layout.columns == 4);
  CHECK(layout.places[1].column == 1);
  CHECK(layout.places[1].top == 0);
  CHECK(layout.places[1].bottom == 2);
  CHECK(layout.places[3].column == 3);
  CHECK(circuit::depth(circuit) == 4);
}

TEST_CASE("a circuit is drawn as text") {
  const Circuit circuit = example();
  const std::string expected =
      "q0 ─RY(w[1,1])─╭●──────────────┤ ⟨Z⟩\n"
      "q1 ────────────│────────────╭×─\n"
      "q2 ────────────╰⊕─~RZ(π/2)~─╰×─\n"
      "\nreads ⟨0.5 X0 Z2 - Z1⟩\n"
      "\n~gate~: proven to have no influence on any reading\n";
  CHECK(report::draw_text(drawing_of(circuit), 100, false) == expected);
}

TEST_CASE("a narrow terminal gets bands") {
  const Circuit circuit = example();
  const std::string text = report::draw_text(drawing_of(circuit), 24, false);
  CHECK(text.find("q0 ─RY(w[1,1])─╭●─…\n") == 0);
  CHECK(text.find("\nq0 …─") != std::string::npos);
}

TEST_CASE("angles are written as a person would") {
  const Circuit circuit = example();
  const auto drawing = drawing_of(circuit);
  CHECK(report::angle_text(drawing, {0, 0, 1, 0}) == "w[0,0]");
  CHECK(report::angle_text(drawing, {0, 5, -1, 0}) == "-w[1,2]");
  CHECK(report::angle_text(drawing, {0, 5, 0.5, -3.14159265358979}) == "0.5 w[1,2] - π");
  CHECK(report::angle_text(drawing, {-1, 0, 1, 0.1}) == "0.1");
  CHECK(report::angle_text(drawing, {-1, 0, 1, -1.5707963267948966}) == "-π/2");
}

TEST_CASE("an SVG drawing holds every gate once and greys the dead") {
  const Circuit circuit = example();
  const std::string svg = report::draw_svg(drawing_of(circuit));
  auto count = [&](const std::string& what) {
    int found = 0;
    for (auto at = svg.find(what); at != std::string::npos; at = svg.find(what, at + 1)) ++found;
    return found;
  };
  CHECK(svg.starts_with("<svg "));
  CHECK(svg.ends_with("</svg>\n"));
  CHECK(count("<g>") == 4);
  CHECK(count("</g>") == 4);
  CHECK(count(">RY(w[1,1])</text>") == 1);
  CHECK(count("<title>proven") == 1);
}

}  // namespace qiln
