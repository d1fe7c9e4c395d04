// From gates to blocks: what one step on the state vector does.
#pragma once

#include <vector>

#include "compiler/circuit/circuit.h"

namespace qiln::passes {

/// One block to be: a permutation with its map, or operations to be multiplied into one matrix (the first acts first;
/// several only if they are one-qubit gates).
struct FusedBlock {
  circuit::Block::Kind kind{};
  std::vector<std::int32_t> qubits;              // empty for a permutation: it is a map of the whole index
  std::vector<const circuit::Operation*> gates;  // of a dense or diagonal block
  std::vector<std::uint64_t> rows;               // of a permutation block
  std::uint64_t flip = 0;
};

/// Neighbouring one-qubit gates of a qubit become one block, a run of CNOT, SWAP and X one permutation; every other
/// gate is a block. The blocks point into `circuit`.
std::vector<FusedBlock> fuse_blocks(const circuit::Circuit& circuit);

}  // namespace qiln::passes
