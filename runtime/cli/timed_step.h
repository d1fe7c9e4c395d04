// What `qiln time` and `qiln bench` repeat: a step of training or sampling, or a value and its gradient, of the model's
// network or of another net or circuit.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "runtime/cli/training.h"
#include "runtime/jit/program.h"
#include "runtime/report/bench_report.h"

namespace qiln::cli {

struct StepOptions {
  ModelOptions model;
  CompileOptions compile;
  std::int64_t batch = 0;    // 0: the model's
  std::string program, net;  // no program: training, or with a net its gradient
  void add_to(CLI::App& command);
};

struct TimedStep {
  std::shared_ptr<ModelFile> file;
  std::function<void()> run;
  std::string title;  // "one training step"
  std::int64_t batch = 0;
  std::vector<std::pair<std::string, jit::Executable*>> programs;  // that a step runs, in order
  jit::Engine* engine = nullptr;
  std::vector<report::BenchPhase> phases;  // of getting ready
  std::shared_ptr<void> owner;             // of everything that `run` uses
};

/// Reports errors in the model and throws on them.
///   training  the model's objective, its gradients, and the optimiser's update: programs "step" and "update"
///   gradient  value and gradient of a net (net_gradient.h) at random inputs: program "step"
///   sampling  a step of the model's sampler, or the values of a net at random inputs: program "sampling"
TimedStep make_step(StepOptions options);

/// Runs the step `count` times; the seconds of each, ascending.
std::vector<double> time_steps(const TimedStep& step, int count);

}  // namespace qiln::cli
