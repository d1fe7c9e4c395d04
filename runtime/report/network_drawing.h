// A network's graph as a picture.
#pragma once

#include <string>

#include "compiler/graph/graph.h"

namespace qiln::report {

/// An SVG document: the instances of nets, one below the other in the order in which they are computed, each with the
/// shape of its result and its number of parameters; lines for what flows from one to a later one, those that skip
/// others as arcs at the side. `graph` as it was elaborated, circuits included.
std::string draw_network(const graph::Graph& graph);

}  // namespace qiln::report
