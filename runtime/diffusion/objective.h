// Training objectives as graphs around a network's graph.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "compiler/graph/graph.h"
#include "runtime/diffusion/noise.h"
#include "runtime/diffusion/prediction.h"
#include "runtime/diffusion/schedule.h"

namespace qiln::diffusion {

/// Inputs and outputs of the graphs, by name.
namespace port {
inline constexpr const char* image = "x0";                     // varying [C, H, W], scaled to [-1, 1]
inline constexpr const char* label = "label";                  // varying [], a class's number; where labels are used
inline constexpr const char* inverse_batch = "inverse_batch";  // uniform []: 1 / samples of the batch
inline constexpr const char* loss = "loss";                    // uniform []: the mean over the batch
inline constexpr const char* accuracy = "accuracy";            // uniform []: share of right answers; of classifiers
inline constexpr const char* gradient = "gradient.";           // + parameter path: uniform, the parameter's shape
}  // namespace port

/// The arguments of a denoising network (image, time) or (image, time, label): [C, H, W], [] and a label of so many
/// classes (0: none). qiln::Error (exit code 1) when the network has others, or returns another shape than its image's.
struct DenoiserSignature {
  graph::Shape image;
  std::int64_t classes = 0;
};
DenoiserSignature denoiser_signature(const graph::Graph& network);

/// A distance as a graph: inputs prediction and target of one shape, output []. None is the mean squared difference.
using Distance = std::optional<graph::Graph>;

struct DenoisingOptions {
  Prediction prediction = Prediction::noise;
  Distance distance = {};
  /// By time: the weight of the squared error in the clean image, from which that of the error in the prediction
  /// follows (prediction.h). Empty: the error in the prediction counts alike at each time.
  std::vector<double> clean_weights = {};
  std::vector<double> densities = {};  // by time: how often it is drawn, up to a factor. Empty: all alike
  std::optional<NoiseSource> noise = {};  // Gaussian when there is none
  double label_dropout = 0;       // how often a label is left out: its number is then -1, its one-hot vector zero
};

/// The denoising loss (Ho et al. 2020, eq. 14, for the noise and the mean squared error): t on 0 .. T - 1 and noise e,
/// by default N(0, 1), drawn by the graph; the mean over the batch of w_t * distance(network(s_t x0 + n_t e, t), target_t).
graph::Graph denoising_objective(const graph::Graph& network, const NoiseSchedule& schedule,
                                 const DenoisingOptions& options = {});

/// What a supervised network's result is compared with.
enum class Target {
  one_hot,  // of the label, in as many classes as the network has numbers; "accuracy" is an output then
  label,    // the label's number; the network returns [] or [1]
  image     // the network's own argument
};

/// Supervised training of a network of one argument. qiln::Error (exit code 1) when its shapes do not fit the target.
graph::Graph supervised_objective(const graph::Graph& network, Target target, const Distance& distance);

/// The number of classes that the objective's labels have: 0 when any number will do; nothing when it takes none.
std::optional<std::int64_t> label_classes(const graph::Graph& objective);

/// Loss only: mean over samples and elements of (network(x, t) - target)^2 for given x, t and target, as inputs called
/// "x", "t" and "target". What the comparison with PyTorch evaluates.
graph::Graph regression_objective(const graph::Graph& network);

/// Appends the gradients of output "loss" in the trainable parameters as outputs "gradient.<path>", in the order of the
/// parameters; returns their paths. A parameter that no gradient reaches is marked as not trainable: an optimiser would
/// leave it where it is.
std::vector<std::string> add_gradients(graph::Graph& objective);

}  // namespace qiln::diffusion
