#pragma once

#include "compiler/graph/graph.h"

namespace qiln::passes {

/// The Heisenberg picture: gates at the end of a circuit move into its readout as long as each Pauli string of it stays
/// one string (CNOT in front of <Z1> makes it <Z0 Z1>), and those that leave every string as it is (diagonal gates in
/// front of products of Z) are gone. True when any was moved.
bool push_through(graph::Graph& graph);

}  // namespace qiln::passes
