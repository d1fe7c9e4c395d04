// Copies one graph into another.
#pragma once

#include <span>
#include <vector>

#include "compiler/graph/build.h"

namespace qiln::graph {

/// Appends the nodes of `callee` with its inputs, in the order they stand, bound to `arguments` (equal shapes), and
/// gives its outputs in order. Circuits, block programs and instance paths are copied along. A node is varying when an
/// operand is, so uniform arguments give uniform results. A parameter whose path the graph already has becomes that
/// parameter (equal shapes).
std::vector<ValueId> splice(Builder& builder, const Graph& callee, std::span<const ValueId> arguments);

}  // namespace qiln::graph
