#include "compiler/passes/cancel_inverses.h"

#include <algorithm>

#include "compiler/circuit/commutation.h"
#include "compiler/passes/circuit_pass.h"

namespace qiln::passes {
namespace {

using circuit::Operation;

/// The index of the operation that `last` undoes, or -1.
int partner(const std::vector<Operation>& before, const Operation& last, circuit::Commutation& commutation) {
  const std::uint64_t qubits = qubit_mask(last);
  const int size = static_cast<int>(before.size());
  int passed = 0;
  for (int i = size; i-- > std::max(0, size - farthest_partner);) {
    const std::uint64_t others = qubit_mask(before[i]);
    if ((qubits & others) == 0) continue;
    if (qubits == others && commutation.undo(before[i], last)) return i;
    if (++passed > most_passed || !commutation.commute(before[i], last)) return -1;
  }
  return -1;
}

bool cancel(circuit::Circuit& circuit) {
  circuit::Commutation commutation;
  std::vector<Operation> kept;
  for (const Operation& operation : circuit.operations) {
    if (commutation.nothing(operation)) continue;
    if (const int i = partner(kept, operation, commutation); i >= 0)
      kept.erase(kept.begin() + i);
    else
      kept.push_back(operation);
  }
  const bool changed = kept.size() < circuit.operations.size();
  circuit.operations = std::move(kept);
  return changed;
}

}  // namespace

bool cancel_inverses(graph::Graph& graph) { return each_circuit(graph, cancel); }

}  // namespace qiln::passes
