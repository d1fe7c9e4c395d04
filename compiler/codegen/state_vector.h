// The state-vector emitter: block programs on lane-vector states, forwards and backwards, and expectation values. The
// sequence of blocks is a table that the kernel walks; each kind of block is one function, so that the code does not
// grow with depth.
#pragma once

#include "compiler/codegen/lane_builder.h"
#include "compiler/codegen/tiles.h"

namespace qiln::codegen {

/// Emits a nest of the kinds phase_tables, apply_blocks, apply_blocks_adjoint, expval, expval_adjoint into the
/// builder's function. Scratch buffers hold one state each, one for apply_blocks, four for its adjoint, and the one
/// behind them what kernel::area_elements counts. Threads share states beyond the second-level cache: a stage for each
/// sweep, and in it a tile for each part. Throws Error for a block on more than kernel::max_block_qubits qubits.
Tiles emit_state_vector(LaneBuilder& builder);

}  // namespace qiln::codegen
