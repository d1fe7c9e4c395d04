#pragma once

#include "compiler/graph/graph.h"

namespace qiln::passes {

/// Sums of pads that lie side by side and cover their result become a concat of what was padded: the gradient of a
/// value that is used in slices. Pads over the same range are added first; other terms are added to the concat. Does
/// not sweep what becomes unused (dead_code does). True when any sum was replaced.
bool join_pads(graph::Graph& graph);

}  // namespace qiln::passes
