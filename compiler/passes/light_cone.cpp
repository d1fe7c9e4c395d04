#include "compiler/passes/light_cone.h"

#include <algorithm>
#include <bit>

#include "compiler/passes/circuit_pass.h"

namespace qiln::passes {
namespace {

using circuit::Circuit;
using circuit::Operation;
using circuit::PauliTerm;

/// Bit q for qubit q, from a mask whose bit n - 1 - q is qubit q.
std::uint64_t mirrored(std::uint64_t mask, int n) {
  std::uint64_t result = 0;
  for (int q = 0; q < n; ++q) result |= (mask >> (n - 1 - q) & 1) << q;
  return result;
}

bool drop_unseen(Circuit& circuit) {
  std::uint64_t seen = 0;
  for (const auto& observable : circuit.readout)
    for (const PauliTerm& term : observable)
      if (term.coefficient != 0) seen |= mirrored(term.x | term.z, circuit.qubits);
  for (const auto& list : circuit.probabilities) seen |= qubit_mask(list);
  std::vector<Operation> kept;
  for (std::size_t o = circuit.operations.size(); o-- > 0;) {
    const std::uint64_t qubits = qubit_mask(circuit.operations[o]);
    if ((qubits & seen) == 0) continue;
    seen |= qubits;
    kept.push_back(std::move(circuit.operations[o]));
  }
  std::reverse(kept.begin(), kept.end());
  const bool changed = kept.size() < circuit.operations.size();
  circuit.operations = std::move(kept);
  return changed;
}

/// The bits of `mask` whose qubits are in `kept`, closed up.
std::uint64_t closed_up(std::uint64_t mask, std::uint64_t kept, int n) {
  std::uint64_t result = 0;
  for (int q = 0; q < n; ++q)
    if (kept >> q & 1) result = result << 1 | (mask >> (n - 1 - q) & 1);
  return result;
}

bool drop_idle(Circuit& circuit) {
  std::uint64_t used = 0;
  for (const Operation& operation : circuit.operations) used |= qubit_mask(operation);
  for (const auto& list : circuit.probabilities) used |= qubit_mask(list);
  if (circuit.initial) used |= qubit_mask(circuit.initial->qubits);
  if (used == 0) used = 1;  // a circuit has a qubit
  const int n = circuit.qubits, left = std::popcount(used);
  if (left == n) return false;
  for (auto& observable : circuit.readout)
    for (PauliTerm& term : observable) {
      if ((mirrored(term.x, n) & ~used) != 0) term = {0, 0, 0};
      term.x = closed_up(term.x, used, n);
      term.z = closed_up(term.z, used, n);
    }
  auto renumber = [&](std::vector<std::int32_t>& qubits) {
    for (std::int32_t& q : qubits) q = std::popcount(used & ((std::uint64_t{1} << q) - 1));
  };
  for (Operation& operation : circuit.operations) renumber(operation.qubits);
  for (auto& list : circuit.probabilities) renumber(list);
  if (circuit.initial) renumber(circuit.initial->qubits);
  circuit.qubits = left;
  return true;
}

}  // namespace

bool light_cone(graph::Graph& graph) {
  return each_circuit(graph, [](Circuit& circuit) {
    const bool unseen = drop_unseen(circuit);
    return drop_idle(circuit) || unseen;
  });
}

}  // namespace qiln::passes
