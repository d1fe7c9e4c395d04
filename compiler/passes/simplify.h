#pragma once

#include "compiler/graph/graph.h"

namespace qiln::passes {

/// Replaces values by simpler ones that are equal (up to the sign of zero): pointwise functions and movement of
/// constants, x * 1, x / 1, x + 0, x - 0, 0 - x, x ^ 1, x ^ 2, double negation, a select whose condition is known,
/// movement that changes nothing or follows movement of its own kind, repeated stop_gradient. Does not sweep what
/// becomes unused (dead_code does). True when any value was replaced.
bool simplify(graph::Graph& graph);

}  // namespace qiln::passes
