#pragma once

#include "compiler/graph/graph.h"

namespace qiln::passes {

/// Drops operations that do nothing, and pairs that undo each other (up to a phase of the whole state) with nothing
/// between them but operations that the second commutes with: those on other qubits, and those diagonal in one basis of
/// each shared qubit (RZ on the control of a CNOT, RX on its target) or otherwise commuting. True when any was dropped.
bool cancel_inverses(graph::Graph& graph);

}  // namespace qiln::passes
