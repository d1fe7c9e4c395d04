// How much of a state vector a target works on at once.
#pragma once

#include "compiler/codegen/target.h"
#include "compiler/kernel/state_plan.h"

namespace qiln::codegen {

/// A chunk of the state and of its cotangent fills the first-level cache, or half of the second where both are larger
/// than that cache. It does not depend on the kind of nest: tables of phases are in the order of positions.
kernel::Chunks state_chunks(const Target& target, int qubits);

}  // namespace qiln::codegen
