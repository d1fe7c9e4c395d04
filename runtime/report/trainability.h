// What `qiln check --trainability` prints: for each circuit how large gradients are at random initialisations, and how
// many of its parameters move its state.
#pragma once

#include <string>

#include "compiler/graph/graph.h"

namespace qiln::report {

/// On an elaborated graph. Parameters are drawn from their initialisers, where the circuit takes them as they are; what
/// is computed from them, and inputs, uniformly from a whole turn. One paragraph a circuit; circuits that are too
/// large, or have noise channels, get a line that says so. The same text each time.
std::string trainability_text(const graph::Graph& graph);

}  // namespace qiln::report
