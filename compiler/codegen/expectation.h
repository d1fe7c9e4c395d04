// Expectation values of Pauli sums in a lane-vector state, and their cotangents.
#pragma once

#include "compiler/codegen/lane_builder.h"

namespace qiln::codegen {

/// (state) -> [readings], of part `part` of `parts` of the amplitudes, into `result`. Strings of Z are summed for 16
/// amplitudes at a time by a Walsh-Hadamard transform of their probabilities.
void emit_expval(LaneBuilder& builder, llvm::Value* part, int parts, llvm::Value* result);

/// (state, cotangents of the readings) -> cotangent of the state: 2 * sum over j of c_j O_j psi, of such a part.
void emit_expval_adjoint(LaneBuilder& builder, llvm::Value* part, int parts);

}  // namespace qiln::codegen
