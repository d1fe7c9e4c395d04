#pragma once

#include "compiler/graph/graph.h"

namespace qiln::passes {

/// Drops every value that no output needs, and circuits and block programs that no value names. Inputs stay: they are
/// the graph's signature. A parameter that nothing uses is dropped. True when anything was.
bool dead_code(graph::Graph& graph);

}  // namespace qiln::passes
