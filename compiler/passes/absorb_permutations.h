// Permutations of basis states that meet become one.
#pragma once

#include "compiler/passes/fused_block.h"

namespace qiln::passes {

/// A permutation joins the one before it where no block between them touches its qubits; phases let it pass, and
/// change what they act on.
std::vector<FusedBlock> absorb_permutations(std::vector<FusedBlock> blocks, int qubits);

/// Z on the bits of `mask` behind a permutation, as a mask in front of it; and the mask that this makes `mask` of.
std::uint64_t pulled_back(std::uint64_t mask, const std::vector<std::uint64_t>& rows);
std::uint64_t pushed_forward(std::uint64_t mask, std::vector<std::uint64_t> rows);
/// The phase behind a permutation that does what `phase` does in front of it.
circuit::Phase behind(circuit::Phase phase, const FusedBlock& permutation);
/// The phase in front of a permutation that does what `phase` does behind it.
circuit::Phase before(circuit::Phase phase, const FusedBlock& permutation);

}  // namespace qiln::passes
