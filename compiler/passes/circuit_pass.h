// What the passes from circuits to circuits share.
#pragma once

#include <cstdint>

#include "compiler/graph/graph.h"

namespace qiln::passes {

/// Runs `change` (true when it changed anything) on every circuit of the graph.
template <class Change>
bool each_circuit(graph::Graph& graph, Change change) {
  bool changed = false;
  for (circuit::Circuit& circuit : graph.circuits) changed |= change(circuit);
  return changed;
}

/// Where a pass looks for a partner: this many operations back at most, past this many that share a qubit with the one
/// that looks, so that time grows with the circuit's length alone.
inline constexpr int farthest_partner = 1024, most_passed = 64;

/// Bit q for each qubit q.
inline std::uint64_t qubit_mask(const std::vector<std::int32_t>& qubits) {
  std::uint64_t mask = 0;
  for (std::int32_t q : qubits) mask |= std::uint64_t{1} << q;
  return mask;
}
inline std::uint64_t qubit_mask(const circuit::Operation& operation) { return qubit_mask(operation.qubits); }

}  // namespace qiln::passes
