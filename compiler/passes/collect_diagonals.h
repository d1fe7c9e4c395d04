// Phases gather in few blocks.
#pragma once

#include "compiler/passes/fused_block.h"

namespace qiln::passes {

/// As few blocks of phases as their order allows: each stands as far back as the first phase in it that is not in an
/// earlier one can go, and takes all that can get there. They move through permutations, and past blocks on other
/// qubits, but not in front of starts. `seen`: whether what is read tells phases at the end; if not, they are dropped.
std::vector<FusedBlock> collect_diagonals(const std::vector<FusedBlock>& blocks, int qubits, bool seen);

/// Adds an angle to one that acts in the same way; false where both depend on operands.
bool join(circuit::Angle& to, const circuit::Angle& angle);

}  // namespace qiln::passes
