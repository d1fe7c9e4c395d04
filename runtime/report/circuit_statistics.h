// A circuit in figures: what is written, what it becomes, what that costs.
#pragma once

#include <string>

#include "compiler/codegen/target.h"
#include "compiler/graph/graph.h"

namespace qiln::report {

struct StatisticsOptions {
  bool closed_form = true;
  codegen::Target target;
  double fma_rate = 0;  // flops a second of one thread; times are left out when 0
};

/// Lines about the circuit of `node`: gates by kind, depth, parameters, the blocks that run and their work.
std::string circuit_statistics(const graph::Graph& graph, const graph::Node& node, const StatisticsOptions& options);

}  // namespace qiln::report
