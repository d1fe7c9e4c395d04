#include "compiler/passes/fuse_blocks.h"

#include <algorithm>

#include "compiler/passes/absorb_permutations.h"
#include "compiler/passes/collect_diagonals.h"
#include "compiler/passes/fuse_gates.h"
#include "compiler/passes/gate_blocks.h"

namespace qiln::passes {
namespace {

/// The widest product, whose code is still short; the state vector takes no wider block.
constexpr int widest = 4;

/// Probabilities, and so readings of Z alone, do not see phases at the end.
bool sees_phases(const circuit::Circuit& circuit) {
  for (const circuit::Observable& observable : circuit.readout)
    for (const circuit::PauliTerm& term : observable)
      if (term.x != 0) return true;
  return false;
}

}  // namespace

std::vector<FusedBlock> fuse_blocks(const circuit::Circuit& circuit, const std::vector<bool>& shared, Purpose purpose) {
  const int n = circuit.qubits;
  const BlockCost cost(n, purpose);
  const std::vector<FusedBlock> gates = gate_blocks(circuit, shared);
  const bool seen = sees_phases(circuit);
  const std::size_t fixed = circuit.initial ? 0 : starts(gates);
  std::vector<FusedBlock> best;
  double least = 0;
  for (int most = 1; most <= std::min(n, widest); ++most) {
    std::vector<FusedBlock> blocks = most == 1 ? gates : fuse_gates(gates, n, shared, fixed, most, cost);
    blocks = collect_diagonals(absorb_permutations(std::move(blocks), n), n, seen);
    const double total = cost.program(blocks);
    if (most > 1 && total >= least) continue;
    least = total;
    best = std::move(blocks);
  }
  return best;
}

}  // namespace qiln::passes
