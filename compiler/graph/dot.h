// A graph as a Graphviz drawing.
#pragma once

#include <string>

#include "compiler/graph/graph.h"

namespace qiln::graph {

/// One node a value, clustered by instance path; uniform values are boxes, varying ones ellipses.
std::string to_dot(const Graph& graph);

}  // namespace qiln::graph
