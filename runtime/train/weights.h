// Weights in and out of safetensors files, named by parameter path and laid out as PyTorch's modules have them.
#pragma once

#include <filesystem>
#include <map>
#include <span>
#include <string>
#include <vector>

#include "compiler/graph/graph.h"
#include "runtime/train/checkpoint.h"

namespace qiln::train {

/// A parameter or buffer of a model, whether or not the compiled program needs it.
struct Declared {
  graph::ParamAttributes attributes;
  graph::Shape shape;
};
/// All of a network as it was elaborated.
std::vector<Declared> declared_parameters(const graph::Graph& network);

/// What a file has for a model.
struct Weights {
  std::map<std::string, std::vector<float>> values;  // by path; only those that fit
  std::vector<std::string> missing, extra, unfit;    // a line each: path, shape, what differs
  bool whole() const { return missing.empty() && extra.empty() && unfit.empty(); }
};

/// Reads a safetensors file of PyTorch or a checkpoint of Qiln, of which it takes the averaged weights. Half, bfloat16
/// and double become float. `num_batches_tracked` of PyTorch's batch norms is no weight and left out. Errors as
/// read_safetensors.
Weights read_weights(const std::filesystem::path& path, std::span<const Declared> declared);

/// The three lists, a heading each, for a message; empty when all is well.
std::string describe(const Weights& weights);

/// The checkpoint's weights alone, the averaged ones if `averaged` (as they are where training leaves them), as
/// `load_state_dict` takes them.
void write_weights(const std::filesystem::path& path, const Checkpoint& checkpoint, bool averaged);

}  // namespace qiln::train
