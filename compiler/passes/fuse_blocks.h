// From gates to blocks: what one step on the state vector does.
#pragma once

#include "compiler/passes/block_cost.h"
#include "compiler/passes/fused_block.h"

namespace qiln::passes {

/// The circuit's gates as blocks (gate_blocks.h), of which neighbours are fused (fuse_gates.h) on at most none, 2, 3 or
/// 4 qubits, whichever gives the cheapest program once permutations are absorbed (absorb_permutations.h) and diagonals
/// collected (collect_diagonals.h). `shared` says of each operand whether it is one for all samples and places. The
/// blocks point into `circuit`.
std::vector<FusedBlock> fuse_blocks(const circuit::Circuit& circuit, const std::vector<bool>& shared, Purpose purpose);

}  // namespace qiln::passes
