// The state-vector emitter: block programs on lane-vector states, forwards and backwards, and expectation values. The
// sequence of blocks is a table that the kernel walks; each kind of block is one function, so that the code does not
// grow with depth.
#pragma once

#include "compiler/codegen/lane_builder.h"

namespace qiln::codegen {

/// Emits a nest of the kinds phase_tables, apply_blocks, apply_blocks_adjoint, expval, expval_adjoint into the
/// builder's function; returns the number of tiles. Scratch buffers hold one state each, one for apply_blocks, four for
/// its adjoint, and the last one the numbers of kernel::TurnArea. Throws Error for a block on more than
/// kernel::max_block_qubits qubits.
std::int64_t emit_state_vector(LaneBuilder& builder);

}  // namespace qiln::codegen
