#pragma once

#include "compiler/graph/graph.h"

namespace qiln::passes {

/// The largest density matrix, in qubits.
inline constexpr int max_density_qubits = 8;

/// Replaces each circuit that is to be simulated as a density matrix by ordinary graph values: the expectations of all
/// 4^n Pauli strings, a real vector, to which each run of gates and channels applies its Pauli-transfer matrix by a
/// contraction. Exact, and differentiable in angles and probabilities alike. Readings are elements of the vector.
/// One without channels becomes a circuit on the state vector. True when any was replaced. Throws Error when one has
/// more than max_density_qubits, or an operation on more than circuit::max_transfer_qubits.
bool density(graph::Graph& graph);

}  // namespace qiln::passes
