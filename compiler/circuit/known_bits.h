// Qubits that are known to be in a basis state, from |0...0> forwards: through permutations that are no Clifford gates,
// where stabilisers lose track.
#pragma once

#include <optional>
#include <vector>

#include "compiler/circuit/influence.h"

namespace qiln::circuit {

/// [operation][angle]: global_phase where the angle only turns the phase of a basis state that the gate finds.
std::vector<std::vector<std::optional<DeadReason>>> angles_on_known_bits(const Circuit& circuit);

}  // namespace qiln::circuit
