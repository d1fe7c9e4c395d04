// qiln noise: what the noise of a model really is.
#include <fmt/format.h>

#include <memory>

#include "dsl/error.h"
#include "runtime/cli/commands.h"
#include "runtime/cli/output.h"
#include "runtime/cli/quantum_noise.h"
#include "runtime/cli/training.h"
#include "runtime/diffusion/objective.h"

namespace qiln::cli {
namespace {

struct Options {
  ModelOptions model;
  CompileOptions compile;
  std::int64_t count = 4096;
  std::string output;
};

std::string title(const ModelFile& file, const std::string& path) {
  for (const dsl::ResolvedSetting& block : dsl::resolved(file.settings()))
    for (const dsl::ResolvedSetting& objective : block.members)
      for (const dsl::ResolvedSetting& setting : objective.members) {
        if (block.key != "model" || objective.key != "objective" || setting.key != "noise") continue;
        std::string arguments;
        for (const auto& [key, text, members] : setting.members)
          arguments += fmt::format("{}{} = {}", arguments.empty() ? "" : ", ", key, text);
        return fmt::format("{}: {}({})", path, setting.text, arguments);
      }
  return path;
}

void run(const Options& options) {
  ModelFile file(options.model.file, options.model.overrides);
  const graph::Graph network = load_network(file, options.compile, {}, false);
  const graph::Shape image = diffusion::denoiser_signature(network).image;
  const auto noise = quantum_noise(file, image);
  file.report();
  jit::Engine engine(options.compile.target(), options.compile.cache());
  std::optional<CalibratedNoise> values;
  if (noise) values = calibrated(*noise, engine, options.compile.threads);
  const graph::Graph graph =
      diffusion::mixed_noise(noise ? &noise->source : nullptr,
                             noise ? diffusion::step_factors(noise->source) : diffusion::NoiseFactors{}, image, "report");
  jit::Executable program = jit::build(graph, engine, {options.compile.threads, {}});
  if (values)
    for (const auto& port : program.program().params)
      std::ranges::copy(values->values.at(port.name), program.param(port.name).begin());
  program.run(options.count, static_cast<std::uint64_t>(file.settings().train.seed.value));
  auto statistics = report::noise_statistics(program.output("noise"), image[0], image[1], image[2]);
  if (values) statistics.shares = values->shares;
  const std::string text = title(file, options.model.file);
  write_output(options.output, options.output.ends_with(".svg") ? report::noise_svg(statistics, text)
                                                                : report::noise_text(statistics, text));
}

}  // namespace

void add_noise(CLI::App& app) {
  auto* command = app.add_subcommand("noise", "Measure the noise of a diffusion model: distribution, correlations, rank");
  auto options = std::make_shared<Options>();
  options->model.add_to(*command);
  options->compile.add_to(*command);
  command->add_option("-n,--count", options->count, "images of noise that are drawn")
      ->check(CLI::Range(2, 1 << 20))
      ->capture_default_str();
  command
      ->add_option("-o,--output", options->output,
                   "write to this file instead of the terminal: SVG if it ends in .svg, else text")
      ->type_name("FILE");
  command->footer(
      "Example:\n  qiln noise models/noise_4_qubits.qiln -o noise.svg\n"
      "Compare with --set model.objective.noise.control=independent, or gaussian, or tiled.");
  command->callback([=] { run(*options); });
}

}  // namespace qiln::cli
