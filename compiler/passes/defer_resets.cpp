#include "compiler/passes/defer_resets.h"

#include <numeric>
#include <vector>

namespace qiln::passes {
namespace {

using circuit::Circuit;
using circuit::Operation;

bool is_reset(const Operation& operation) { return operation.is_channel() && channel(operation.channel).flags.fresh; }

/// Bit n - 1 - q of a mask of the old circuit becomes that of where[q] in one of `qubits`.
std::uint64_t moved(std::uint64_t mask, const std::vector<std::int32_t>& where, int qubits) {
  std::uint64_t result = 0;
  const int n = static_cast<int>(where.size());
  for (int q = 0; q < n; ++q) result |= (mask >> (n - 1 - q) & 1) << (qubits - 1 - where[q]);
  return result;
}

Circuit deferred(const Circuit& circuit) {
  Circuit result = circuit;
  result.operations.clear();
  std::vector<std::int32_t> where(circuit.qubits);
  std::iota(where.begin(), where.end(), 0);
  std::vector<bool> touched(circuit.qubits);
  if (circuit.initial)
    for (std::int32_t q : circuit.initial->qubits) touched[q] = true;
  for (const Operation& operation : circuit.operations) {
    if (is_reset(operation)) {
      const std::int32_t q = operation.qubits[0];
      if (touched[q]) where[q] = result.qubits++;
      touched[q] = false;
      continue;
    }
    result.operations.push_back(operation);
    for (std::int32_t& q : result.operations.back().qubits) {
      touched[q] = true;
      q = where[q];
    }
  }
  for (auto& observable : result.readout)
    for (auto& term : observable) {
      term.x = moved(term.x, where, result.qubits);
      term.z = moved(term.z, where, result.qubits);
    }
  for (auto& list : result.probabilities)
    for (std::int32_t& q : list) q = where[q];
  return result;
}

}  // namespace

bool defer_resets(graph::Graph& graph) {
  bool changed = false;
  for (Circuit& circuit : graph.circuits) {
    if (circuit.simulation != circuit::Simulation::state) continue;
    bool any = false;
    for (const Operation& operation : circuit.operations) any |= is_reset(operation);
    if (any) circuit = deferred(circuit);
    changed |= any;
  }
  return changed;
}

}  // namespace qiln::passes
