// What the pictures of a circuit have in common: a circuit with the names of its angles, and the words for its parts.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "compiler/circuit/circuit.h"

namespace qiln::report {

struct CircuitDrawing {
  const circuit::Circuit* circuit = nullptr;
  std::vector<std::string> operands;              // what each operand is called, as "w"
  std::vector<std::vector<std::int64_t>> shapes;  // and its shape, without places
  std::vector<bool> dead;                         // one an operation: none of its angles can influence a reading
};

/// "w[0,3]", "2 x[1] + 0.5", "π/2", "0.1".
std::string angle_text(const CircuitDrawing& drawing, const circuit::Angle& angle);

/// "RY(x[0])": a gate's own name and angles, without its controls.
std::string operation_text(const CircuitDrawing& drawing, const circuit::Operation& operation);

/// What stands at the end of each wire, and what is listed instead.
struct Readings {
  std::vector<std::string> at_wire;
  std::vector<std::string> listed;
};

Readings readings(const circuit::Circuit& circuit);

/// How many columns of a terminal UTF-8 text takes; every sign used in drawings takes one.
int columns_of(std::string_view text);

}  // namespace qiln::report
