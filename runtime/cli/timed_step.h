// What `qiln time` and `qiln bench` repeat: a step of training or sampling, or the value and gradient of one net or
// circuit.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "runtime/cli/training.h"
#include "runtime/jit/program.h"

namespace qiln::cli {

struct TimedStep {
  std::function<void()> run;
  std::int64_t batch = 0;
  std::vector<std::pair<std::string, jit::Executable*>> programs;  // that a step runs, in order
  jit::Engine* engine = nullptr;
  std::shared_ptr<void> owner;  // of everything that `run` uses
};

/// A step of the model's training: programs "step" and "update".
TimedStep training_step(ModelFile& file, const CompileOptions& options);

/// A step of the model's sampler at random weights, the network's forward pass: program "sampling".
TimedStep sampling_step(ModelFile& file, const CompileOptions& options, std::int64_t batch);

/// sum over samples of <fixed random weights, outputs> of the net or circuit `name`, and its gradient with respect to
/// parameters and varying inputs, at random inputs: program "step".
TimedStep gradient_step(ModelFile& file, const CompileOptions& options, const std::string& name, std::int64_t batch);

}  // namespace qiln::cli
