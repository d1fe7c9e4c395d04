// What passes on blocks (absorb_permutations.h, collect_diagonals.h, fuse_gates.h) take and give.
#pragma once

#include <vector>

#include "compiler/circuit/circuit.h"

namespace qiln::passes {

/// One block to be: a permutation with its map, one operation as a matrix, turns, or phases (as in circuit::Block;
/// their angles name operands of the circuit); or a dense block that is the product of others.
struct FusedBlock {
  circuit::Block::Kind kind{};
  std::vector<std::int32_t> qubits;          // empty for a permutation or phases: they act on the whole register
  const circuit::Operation* gate = nullptr;  // of a dense or diagonal block
  std::vector<std::uint64_t> rows;           // of a permutation block
  std::uint64_t flip = 0;
  std::vector<circuit::Turn> turns;
  std::vector<circuit::Phase> phases;
  /// Of a product, which has no gate: the first acts first. They are on the register of the product's qubits alone.
  std::vector<FusedBlock> parts;
};

/// The bits of a basis index that a block on a register of n qubits reads or changes.
std::uint64_t support(const FusedBlock& block, int n);
/// The number of blocks at the front that are turns, each of another qubit. Where the state starts as |0...0> they make
/// it a product state, and nothing may come in front of them.
std::size_t starts(const std::vector<FusedBlock>& blocks);

}  // namespace qiln::passes
