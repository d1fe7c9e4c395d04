#include "runtime/jit/build.h"

#include "compiler/pipeline.h"
#include "compiler/schedule.h"

namespace qiln::jit {

Executable build(graph::Graph graph, Engine& engine, const BuildOptions& options) {
  run_standard_passes(graph);
  ScheduleOptions schedule_options;
  schedule_options.lanes = engine.target().lanes;
  schedule_options.contiguous_outputs = options.contiguous_outputs;
  kernel::Program program = schedule(graph, schedule_options);
  std::vector<Kernel> kernels;
  for (const auto& compiled : engine.compile(program.nests, options.threads))
    kernels.push_back({compiled.function, compiled.tiles});
  return Executable(std::move(program), std::move(kernels), options.threads);
}

}  // namespace qiln::jit
