// One model in training: compiled step and update, parameters, optimiser state.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "compiler/graph/graph.h"
#include "runtime/diffusion/schedule.h"
#include "runtime/jit/build.h"
#include "runtime/train/adam.h"
#include "runtime/train/checkpoint.h"

namespace qiln::train {

struct TrainerSettings {
  std::int64_t batch = 32;
  AdamSettings adam;
  double average_decay = 0.999;  // of the averaged weights, after warm-up; 0: they equal the weights
  std::uint64_t seed = 0;
};

class Trainer {
 public:
  /// `network` without circuits; compiles the step and the update. Parameters start as their initialisers say.
  Trainer(const graph::Graph& network, const diffusion::NoiseSchedule& schedule, const TrainerSettings& settings,
          jit::Engine& engine, int threads = 0);

  /// One optimiser step on `images` [batch, C, H, W] in [-1, 1]; gives the loss. qiln::Error when it is not finite: the
  /// parameters are then those before the step.
  double step(std::span<const float> images);
  std::int64_t steps() const { return steps_; }
  std::int64_t parameters() const { return parameter_count_; }

  /// Weights, averages and the optimiser's state by parameter path.
  void save(Checkpoint& checkpoint) const;
  /// The inverse; qiln::Error when the checkpoint is of another model.
  void restore(const Checkpoint& checkpoint);

  const jit::Executable& step_program() const { return step_; }
  jit::Executable& step_program() { return step_; }
  jit::Executable& update_program() { return update_; }

 private:
  struct Parameter {
    std::string path;
    std::vector<std::int64_t> shape;
    std::int64_t offset = 0, count = 0;  // in the parameter arena
    bool trained = true;
  };
  void list_parameters();
  void bind_update();

  TrainerSettings settings_;
  std::vector<std::string> trained_paths_;
  graph::Graph objective_;
  jit::Executable step_;
  std::int64_t trained_elements_ = 0;  // of the parameter arena, which begins with the trained parameters
  jit::Executable update_;
  std::vector<Parameter> parameters_;
  std::int64_t parameter_count_ = 0, steps_ = 0;
  jit::Floats mean_, variance_, average_;
};

}  // namespace qiln::train
