// From gates to blocks: what one step on the state vector does.
#pragma once

#include <vector>

#include "compiler/circuit/circuit.h"

namespace qiln::passes {

/// One block to be: a permutation with its map, one operation as a matrix, turns, or phases (as in circuit::Block;
/// their angles name operands of the circuit).
struct FusedBlock {
  circuit::Block::Kind kind{};
  std::vector<std::int32_t> qubits;          // empty for a permutation or phases: they act on the whole register
  const circuit::Operation* gate = nullptr;  // of a dense or diagonal block
  std::vector<std::uint64_t> rows;           // of a permutation block
  std::uint64_t flip = 0;
  std::vector<circuit::Turn> turns;
  std::vector<circuit::Phase> phases;
};

/// Runs of CNOT, SWAP and X are one permutation. One-qubit gates are turns about y and z: those that find their qubit
/// in |0> stay together (they make a product state), the others come apart into turns about y, block by block, and,
/// where their angle is shared, phases, which gather with those of diagonal gates, through permutations, in as few
/// blocks as their order allows. Every other gate is a block. `shared` says of each operand whether it is one for all
/// samples and places. The blocks point into `circuit`.
std::vector<FusedBlock> fuse_blocks(const circuit::Circuit& circuit, const std::vector<bool>& shared);

}  // namespace qiln::passes
