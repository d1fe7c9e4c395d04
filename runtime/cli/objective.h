// What the settings' objective makes of a network.
#pragma once

#include <optional>
#include <string>

#include "runtime/cli/model_file.h"
#include "runtime/diffusion/objective.h"
#include "runtime/diffusion/sampler.h"

namespace qiln::cli {

/// The training objective around `network`, circuits lowered or not. Errors in losses, weights and schedules are
/// reported, then nothing is given; a network of another signature than the objective's is qiln::Error.
std::optional<graph::Graph> objective_of(ModelFile& file, const graph::Graph& network);

/// The network as what draws images; nothing when the objective is none of diffusion, or an error was reported.
std::optional<diffusion::Denoiser> denoiser_of(ModelFile& file, graph::Graph network);

/// A line about the noise schedule: steps, terminal SNR, clipped betas. Empty when there is none.
std::string schedule_line(ModelFile& file);

}  // namespace qiln::cli
