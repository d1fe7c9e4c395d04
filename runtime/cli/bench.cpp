// qiln bench: what a step costs, kernel by kernel, beside what this machine can do.
#include <fmt/format.h>
#include <sys/resource.h>

#include <algorithm>
#include <memory>
#include <string>
#include <vector>

#include "compiler/codegen/state_chunks.h"
#include "compiler/graph/origin.h"
#include "compiler/kernel/print.h"
#include "compiler/kernel/work.h"
#include "runtime/cli/commands.h"
#include "runtime/cli/output.h"
#include "runtime/cli/timed_step.h"
#include "runtime/report/bench_report.h"

namespace qiln::cli {
namespace {

struct Options {
  StepOptions step;
  int steps = 20;
  std::string output;
  bool json = false, all = false;
};

void add_kernels(report::Bench& bench, const std::string& name, const jit::Executable& executable,
                 const codegen::Target& target, const dsl::Sources& sources) {
  const kernel::Program& program = executable.program();
  for (std::size_t k = 0; k < program.nests.size(); ++k) {
    const kernel::Nest& nest = program.nests[k];
    const auto work = kernel::work_of(program, nest, codegen::state_chunks(target, nest.program.qubits));
    const double blocks = nest.varying ? static_cast<double>(executable.blocks()) : 1;
    const double samples = nest.varying ? blocks * program.lanes : 1;
    report::BenchKernel kernel;
    kernel.program = name;
    kernel.kind = kernel::kind_name(nest.kind);
    kernel.label = nest.label;
    kernel.place = graph::place_of(nest.origin, sources);
    kernel.gradient = nest.origin.gradient;
    const std::int64_t runs = executable.nest_runs(static_cast<kernel::NestId>(k));
    kernel.every_step = runs == executable.timed_runs();
    kernel.seconds = executable.nest_nanoseconds()[k] * 1e-9 / static_cast<double>(std::max<std::int64_t>(1, runs));
    kernel.flops = work.flops * samples;
    kernel.stated_flops = work.stated * samples;
    kernel.bytes = work.bytes * samples + work.shared * blocks;
    bench.kernels.push_back(std::move(kernel));
  }
}

void add_times(report::Bench& bench, const std::vector<double>& seconds) {
  bench.steps = static_cast<int>(seconds.size());
  bench.fastest = seconds.front();
  bench.median = seconds[seconds.size() / 2];
  bench.slowest = seconds.back();
}

constexpr int warm_steps = 3;

/// The most memory that this process has held so far.
std::int64_t peak_bytes() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  return std::int64_t{1024} * usage.ru_maxrss;
}

std::string benched(const Options& options) {
  const TimedStep step = make_step(options.step);
  report::Bench bench;
  bench.title = fmt::format("{}: {} at batch {}", options.step.model.file, step.title, step.batch);
  bench.batch = step.batch;
  bench.lanes = step.engine->target().lanes;
  bench.phases = step.phases;
  bench.kernels_made = step.engine->counts();
  time_steps(step, warm_steps);
  bench.peak_bytes = peak_bytes();
  // Rates are measured before and after, so that what slows the machine for a while does not count.
  const auto rates = [&] { return jit::measure_rates(*step.engine, options.step.compile.threads); };
  bench.machine = rates();
  add_times(bench, time_steps(step, options.steps));
  bench.machine = better(bench.machine, rates());
  for (const auto& [name, program] : step.programs) program->set_timing(true);
  time_steps(step, std::max(2, options.steps));  // two at least, to see what is not computed again
  bench.machine = better(bench.machine, rates());
  for (const auto& [name, program] : step.programs) {
    add_kernels(bench, name, *program, step.engine->target(), step.file->sources());
    for (const auto& [kind, bytes] : program->memory()) bench.memory.push_back({name, kind, bytes});
  }
  return options.json ? report::bench_json(bench) : report::bench_table(bench, options.all);
}

}  // namespace

void add_bench(CLI::App& app) {
  auto* command = app.add_subcommand("bench", "Time a step kernel by kernel, beside what this machine can do");
  auto options = std::make_shared<Options>();
  options->step.add_to(*command);
  command->add_option("--steps", options->steps, "steps to time")
      ->check(CLI::Range(1, 1'000'000))
      ->capture_default_str();
  command->add_flag("--all", options->all, "show every kernel");
  command->add_flag("--json", options->json, "print JSON");
  command->add_option("-o,--output", options->output, "write to this file instead of the terminal")->type_name("FILE");
  command->footer(
      "Arithmetic is counted for full blocks of samples: borders and the padding of the last block count. Of a\n"
      "convolution that takes fewer multiplications than its sums have, those count that it takes. Shares are of the\n"
      "rates of one thread, the best that the machine reached before, between and after the steps. A kernel can go\n"
      "beyond 100 %: of the peak where borders are skipped, of the roofline where its data stayed in the caches.\n\n"
      "Example:\n  qiln bench models/v7_plain.qiln --batch 64");
  command->callback([=] { write_output(options->output, benched(*options)); });
}

}  // namespace qiln::cli
