#include "runtime/cli/quantum_noise.h"

#include <fmt/format.h>

#include "compiler/graph/verify.h"
#include "compiler/pipeline.h"

namespace qiln::cli {
namespace {

namespace s = dsl::settings;
using dsl::DiagnosticKind;

const s::QuantumNoise* quantum_settings(const ModelFile& file) {
  const auto* objective = std::get_if<s::Diffusion>(&file.settings().model.objective.value);
  return objective ? std::get_if<s::QuantumNoise>(&objective->noise.value) : nullptr;
}

/// How many angles the circuit takes and how many numbers it gives.
struct Signature {
  std::int64_t angles = 0, outputs = 0;
};
std::optional<Signature> signature(ModelFile& file, const s::Callee& circuit) {
  if (circuit.name.text.empty()) {
    file.diagnostics()
        .report(DiagnosticKind::missing_setting, {file.program().files.back().id, 0, 0}, "quantum.circuit")
        .help("name the circuit: `noise = quantum(C)`");
    return {};
  }
  const auto alone = elaborate(file.library(), circuit.name.text, file.diagnostics());
  if (!alone) return {};
  std::vector<graph::Shape> inputs;
  for (const auto& node : alone->nodes)
    if (node.op == Primitive::input) inputs.push_back(node.type.shape);
  const graph::Shape& result = alone->shape(alone->outputs[0].value);
  const bool is_circuit = alone->outputs.size() == 1 && !alone->circuits.empty();
  if (is_circuit && inputs.size() == 1 && inputs[0].size() == 1 && result.size() == 1)
    return Signature{inputs[0][0], result[0]};
  file.diagnostics().report(DiagnosticKind::type_mismatch, circuit.name.span,
                            "a circuit of angles, `circuit C(x: [m]) -> [n]`", "`" + circuit.name.text + "`");
  return {};
}

/// The circuit at `places`, measured with `shots` where it states none.
std::optional<graph::Graph> measured(ModelFile& file, s::Callee circuit, std::int64_t shots, const graph::Shape& angles) {
  dsl::ast::Expr number{dsl::ast::Integer{shots}, circuit.name.span};
  circuit.arguments.push_back({dsl::ast::Name{"shots", circuit.name.span}, std::move(number), circuit.name.span});
  auto graph = elaborate_function(file.library(), s::expression(circuit), {&angles, 1}, file.diagnostics());
  if (graph) run_circuit_passes(*graph, true, false);
  return graph;
}

diffusion::QuantumNoiseSettings settings_of(const s::QuantumNoise& quantum, std::int64_t seed) {
  return {.shots = quantum.shots,
          .fixed_angles = quantum.angles.value == s::Angles::fixed,
          .control = static_cast<diffusion::NoiseControl>(quantum.control.value),
          .seed = static_cast<std::uint64_t>(seed)};
}

}  // namespace

std::optional<QuantumNoise> quantum_noise(ModelFile& file, const graph::Shape& image) {
  const s::QuantumNoise* quantum = quantum_settings(file);
  if (!quantum) return {};
  const auto fits = signature(file, quantum->circuit);
  if (!fits) return {};
  QuantumNoise noise;
  noise.settings = settings_of(*quantum, file.settings().train.seed);
  const std::int64_t places =
      diffusion::places_for(graph::element_count(image), fits->outputs, noise.settings.control);
  const auto shot = measured(file, quantum->circuit, quantum->shots, {places, fits->angles});
  const auto exact = measured(file, quantum->circuit, 0, {places, fits->angles});
  if (!shot || !exact) return {};
  noise.raw = diffusion::raw_draws(*shot, noise.settings);
  diffusion::QuantumNoiseSettings unmeasured = noise.settings;
  unmeasured.shots = 0;
  noise.exact = diffusion::raw_draws(*exact, unmeasured);
  noise.source = {diffusion::whitened_noise(noise.raw, image, noise.settings.control), quantum->share,
                  quantum->path.value == s::NoisePath::markov};
  return noise;
}

CalibratedNoise calibrated(const QuantumNoise& noise, jit::Engine& engine, int threads) {
  const auto all = diffusion::draw_moments(noise.raw, noise.settings, engine, threads);
  const auto angles = diffusion::draw_moments(noise.exact, noise.settings, engine, threads);
  const auto calibration = diffusion::calibrate(noise.raw, noise.settings, all);
  const double total = all.covariance.trace(), spread =
      static_cast<double>(all.mean.size()) * diffusion::spread_variance(noise.settings.shots);
  report::VarianceShares shares{angles.covariance.trace() / total, 0, spread / total};
  shares.shots = std::max(0.0, 1 - shares.angles - shares.spread);
  return {diffusion::parameter_values(noise.source.draw, calibration, noise.settings), shares};
}

void check_noise_path(ModelFile& file) {
  const s::QuantumNoise* quantum = quantum_settings(file);
  if (!quantum || quantum->path.value == s::NoisePath::markov) return;
  const auto& sampler = file.settings().sample.sampler.value;
  const auto* ddim = std::get_if<s::Ddim>(&sampler);
  if (!std::holds_alternative<s::Ddpm>(sampler) && !(ddim && ddim->eta > 0)) return;
  file.diagnostics()
      .report(DiagnosticKind::noise_path, quantum->circuit.value.name.span, ddim ? "ddim` with `eta > 0" : "ddpm")
      .note("an image and its one noise make a straight line; new noise leaves the images that the net was trained on")
      .help("sample with `ddim()`, `dpm_solver()` or `heun()`, or train with `path = markov`");
}

}  // namespace qiln::cli
