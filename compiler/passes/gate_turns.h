// Gates as turns about the y and z axes, from their rows in the gate table, up to a phase of the whole state.
#pragma once

#include <optional>
#include <vector>

#include "compiler/circuit/circuit.h"

namespace qiln::passes {

/// A one-qubit operation as RZ, RY, RZ, the first acting first; turns by nothing are left out. Nothing for a matrix
/// that is not of the form e^{i a} RZ(w) RY(t) RZ(p) with t an angle of the gate or a constant.
std::optional<std::vector<circuit::Turn>> turns_of(const circuit::Operation& operation);

/// A diagonal operation as phases; bit i of a mask is qubit `operation.qubits[k - 1 - i]` of its k. Nothing for
/// another.
std::optional<std::vector<circuit::Phase>> phases_of(const circuit::Operation& operation);

}  // namespace qiln::passes
