// State vectors as ordinary graph values [2, 2^n], or [places, 2, 2^n]: what circuits start from, and probabilities.
#pragma once

#include <cstdint>
#include <span>

#include "compiler/graph/build.h"

namespace qiln::passes {

/// The state of n qubits in which `qubits` have the real amplitudes [2^k] or [places, 2^k], the others are |0>.
graph::ValueId initial_state(graph::Builder& builder, graph::ValueId amplitudes,
                             std::span<const std::int32_t> qubits, int n);

/// The probabilities [2^k], or [places, 2^k], of the basis states of `qubits` in a state of n.
graph::ValueId probabilities(graph::Builder& builder, graph::ValueId state, std::span<const std::int32_t> qubits,
                             int n);

}  // namespace qiln::passes
