// From a model file to what the trainer and the sampler take.
#pragma once

#include <CLI/CLI.hpp>

#include <string>

#include "dsl/settings.h"
#include "runtime/cli/model_file.h"
#include "runtime/train/run.h"

namespace qiln::cli {

/// How code is made; options that every command that compiles has.
struct CompileOptions {
  int lanes = 0, threads = 0;
  bool no_closed_form = false, no_cache = false;
  void add_to(CLI::App& command);
  codegen::Target target() const;
  jit::CacheOptions cache() const;
};

/// The network with its circuits lowered, ready to be differentiated. Reports errors and throws on them; findings are
/// reported too. `name`: another net or circuit than the one that `model` names. Without `training` it is the network
/// that samples: dropout is gone, circuits are lowered for values alone, and findings are not repeated.
/// `declared` receives all parameters, also those that turn out to have no influence.
graph::Graph load_network(ModelFile& file, const CompileOptions& options, const std::string& name = {},
                          bool training = true, std::vector<train::Declared>* declared = nullptr);

/// Everything of a training run, the data loaded.
train::Task load_task(ModelFile& file, const CompileOptions& options);

/// The images that the settings ask for.
data::Images load_images(const dsl::Settings& settings);

/// The training objective around a network; reports errors and throws on them.
graph::Graph load_objective(ModelFile& file, const graph::Graph& network);

/// One step of the sampler around a network (diffusion/sampler.h).
graph::Graph load_sampling_step(const ModelFile& file, const graph::Graph& network);

/// What draws images: the network without dropout. An error when the objective is none of diffusion.
diffusion::Denoiser load_denoiser(ModelFile& file, const CompileOptions& options);

/// The sampler that the settings ask for.
diffusion::SamplerSettings sampler_settings(const dsl::Settings& settings);

/// The settings as JSON text: what a run folder keeps.
std::string settings_json(const dsl::Settings& settings);

}  // namespace qiln::cli
