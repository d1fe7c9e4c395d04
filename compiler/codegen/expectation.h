// Expectation values of Pauli sums in a lane-vector state, and their cotangents.
#pragma once

#include "compiler/codegen/lane_builder.h"

namespace qiln::codegen {

/// (state) -> [readings]. Strings of Z are summed for 16 amplitudes at a time by a Walsh-Hadamard transform of their
/// probabilities.
void emit_expval(LaneBuilder& builder);

/// (state, cotangents of the readings) -> cotangent of the state: 2 * sum over j of c_j O_j psi.
void emit_expval_adjoint(LaneBuilder& builder);

}  // namespace qiln::codegen
