// qiln sample: images from a trained run.
#include <fmt/format.h>

#include <filesystem>
#include <map>
#include <memory>

#include "dsl/error.h"
#include "runtime/cli/commands.h"
#include "runtime/cli/training.h"
#include "runtime/data/apng.h"
#include "runtime/data/npz_writer.h"
#include "runtime/data/png.h"
#include "runtime/diffusion/objective.h"
#include "runtime/files.h"
#include "runtime/interrupt.h"
#include "runtime/report/progress.h"
#include "runtime/train/run_folder.h"

namespace qiln::cli {
namespace {

struct Options {
  std::string run, output = "samples.png", each, strip, npz, checkpoint = "latest";
  std::vector<std::string> overrides;
  CompileOptions compile;
  std::int64_t count = 0;
  std::int64_t seed = -1;
  bool raw = false;
};

/// The last samples' shape, and what every picture says about itself.
struct Album {
  std::size_t channels = 1, height = 0, width = 0;
  std::map<std::string, std::string> text;

  data::Raster grid(std::span<const float> samples, const data::GridLayout& layout = {}) const {
    data::Raster raster = data::draw_grid(samples, channels, height, width, layout);
    raster.text = text;
    return raster;
  }
  std::size_t size() const { return channels * height * width; }
};

/// One PNG a sample, a pixel a pixel.
void write_each(const std::string& folder, std::span<const float> samples, const Album& album) {
  make_folder(folder);
  for (std::size_t k = 0; k * album.size() < samples.size(); ++k)
    data::write_png(
        std::filesystem::path(folder) / fmt::format("{:05}.png", k),
        album.grid(samples.subspan(k * album.size(), album.size()), {.columns = 1, .scale = 1, .gutter = 0}));
}

/// At most `most_frames` of what was seen, evenly spread; the first and the last stand longer.
void write_strip(const std::string& path, const std::vector<std::vector<float>>& seen, const Album& album) {
  constexpr std::size_t most_frames = 60;
  const std::size_t count = std::min(seen.size(), most_frames);
  std::vector<data::Frame> frames;
  for (std::size_t k = 0; k < count; ++k)
    frames.push_back({album.grid(seen[count == 1 ? 0 : k * (seen.size() - 1) / (count - 1)]), 80});
  frames.front().milliseconds = 500;
  frames.back().milliseconds = 2500;
  data::write_apng(path, frames);
}

/// What the first samples look like after each move.
struct Strip {
  std::vector<std::vector<float>> seen;
  const float* first = nullptr;  // where the first batch lies, the only one that is looked at

  void look(std::span<const float> samples, std::size_t size) {
    constexpr std::size_t most = 16;
    if (!first) first = samples.data();
    if (samples.data() != first) return;
    const auto shown = samples.first(std::min(samples.size(), most * size));
    seen.emplace_back(shown.begin(), shown.end());
  }
};

std::string about(const Options& options, const train::Checkpoint& weights, std::int64_t count,
                  const diffusion::SamplerSettings& settings) {
  return fmt::format("run {}, step {}, {} samples, guidance {}, seed {}", options.run, weights.step, count,
                     settings.guidance, settings.seed);
}

void write_files(const Options& options, std::span<const float> images, const Strip& strip, const Album& album) {
  data::write_png(options.output, album.grid(images));
  if (!options.each.empty()) write_each(options.each, images, album);
  if (!options.strip.empty()) write_strip(options.strip, strip.seen, album);
  if (options.npz.empty()) return;
  const auto extent = [](std::size_t n) { return static_cast<std::int64_t>(n); };
  const data::NamedArray array{
      "images",
      {extent(images.size() / album.size()), extent(album.channels), extent(album.height), extent(album.width)},
      images};
  data::write_npz(options.npz, std::span(&array, 1));
}

void run(Options options) {
  auto folder = train::RunFolder::open(options.run);
  if (options.count > 0) options.overrides.push_back(fmt::format("sample.count={}", options.count));
  if (options.seed >= 0) options.overrides.push_back(fmt::format("sample.seed={}", options.seed));
  ModelFile file(folder.model().string(), options.overrides);
  const diffusion::Denoiser denoiser = load_denoiser(file, options.compile);
  auto settings = sampler_settings(file.settings());
  train::Checkpoint weights = folder.load(options.checkpoint);
  jit::Engine engine(options.compile.target(), options.compile.cache());

  const graph::Shape shape = diffusion::denoiser_signature(denoiser.network).image;
  const auto at = [&](int axis) { return static_cast<std::size_t>(shape[axis]); };
  Album album{.channels = at(0), .height = at(1), .width = at(2), .text = {}};
  Strip strip;
  if (!options.strip.empty())
    settings.watch = [&](std::span<const float> samples) { strip.look(samples, album.size()); };
  std::int64_t count = file.settings().sample.count;
  std::int64_t per_update = std::min(settings.batch, count);
  InterruptGuard guard;
  std::unique_ptr<report::Progress> progress;
  auto told = [&](std::int64_t done, std::int64_t total) {
    if (!progress) progress.reset(new report::Progress({total, 0, "sample"}));
    progress->update(done, std::nan(""), done % total == 0 ? per_update : 0);
    return !interrupted();
  };
  auto images = diffusion::sample(denoiser, weights, !options.raw, count, settings, engine, told,
                                  options.compile.threads);
  if (progress) progress->finish();
  if (images.empty()) throw Error("stopped; no images were written", 2);
  album.text = {{"Software", fmt::format("qiln {}", QILN_VERSION)},
                {"Settings", settings_json(file.settings())},
                {"Comment", about(options, weights, count, settings)}};
  write_files(options, images, strip, album);
  fmt::print("{} images after {} training steps: {}\n", count, weights.step, options.output);
}

}  // namespace

void add_sample(CLI::App& app) {
  auto* command = app.add_subcommand("sample", "Draw images from a trained run");
  auto options = std::make_shared<Options>();
  command->add_option("run", options->run, "run folder, as `qiln train` made it")->required()->type_name("RUN");
  command->add_option("-n,--count", options->count, "images to draw; the model file's `sample.count` by default")
      ->check(CLI::PositiveNumber);
  command->add_option("-o,--output", options->output, "PNG to write")->type_name("FILE.png")->capture_default_str();
  command->add_option("--each", options->each, "also write one PNG an image into this folder")->type_name("DIR");
  command->add_option("--strip", options->strip, "also write an animated PNG: the first 16 on their way from noise")
      ->type_name("FILE.png");
  command
      ->add_option("--npz", options->npz, "also write the images as floats for NumPy, `images` [n, C, H, W] in [-1, 1]")
      ->type_name("FILE.npz");
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
