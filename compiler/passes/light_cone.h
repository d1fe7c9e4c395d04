#pragma once

#include "compiler/graph/graph.h"

namespace qiln::passes {

/// Drops operations outside the light cone of the results, and then qubits that nothing touches: there <Z> is 1, <X>
/// and <Y> are 0. Qubits that are left keep their order. True when anything was dropped.
bool light_cone(graph::Graph& graph);

}  // namespace qiln::passes
