#include "runtime/cli/objective.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "compiler/graph/verify.h"
#include "dsl/error.h"
#include "runtime/cli/quantum_noise.h"

namespace qiln::cli {
namespace {

namespace s = dsl::settings;
using dsl::DiagnosticKind;

/// A loss that settings name, between tensors of `shape`; the mean squared difference needs no graph of its own.
std::optional<graph::Graph> distance(ModelFile& file, const s::Callee& callee, const graph::Shape& shape) {
  const graph::Shape both[] = {shape, shape};
  auto graph = elaborate_function(file.library(), s::expression(callee), both, file.diagnostics());
  if (!graph || graph->shape(graph->outputs[0].value).empty()) return graph;
  file.diagnostics()
      .report(DiagnosticKind::type_mismatch, callee.name.span, "a loss of one number",
              graph::to_string(graph->shape(graph->outputs[0].value)))
      .help("average it: `mean(…, axes = all_axes(x))`");
  return {};
}

/// A function of weights at `points`, finite, not negative and not zero everywhere. `variable` is what messages call its
/// argument.
std::optional<std::vector<double>> weights(ModelFile& file, const s::Callee& callee, const std::vector<double>& points,
                                           const char* variable) {
  auto values = tabulate(file.library(), s::expression(callee), points, file.diagnostics());
  if (!values) return {};
  for (std::size_t k = 0; k < points.size(); ++k)
    if (!std::isfinite((*values)[k]) || (*values)[k] < 0) {
      file.diagnostics().report(DiagnosticKind::bad_weight, callee.name.span, callee.name.text, (*values)[k], variable,
                                points[k]);
      return {};
    }
  if (std::ranges::any_of(*values, [](double value) { return value > 0; })) return values;
  file.diagnostics().report(DiagnosticKind::no_weight, callee.name.span, callee.name.text);
  return {};
}

diffusion::Prediction prediction_of(const s::Diffusion& settings) {
  return static_cast<diffusion::Prediction>(settings.predict.value);
}

std::optional<diffusion::DenoisingOptions> options_of(ModelFile& file, const s::Diffusion& settings,
                                                      const diffusion::NoiseSchedule& schedule,
                                                      const graph::Shape& image) {
  diffusion::DenoisingOptions options;
  options.prediction = prediction_of(settings);
  options.label_dropout = settings.label_dropout;
  options.distance = distance(file, settings.loss, image);
  bool fits = options.distance.has_value();
  if (const auto& weight = settings.weight.value) {
    std::vector<double> ratios;
    for (int t = 0; t < schedule.steps(); ++t) ratios.push_back(schedule.snr(t));
    const auto values = weights(file, *weight, ratios, "signal-to-noise ratio");
    fits = fits && values;
    if (values) options.clean_weights = *values;
  }
  if (const auto* weighted = std::get_if<s::WeightedTime>(&settings.time.value)) {
    std::vector<double> times;
    for (int t = 0; t < schedule.steps(); ++t) times.push_back((t + 1.0) / schedule.steps());
    const auto values = weights(file, weighted->density, times, "u =");
    fits = fits && values;
    if (values) options.densities = *values;
  }
  const std::size_t errors = file.diagnostics().error_count();
  if (auto noise = quantum_noise(file, image)) options.noise = std::move(noise->source);
  fits = fits && errors == file.diagnostics().error_count();
  return fits ? std::optional(options) : std::nullopt;
}

std::optional<graph::Graph> supervised(ModelFile& file, const graph::Graph& network, diffusion::Target target,
                                       const s::Callee& loss) {
  const auto between = distance(file, loss, network.shape(network.outputs[0].value));
  if (!between) return {};
  return diffusion::supervised_objective(network, target, between);
}

}  // namespace

std::optional<graph::Graph> objective_of(ModelFile& file, const graph::Graph& network) {
  const auto& objective = file.settings().model.objective.value;
  if (const auto* settings = std::get_if<s::Classification>(&objective))
    return supervised(file, network, diffusion::Target::one_hot, settings->loss);
  if (const auto* settings = std::get_if<s::Regression>(&objective)) {
    const bool image = settings->target.value == s::RegressionTarget::image;
    return supervised(file, network, image ? diffusion::Target::image : diffusion::Target::label, settings->loss);
  }
  const auto& settings = std::get<s::Diffusion>(objective);
  const auto schedule = file.schedule();
  if (!schedule) return {};
  const auto options = options_of(file, settings, *schedule, diffusion::denoiser_signature(network).image);
  if (!options) return {};
  return diffusion::denoising_objective(network, *schedule, *options);
}

std::optional<diffusion::Denoiser> denoiser_of(ModelFile& file, graph::Graph network) {
  const auto* settings = std::get_if<s::Diffusion>(&file.settings().model.objective.value);
  if (!settings) return {};
  const auto schedule = file.schedule();
  if (!schedule) return {};
  diffusion::Denoiser denoiser{std::move(network), *schedule, prediction_of(*settings)};
  const std::size_t errors = file.diagnostics().error_count();
  if (auto noise = quantum_noise(file, diffusion::denoiser_signature(denoiser.network).image))
    denoiser.noise = std::move(noise->source);
  check_noise_path(file);
  if (errors != file.diagnostics().error_count()) return {};
  return denoiser;
}

std::string schedule_line(ModelFile& file) {
  const auto schedule = file.schedule();
  return schedule ? "schedule: " + diffusion::describe(*schedule) : "";
}

}  // namespace qiln::cli
