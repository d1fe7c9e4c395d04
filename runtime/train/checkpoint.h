// What a training run needs to go on exactly where it stopped, as one safetensors file.
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "runtime/train/safetensors.h"

namespace qiln::train {

/// Tensors are float and named by parameter path: `e1.conv.weight` itself, `ema.…` its moving average, and
/// `adam.m.…`, `adam.v.…` or `sgd.momentum.…` the optimiser's state.
struct Checkpoint {
  std::int64_t step = 0;      // finished optimiser steps
  std::uint64_t seed = 0;     // the seed of the run; with `step` the whole state of the random numbers
  std::string model = {};     // the model file's text
  std::string settings = {};  // the resolved settings, as the run folder's settings.json
  std::map<std::string, std::string> extra = {};  // more of the trainer's own, such as the best loss
  std::vector<Tensor> tensors = {};
  std::vector<TensorView> lent = {};  // written like `tensors`; whoever lends them keeps them until then

  void add(std::string name, std::vector<std::int64_t> shape, std::span<const float> values);
  /// The values of one tensor. Missing, or with another shape than asked, is a qiln::Error that says both shapes: the
  /// checkpoint is of another model.
  std::span<const float> values(std::string_view name, std::span<const std::int64_t> shape) const;
};

/// Replaces `path` atomically: a kill at any moment leaves the old checkpoint or the new one.
void save_checkpoint(const std::filesystem::path& path, const Checkpoint& checkpoint);

/// Whether the file says that it is one of Qiln's.
bool is_checkpoint(const TensorFile& file);

/// Errors as read_safetensors, and for a safetensors file that is no checkpoint of Qiln.
Checkpoint load_checkpoint(const std::filesystem::path& path);

}  // namespace qiln::train
