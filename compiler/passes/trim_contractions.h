#pragma once

#include "compiler/graph/graph.h"

namespace qiln::passes {

/// Indices that a contraction sums over run only as far as some term lies within its operands, and uniform operands
/// are cut to what is then read: of a 3x3 kernel on an image of one pixel the middle is left. Before differentiation,
/// which then sums no gradient over the batch where there is none. Does not sweep what becomes unused (dead_code
/// does). True when any contraction was replaced.
bool trim_contractions(graph::Graph& graph);

}  // namespace qiln::passes
