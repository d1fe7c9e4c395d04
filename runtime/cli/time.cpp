// qiln time: a training step over and over, driven line by line, so that a script can alternate it with others.
#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <iostream>
#include <memory>
#include <sstream>

#include "dsl/error.h"
#include "runtime/cli/commands.h"
#include "runtime/cli/training.h"
#include "runtime/jit/timing.h"
#include "runtime/train/batches.h"

namespace qiln::cli {
namespace {

struct Options {
  ModelOptions model;
  CompileOptions compile;
  std::int64_t batch = 0;
  bool nests = false;
};

/// Seconds of the median of `count` steps.
double median_step(train::Trainer& trainer, std::span<const float> images, int count) {
  std::vector<double> seconds;
  for (int i = 0; i < count; ++i) {
    auto start = std::chrono::steady_clock::now();
    trainer.step(images);
    seconds.push_back(std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count());
  }
  std::nth_element(seconds.begin(), seconds.begin() + count / 2, seconds.end());
  return seconds[count / 2];
}

void run(Options options) {
  if (options.batch > 0) options.model.overrides.push_back(fmt::format("train.batch={}", options.batch));
  ModelFile file(options.model.file, options.model.overrides);
  train::Task task = load_task(file, options.compile);
  jit::Engine engine(task.target, task.cache);
  train::Trainer trainer(task.network, task.schedule, task.trainer, engine, task.threads);
  std::vector<float> images(static_cast<std::size_t>(task.trainer.batch) * task.images.image_size());
  for (std::size_t i = 0; i < static_cast<std::size_t>(task.trainer.batch); ++i)
    data::scale_image(task.images, i % task.images.count,
                      std::span(images).subspan(i * task.images.image_size(), task.images.image_size()));
  median_step(trainer, images, 2);
  trainer.step_program().set_timing(options.nests);
  fmt::print("ready\n");
  std::fflush(stdout);
  for (std::string line, word; std::getline(std::cin, line);) {
    std::istringstream words(line);
    int count = 1;
    if (!(words >> word) || word == "quit") break;
    words >> count;
    if (word != "round" || count < 1) throw Error(fmt::format("expected `round K` or `quit`, found `{}`", line), 1);
    fmt::print("{:.9f}\n", median_step(trainer, images, count));
    std::fflush(stdout);
  }
  if (options.nests) fmt::print("{}", jit::timing_table(trainer.step_program()));
}

}  // namespace

void add_time(CLI::App& app) {
  auto* command =
      app.add_subcommand("time", "Time training steps, as benchmarks do: answers each line `round K` of its input");
  auto options = std::make_shared<Options>();
  options->model.add_to(*command);
  options->compile.add_to(*command);
  command->add_option("--batch", options->batch, "samples a step")->check(CLI::PositiveNumber);
  command->add_flag("--nests", options->nests, "at the end, print the time that each loop nest took");
  command->footer(
      "Prints `ready` once everything is compiled, then the median seconds of K steps for each line `round K`.\n\n"
      "Example:\n  echo 'round 10' | qiln time models/v7_plain.qiln --batch 64");
  command->callback([=] { run(*options); });
}

}  // namespace qiln::cli
