#pragma once

#include "compiler/graph/graph.h"

namespace qiln::passes {

/// Makes one value of equal ones: the same primitive, attributes and operands (in either order where the primitive
/// commutes exactly). Random numbers of one site are equal too. The first stands for all and keeps its origin.
/// True when any were joined.
bool common_subexpressions(graph::Graph& graph);

}  // namespace qiln::passes
