// Circuits of a graph as pictures.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "compiler/graph/graph.h"
#include "runtime/report/circuit_drawing.h"

namespace qiln::cli {

/// What is drawn of a `circuit` node: its gates, the names of its angles, and which gates are proven dead.
report::CircuitDrawing drawing_of(const graph::Graph& g, const graph::Node& node);

/// Every circuit of the graph, by name, as SVG.
std::vector<std::pair<std::string, std::string>> circuit_drawings(const graph::Graph& g);

}  // namespace qiln::cli
