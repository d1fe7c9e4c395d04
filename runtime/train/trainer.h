// One model in training: compiled step and update, parameters, optimiser state.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "compiler/graph/graph.h"
#include "runtime/jit/build.h"
#include "runtime/train/checkpoint.h"
#include "runtime/train/learning_rate.h"
#include "runtime/train/not_finite.h"
#include "runtime/train/optimiser.h"
#include "runtime/train/parameter_groups.h"
#include "runtime/train/weights.h"

namespace qiln::train {

struct TrainerSettings {
  std::int64_t batch = 32;      // samples that are computed together
  std::int64_t accumulate = 1;  // batches whose gradients make one step
  OptimiserSettings optimiser;
  RateSchedule rates;
  std::vector<ParameterGroup> groups;
  double average_decay = 0.999;  // of the averaged weights, after warm-up; 0: they equal the weights
  std::uint64_t seed = 0;
  PlaceOf place = {};                   // for messages
  graph::Origin update = {};            // what asks for the update
  std::vector<Declared> declared = {};  // also what the compiled step does without is kept in checkpoints

  std::int64_t samples() const { return batch * accumulate; }
};

class Trainer {
 public:
  /// `objective` as runtime/diffusion/objective.h makes it, without circuits and gradients; compiles the step and the
  /// update. Parameters start as their initialisers say.
  Trainer(graph::Graph objective, const TrainerSettings& settings, jit::Engine& engine, int threads = 0);

  /// One optimiser step on `images` [batch * accumulate, C, H, W] in [-1, 1] and, where the objective takes them, their
  /// labels; gives the mean loss. When it or the gradient is not finite, a qiln::Error names the operation that made it
  /// so, and the trainer is as before the step.
  double step(std::span<const float> images, std::span<const float> labels = {}) {
    return step(Samples{images, labels});
  }
  bool takes_labels() const { return takes_labels_; }
  std::int64_t steps() const { return steps_; }
  std::int64_t parameters() const { return parameter_count_; }
  /// Of the last step: the norm of the gradient before clipping, and the learning rate.
  double gradient_norm() const { return gradient_norm_; }
  double learning_rate() const { return learning_rate_; }

  /// The values of a parameter, averaged over the steps where it is trained.
  std::span<const float> averaged(std::string_view path) const;

  /// Starts from these values, and averages from them.
  void start_from(const Weights& weights);

  /// Gives parameters that are not trained their values, by path.
  void set_values(const std::map<std::string, std::vector<float>>& values);

  /// Weights, averages and the optimiser's state by parameter path.
  void save(Checkpoint& checkpoint) const;
  /// The same without a copy: the checkpoint is to be written before the next step.
  void lend(Checkpoint& checkpoint) const;
  /// The inverse; qiln::Error when the checkpoint is of another model or optimiser.
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
  /// An arena as long as the trained part of the parameter arena.
  struct Arena {
    const char* name;    // in the update
    std::string prefix;  // in checkpoints
    jit::Floats values;
  };
  struct Samples {
    std::span<const float> images, labels;
  };
  double step(const Samples& samples);
  void list_parameters();
  void list_unused();
  void fill_groups();
  void bind_update();
  std::span<float> gradients();
  /// Runs the step on samples `first` to `first + count`.
  double run_batch(const Samples& samples, std::int64_t first, std::int64_t count);
  [[noreturn]] void stop_not_finite(const Samples& samples, double loss);
  std::string cause_of(const Samples& samples);
  std::span<const float> part(const Parameter& parameter, const float* arena) const {
    return {arena + parameter.offset, static_cast<std::size_t>(parameter.count)};
  }

  TrainerSettings settings_;
  std::vector<std::string> trained_paths_;
  graph::Graph objective_;
  bool takes_labels_ = false;
  jit::Executable step_;
  std::int64_t trained_elements_ = 0;  // of the parameter arena, which begins with the trained parameters
  jit::Executable update_;
  std::vector<Parameter> parameters_;
  std::vector<Tensor> unused_;  // what the step does without
  std::int64_t parameter_count_ = 0, steps_ = 0;
  double gradient_norm_ = 0, learning_rate_ = 0;
  jit::Floats average_, gradient_sum_, rates_, decays_;
  std::vector<Arena> states_;
};

}  // namespace qiln::train
