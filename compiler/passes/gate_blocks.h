// Gates as blocks, one after the other.
#pragma once

#include "compiler/passes/fused_block.h"

namespace qiln::passes {

/// Each CNOT, SWAP or X is a permutation. One-qubit gates are turns about y and z: those that find their qubit in |0>
/// stay together and stand in front of all else (they make a product state), the others come apart into turns about y,
/// block by block, and, where their angle is shared, phases, which diagonal gates of shared angles are too. Every other
/// gate is a block. `shared` says of each operand whether it is one for all samples and places. The blocks point into
/// `circuit`.
std::vector<FusedBlock> gate_blocks(const circuit::Circuit& circuit, const std::vector<bool>& shared);

}  // namespace qiln::passes
