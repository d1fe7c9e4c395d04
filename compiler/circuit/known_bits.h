// Qubits that are known to be |0> or |1>, from |0...0> forwards: through gates that are no Clifford gates, where
// stabilisers lose track.
#pragma once

#include <optional>
#include <vector>

#include "compiler/circuit/influence.h"

namespace qiln::circuit {

/// [operation][angle]: global_phase where the angle only turns the phase of what the gate finds, since the bits of some
/// of its qubits are known (a control that is 0).
std::vector<std::vector<std::optional<DeadReason>>> angles_on_known_bits(const Circuit& circuit);

}  // namespace qiln::circuit
