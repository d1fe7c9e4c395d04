// A training run from its first step to its last: run folder, checkpoints, log, progress, grids, Ctrl-C.
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "compiler/codegen/target.h"
#include "compiler/graph/graph.h"
#include "runtime/data/augment.h"
#include "runtime/data/images.h"
#include "runtime/diffusion/sampler.h"
#include "runtime/jit/object_cache.h"
#include "runtime/train/trainer.h"

namespace qiln::train {

/// What is trained, on what, how.
struct Task {
  graph::Graph objective;                        // of the network in training (runtime/diffusion/objective.h)
  graph::Graph evaluation;                       // the same of the network without dropout, for the held-out loss
  std::optional<diffusion::Denoiser> denoiser;   // what draws images; none in supervised training
  std::map<std::string, std::vector<float>> values;  // of parameters that no initialiser draws, by path
  data::Images images;
  data::Images held_out;            // for the held-out loss; none when its count is 0
  data::Augmentation augmentation;  // of `images`, drawn by trainer.seed
  TrainerSettings trainer;
  std::int64_t steps = 1000;
  std::int64_t checkpoint_every = 500;  // steps; 0 in the others: never
  std::int64_t keep_every = 0;
  std::int64_t evaluate_every = 500;
  std::int64_t sample_every = 0;
  std::int64_t patience = 0;  // evaluations in a row without a better loss that end the run; 0: none do
  diffusion::SamplerSettings sampler;
  std::int64_t samples = 64;  // of a grid
  codegen::Target target;
  jit::CacheOptions cache;
  int threads = 0;
};

struct RunOptions {
  std::filesystem::path folder;
  bool resume = false;              // go on from the last checkpoint
  bool replace = false;             // drop what an earlier run left
  bool draw = true;                 // a grid of samples at the end
  std::filesystem::path init = {};  // weights to start from (weights.h); none: as the initialisers say
  bool partial = false;             // they need not fit as a whole
};

/// Trains to `task.steps` steps, or until patience is at an end. Writes the model's text and settings, a log line a
/// step, checkpoints, and a grid of samples at the end. Every `evaluate_every` steps the loss on the held-out images,
/// or else the mean training loss since, decides which checkpoint is the best. On Ctrl-C it saves a checkpoint and
/// throws qiln::Error that says how to go on; other errors keep the last checkpoint and name it. A resumed run gives
/// the same bits as one that was never stopped.
void run(const Task& task, const RunOptions& options, const std::string& model_text, const std::string& settings_json);

}  // namespace qiln::train
