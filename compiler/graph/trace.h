// Where the elements of a value come from, through movement and functions of one element.
#pragma once

#include <optional>
#include <vector>

#include "compiler/graph/graph.h"

namespace qiln::graph {

/// Element i of the value depends on element elements[i] of `root`, and on no other value but constants.
struct Trace {
  ValueId root = no_value;
  std::vector<std::int64_t> elements;
};

/// The value as its own root.
Trace whole(const Graph& graph, ValueId id);

/// Through reshape, permute, slice, stop_gradient and pointwise functions whose other operands are constants, as far
/// back as these go. Nothing for constants.
std::optional<Trace> trace(const Graph& graph, ValueId id);

/// The root alone, of every value; no_value for constants.
std::vector<ValueId> trace_roots(const Graph& graph);

}  // namespace qiln::graph
