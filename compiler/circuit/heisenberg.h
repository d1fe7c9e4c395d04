// The Heisenberg picture: gates move into the readout.
#pragma once

#include "compiler/circuit/circuit.h"

namespace qiln::circuit {

/// Moves gates from the end of the circuit into the readout as far as each Pauli string stays one string, and channels
/// of constant probability, which damp and shift it; drops what no result sees. The outcome has equal results for all
/// angles.
Circuit absorb_into_readout(const Circuit& circuit);

}  // namespace qiln::circuit
