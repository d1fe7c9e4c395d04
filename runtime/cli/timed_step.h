// What `qiln time` repeats: a training step, or the value and gradient of one net or circuit.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "runtime/cli/training.h"
#include "runtime/jit/program.h"

namespace qiln::cli {

struct TimedStep {
  std::function<void()> run;
  jit::Executable* program = nullptr;  // whose nests are timed
  std::shared_ptr<void> owner;         // of everything that `run` uses
};

/// A step of the model's training.
TimedStep training_step(ModelFile& file, const CompileOptions& options);

/// sum over samples of <fixed random weights, outputs> of the net or circuit `name`, and its gradient with respect to
/// parameters and varying inputs, at random inputs.
TimedStep gradient_step(ModelFile& file, const CompileOptions& options, const std::string& name, std::int64_t batch);

}  // namespace qiln::cli
