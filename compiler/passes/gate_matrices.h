// Matrices of gates as graph values, from their rows in the gate table.
#pragma once

#include <span>
#include <vector>

#include "compiler/passes/batch_value.h"

namespace qiln::passes {

/// The entries of the matrices of like operations, row-major or, if `diagonal`, those on the diagonal: re and im of
/// each, one number for each operation.
std::vector<BatchValue> matrix_reals(BatchMath& math, std::span<const circuit::Operation* const> operations,
                                     std::span<const graph::ValueId> operands, bool diagonal);

/// The same for the diagonals that lists of phases, of the same masks in each, are on a register.
std::vector<BatchValue> phase_reals(BatchMath& math, std::span<const std::vector<circuit::Phase>> phases,
                                    std::span<const graph::ValueId> operands, int qubits);

}  // namespace qiln::passes
