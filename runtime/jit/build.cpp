#include "runtime/jit/build.h"

#ifdef __GLIBC__
#include <malloc.h>
#endif

#include <chrono>
#include <utility>

#include "compiler/pipeline.h"
#include "compiler/schedule.h"

namespace qiln::jit {

namespace {

/// Seconds since the last call, or since it was made.
class Laps {
 public:
  double operator()() {
    const auto now = std::chrono::steady_clock::now();
    return std::chrono::duration<double>(now - std::exchange(last_, now)).count();
  }

 private:
  std::chrono::steady_clock::time_point last_ = std::chrono::steady_clock::now();
};

/// What graphs and the compiler took goes back to the system before the arenas come: the peak is one or the other.
void release_free_memory() {
#ifdef __GLIBC__
  malloc_trim(0);
#endif
}

}  // namespace

Executable build(graph::Graph graph, Engine& engine, const BuildOptions& options) {
  Laps laps;
  BuildTimes times;
  run_standard_passes(graph);
  times.passes = laps();
  ScheduleOptions schedule_options;
  schedule_options.lanes = engine.target().lanes;
  schedule_options.contiguous_outputs = options.contiguous_outputs;
  kernel::Program program = schedule(graph, schedule_options);
  times.schedule = laps();
  std::vector<Kernel> kernels;
  for (const auto& compiled : engine.compile(program.nests, options.threads))
    kernels.push_back({compiled.function, compiled.tiles, compiled.stages});
  release_free_memory();
  times.code = laps();
  Executable executable(std::move(program), std::move(kernels), options.threads);
  executable.set_build_times(times);
  return executable;
}

}  // namespace qiln::jit
