// The training objective and the sampler's update as graphs around a network's graph.
#pragma once

#include <string>
#include <vector>

#include "compiler/graph/graph.h"
#include "runtime/diffusion/schedule.h"

namespace qiln::diffusion {

/// Inputs and outputs of the graphs, by name.
namespace port {
inline constexpr const char* image = "x0";                     // varying [C, H, W], scaled to [-1, 1]
inline constexpr const char* noise = "noise";                  // varying [C, H, W]; only when not drawn by the graph
inline constexpr const char* time = "t";                       // varying []; likewise
inline constexpr const char* inverse_batch = "inverse_batch";  // uniform []: 1 / samples of the batch
inline constexpr const char* loss = "loss";                    // uniform []
inline constexpr const char* gradient = "gradient.";           // + parameter path: uniform, the parameter's shape
}  // namespace port

/// Loss only: mean over samples and pixels of (network(x, t) - target)^2 for given x, t and target, as inputs called
/// "x", "t" and "target". What the comparison with PyTorch evaluates.
graph::Graph regression_objective(const graph::Graph& network);

/// The DDPM loss (Ho et al. 2020, eq. 14): t uniform on 0 .. T - 1 and noise e ~ N(0, 1) drawn by the graph;
/// mean of (network(sqrt(a_t) x0 + sqrt(1 - a_t) e, t) - e)^2, a = alpha_bar.
graph::Graph denoising_objective(const graph::Graph& network, const NoiseSchedule& schedule);

/// Appends the gradients of output "loss" in the trainable parameters as outputs "gradient.<path>", in the order of the
/// parameters; returns their paths. A parameter that no gradient reaches is marked as not trainable: an optimiser would
/// leave it where it is.
std::vector<std::string> add_gradients(graph::Graph& objective);

/// One step of a sampler (DDIM, Song et al. 2021, eq. 12; eta = 1 over all steps is DDPM's ancestral sampling). Inputs:
/// varying "x"; uniform [] "t", and the scalars of `SamplerScalars` by name. With e = network(x, t):
/// x0 = clip(x * inverse_signal - e * noise_over_signal, -1, 1), direction = (x - signal * x0) * inverse_noise,
/// output "x" = x0 * next_signal + direction * next_noise + fresh * N(0, 1). `clip` false leaves x0 as it is.
graph::Graph sampling_step(const graph::Graph& network, bool clip = true);

struct SamplerScalars {
  double inverse_signal, noise_over_signal, signal, inverse_noise, next_signal, next_noise, fresh;
};
/// From step t to `previous` (-1: the clean image).
SamplerScalars sampler_scalars(const NoiseSchedule& schedule, int t, int previous, double eta);

/// `count` steps out of T, last first, evenly spread: the last is T - 1, the first 0 when count > 1.
std::vector<int> strided_steps(int total, int count);

}  // namespace qiln::diffusion
