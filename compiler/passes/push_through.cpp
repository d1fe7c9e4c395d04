#include "compiler/passes/push_through.h"

#include "compiler/circuit/heisenberg.h"
#include "compiler/passes/circuit_pass.h"

namespace qiln::passes {

bool push_through(graph::Graph& graph) {
  return each_circuit(graph, [](circuit::Circuit& circuit) {
    circuit::Circuit moved = absorb_into_readout(circuit);
    if (moved.operations.size() == circuit.operations.size()) return false;
    circuit = std::move(moved);
    return true;
  });
}

}  // namespace qiln::passes
