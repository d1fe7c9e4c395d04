// From a graph to something that runs: passes, schedule, code.
#pragma once

#include <string>
#include <vector>

#include "compiler/graph/graph.h"
#include "runtime/jit/engine.h"
#include "runtime/jit/program.h"

namespace qiln::jit {

struct BuildOptions {
  int threads = 0;                              // 0: as many as OpenMP would take
  std::vector<std::string> contiguous_outputs;  // see ScheduleOptions
};

/// `graph` may hold circuits no longer (compiler/pipeline.h lowers them before differentiation).
Executable build(graph::Graph graph, Engine& engine, const BuildOptions& options = {});

}  // namespace qiln::jit
