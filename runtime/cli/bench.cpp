// qiln bench: what a step costs, kernel by kernel, beside what this machine can do.
#include <fmt/format.h>
#include <sys/resource.h>

#include <algorithm>
#include <chrono>
#include <memory>
#include <string>
#include <vector>

#include "compiler/codegen/state_chunks.h"
#include "compiler/graph/origin.h"
#include "compiler/kernel/print.h"
#include "compiler/kernel/work.h"
#include "dsl/error.h"
#include "runtime/cli/commands.h"
#include "runtime/cli/output.h"
#include "runtime/cli/timed_step.h"
#include "runtime/report/bench_report.h"

namespace qiln::cli {
namespace {

using Clock = std::chrono::steady_clock;

struct Options {
  ModelOptions model;
  CompileOptions compile;
  std::int64_t batch = 0;
  int steps = 20;
  std::string program = "training", net, output;
  bool json = false, all = false;
};

double seconds_since(Clock::time_point start) { return std::chrono::duration<double>(Clock::now() - start).count(); }

TimedStep make_step(ModelFile& file, const Options& options) {
  const std::int64_t batch = options.batch > 0 ? options.batch : file.settings().train.batch.value;
  if (!options.net.empty()) return gradient_step(file, options.compile, options.net, batch);
  return options.program == "sampling" ? sampling_step(file, options.compile, batch)
                                       : training_step(file, options.compile);
}

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
    kernel.bytes = work.bytes * samples + work.shared * blocks;
    bench.kernels.push_back(std::move(kernel));
  }
}

void add_phases(report::Bench& bench, const TimedStep& step, double read, double made) {
  jit::BuildTimes sum;
  for (const auto& [name, program] : step.programs) {
    sum.passes += program->build_times().passes;
    sum.schedule += program->build_times().schedule;
    sum.code += program->build_times().code;
  }
  bench.phases = {{"read", read},
                  {"check and differentiate", made - sum.passes - sum.schedule - sum.code},
                  {"passes", sum.passes},
                  {"schedule", sum.schedule},
                  {"code", sum.code}};
}

void time_steps(report::Bench& bench, const TimedStep& step, int count) {
  for (int warm = 0; warm < 3; ++warm) step.run();
  std::vector<double> seconds;
  for (int i = 0; i < count; ++i) {
    const auto start = Clock::now();
    step.run();
    seconds.push_back(seconds_since(start));
  }
  std::sort(seconds.begin(), seconds.end());
  bench.steps = count;
  bench.fastest = seconds.front();
  bench.median = seconds[seconds.size() / 2];
  bench.slowest = seconds.back();
}

/// The most memory that this process has held.
std::int64_t peak_bytes() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  return std::int64_t{1024} * usage.ru_maxrss;
}

std::string benched(Options options) {
  if (!options.net.empty() && options.program != "training")
    throw Error("`--net` times a value and its gradient; leave out `--program`", 1);
  if (options.batch > 0 && options.net.empty())
    options.model.overrides.push_back(fmt::format("train.batch={}", options.batch));
  auto start = Clock::now();
  ModelFile file(options.model.file, options.model.overrides);
  const double read = seconds_since(start);
  start = Clock::now();
  const TimedStep step = make_step(file, options);
  report::Bench bench;
  add_phases(bench, step, read, seconds_since(start));
  bench.kernels_made = step.engine->counts();
  time_steps(bench, step, options.steps);
  bench.peak_bytes = peak_bytes();
  for (const auto& [name, program] : step.programs) program->set_timing(true);
  // Two at least, to see what is not computed again.
  for (int i = 0; i < std::max(2, options.steps); ++i) step.run();
  bench.machine = jit::measure_rates(*step.engine, options.compile.threads);
  bench.batch = step.batch;
  bench.lanes = step.engine->target().lanes;
  bench.title = fmt::format("{}: {} at batch {}", options.model.file,
                            !options.net.empty()            ? fmt::format("value and gradient of `{}`", options.net)
                            : options.program == "sampling" ? "one sampling step"
                                                            : "one training step",
                            step.batch);
  for (const auto& [name, program] : step.programs) {
    add_kernels(bench, name, *program, step.engine->target(), file.sources());
    for (const auto& [kind, bytes] : program->memory())
      bench.memory.emplace_back(step.programs.size() > 1 ? fmt::format("{} {}", name, kind) : kind, bytes);
  }
  return options.json ? report::bench_json(bench) : report::bench_table(bench, options.all);
}

}  // namespace

void add_bench(CLI::App& app) {
  auto* command = app.add_subcommand("bench", "Time a step kernel by kernel, beside what this machine can do");
  auto options = std::make_shared<Options>();
  options->model.add_to(*command);
  options->compile.add_to(*command);
  command->add_option("--batch", options->batch, "samples a step; the model file's `train.batch` by default")
      ->check(CLI::PositiveNumber);
  command->add_option("--steps", options->steps, "steps to time")
      ->check(CLI::Range(1, 1'000'000))
      ->capture_default_str();
  command->add_option("--program", options->program, "training or sampling")
      ->check(CLI::IsMember({"training", "sampling"}))
      ->type_name("PROGRAM")
      ->capture_default_str();
  command->add_option("--net", options->net, "instead: the value and gradient of this net or circuit, at random inputs")
      ->type_name("NAME");
  command->add_flag("--all", options->all, "show every kernel");
  command->add_flag("--json", options->json, "print JSON");
  command->add_option("-o,--output", options->output, "write to this file instead of the terminal")->type_name("FILE");
  command->footer(
      "Rates are of full blocks of samples, borders and the padding of the last block included; \"roof\" is the share "
      "of\n"
      "the roofline, beyond 100 % where data stays in the caches.\n\n"
      "Example:\n  qiln bench models/v7_plain.qiln --batch 64");
  command->callback([=] { write_output(options->output, benched(*options)); });
}

}  // namespace qiln::cli
