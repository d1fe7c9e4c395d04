// qiln sample: images from a trained run.
#include <fmt/format.h>

#include <filesystem>
#include <memory>

#include "dsl/error.h"
#include "runtime/cli/commands.h"
#include "runtime/cli/training.h"
#include "runtime/data/png.h"
#include "runtime/interrupt.h"
#include "runtime/report/progress.h"
#include "runtime/train/run_folder.h"

namespace qiln::cli {
namespace {

struct Options {
  std::string run, output, checkpoint = "latest";
  std::vector<std::string> overrides;
  CompileOptions compile;
  std::int64_t count = 0;
  std::int64_t seed = -1;
  bool raw = false;
};

void run(Options options) {
  auto folder = train::RunFolder::open(options.run);
  if (options.count > 0) options.overrides.push_back(fmt::format("sample.count={}", options.count));
  if (options.seed >= 0) options.overrides.push_back(fmt::format("sample.seed={}", options.seed));
  ModelFile file(folder.model().string(), options.overrides);
  graph::Graph network = load_network(file, options.compile, {}, false);
  auto schedule = file.schedule();
  if (!schedule) file.report();
  auto settings = sampler_settings(file.settings(), *schedule);
  train::Checkpoint weights = folder.load(options.checkpoint);
  jit::Engine engine(options.compile.target(), options.compile.cache());

  std::int64_t count = file.settings().sample.count;
  std::int64_t per_update = std::min(settings.batch, count);
  InterruptGuard guard;
  std::unique_ptr<report::Progress> progress;
  auto told = [&](std::int64_t done, std::int64_t total) {
    if (!progress) progress.reset(new report::Progress({total, 0, "sample"}));
    progress->update(done, std::nan(""), done % total == 0 ? per_update : 0);
    return !interrupted();
  };
  auto images = diffusion::sample(network, *schedule, weights, !options.raw, count, settings, engine, told,
                                  options.compile.threads);
  if (progress) progress->finish();
  if (images.empty()) throw Error("stopped; no images were written", 2);

  const graph::Shape& shape = network.shape(network.outputs[0].value);
  auto at = [&](int axis) { return static_cast<std::size_t>(shape[axis]); };
  data::Raster grid = data::draw_grid(images, at(0), at(1), at(2));
  grid.text["Software"] = fmt::format("qiln {}", QILN_VERSION);
  grid.text["Comment"] = fmt::format("run {}, step {}, {} samples, {} steps, eta {}, seed {}", options.run,
                                     weights.step, count, settings.steps, settings.eta, settings.seed);
  data::write_png(options.output, grid);
  fmt::print("{} images after {} training steps: {}\n", count, weights.step, options.output);
}

}  // namespace

void add_sample(CLI::App& app) {
  auto* command = app.add_subcommand("sample", "Draw images from a trained run");
  auto options = std::make_shared<Options>();
  options->output = "samples.png";
  command->add_option("run", options->run, "run folder, as `qiln train` made it")->required()->type_name("RUN");
  command->add_option("-n,--count", options->count, "images to draw; the model file's `sample.count` by default")
      ->check(CLI::PositiveNumber);
  command->add_option("-o,--output", options->output, "PNG to write")->type_name("FILE.png")->capture_default_str();
  command->add_option("--seed", options->seed, "seed of the noise; the model file's `sample.seed` by default")
      ->check(CLI::NonNegativeNumber);
  command->add_option("--checkpoint", options->checkpoint, "latest, best, or the step of one that was kept")
      ->type_name("NAME")
      ->capture_default_str();
  command->add_flag("--raw", options->raw, "use the last weights instead of the averaged ones");
  command->add_option("--set", options->overrides, "replace a setting: \"sample.sampler=ddpm()\"")
      ->type_name("NAME=VALUE");
  options->compile.add_to(*command);
  command->footer(
      "Example:\n  qiln sample runs/v7_quantum -n 64 -o digits.png --set \"sample.sampler=ddim(steps = 100)\"");
  command->callback([=] { run(*options); });
}

}  // namespace qiln::cli
