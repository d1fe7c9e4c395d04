// Propagated observables (circuit/propagation.h) as graph values, and what that costs.
#pragma once

#include <span>

#include "compiler/circuit/propagation.h"
#include "compiler/graph/build.h"

namespace qiln::passes {

/// Multiply-adds for one sample, forwards.
double cost_of(const circuit::Propagated& propagated, int qubits);
/// The same for the circuit as a state vector, or as a density matrix if it has channels.
double cost_of_state(const circuit::Circuit& circuit);

/// The readings: [readings]. Values of one level are computed together: for each monomial that the level needs, a
/// matrix of constants times the values of the levels before, times the monomial of each value's own angles.
graph::ValueId pauli_sums(graph::Builder& builder, const circuit::Circuit& circuit,
                          const circuit::Propagated& propagated, std::span<const graph::ValueId> operands);

}  // namespace qiln::passes
