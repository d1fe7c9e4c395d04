// Findings about circuits: parameters and inputs that no result depends on, and those for which there is no proof.
#pragma once

#include "compiler/findings.h"

namespace qiln {

/// Reports on an elaborated graph, circuits still in it.
void report_circuit_findings(const graph::Graph& graph, dsl::Diagnostics& diagnostics, Doubts doubts);

}  // namespace qiln
