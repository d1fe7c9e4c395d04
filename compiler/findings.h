// What can be proven about a model that is well formed but may not do what its author meant: parameters that no result
// depends on, parameters that a stop_gradient cuts off. Doubts are remarks and say that they are no proof.
#pragma once

#include "compiler/graph/graph.h"
#include "dsl/diagnostics.h"

namespace qiln {

/// Whether what is not proven is tried at random points as well, which takes up to half a second for 16 qubits.
enum class Doubts { left, tried };

/// Reports on an elaborated graph, circuits still in it. Warnings are proven.
void report_findings(const graph::Graph& graph, dsl::Diagnostics& diagnostics, Doubts doubts);

}  // namespace qiln
