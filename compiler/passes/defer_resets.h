#pragma once

#include "compiler/graph/graph.h"

namespace qiln::passes {

/// Each reset in a circuit on the state vector goes: its qubit is a fresh one from there on, which starts as |0>. That
/// is exact, for what is not read again may be measured at any time. True when there was any.
bool defer_resets(graph::Graph& graph);

}  // namespace qiln::passes
