// Replacing nodes of a graph by others.
#pragma once

#include <functional>

#include "compiler/graph/build.h"

namespace qiln::graph {

/// Rebuilds `graph` node by node. For each node, `replacement` may append what stands for it (the node's operands are
/// already ids of the new graph) and return that value, or return no_value to keep the node. Circuits, blocks and paths
/// are kept. Returns whether anything was replaced; the graph is untouched if not.
bool rewrite(Graph& graph, const std::function<ValueId(Builder&, const Node&)>& replacement);

}  // namespace qiln::graph
