// Neighbouring blocks of shared angles become one dense block, where that is cheaper.
#pragma once

#include "compiler/passes/block_cost.h"
#include "compiler/passes/fused_block.h"

namespace qiln::passes {

/// The same blocks, with products in place of runs of neighbours that act on at most `most` qubits, have no angle but
/// shared ones, and cost more than their product (block_cost.h), whose code counts too. Parts of a product are in an
/// order that depends on its structure only, and turns of a qubit that meet are one part. The first `fixed` blocks stay
/// where they are. Products are made once a step, so angles of samples or places would not do.
std::vector<FusedBlock> fuse_gates(std::vector<FusedBlock> blocks, int qubits, const std::vector<bool>& shared,
                                   std::size_t fixed, int most, const BlockCost& cost);

/// Equal for products that are one formula of different angles.
std::vector<std::int64_t> structure_of(const FusedBlock& product);

}  // namespace qiln::passes
