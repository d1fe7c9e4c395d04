// Circuits that are several circuits side by side come apart.
#pragma once

#include "compiler/graph/graph.h"

namespace qiln::passes {

/// Qubits that no gate, no list of probabilities and no initial amplitudes join make circuits of their own, with the
/// operands that they use: the state of n qubits in factors of k and n - k costs 2^k + 2^(n - k), not 2^n. A Pauli
/// string over several of them reads the product of its parts. True when there was anything to split.
bool split_factors(graph::Graph& graph);

}  // namespace qiln::passes
