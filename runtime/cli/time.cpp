// qiln time: a training step, or a gradient, over and over, driven line by line, so that a script can alternate it with
// others.
#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <iostream>
#include <memory>
#include <sstream>
#include <string>
#include <vector>

#include "dsl/error.h"
#include "runtime/cli/commands.h"
#include "runtime/cli/timed_step.h"

namespace qiln::cli {
namespace {

struct Options {
  ModelOptions model;
  CompileOptions compile;
  std::int64_t batch = 0;
  std::string net;
};

/// Seconds of the median of `count` steps.
double median_step(const TimedStep& step, int count) {
  std::vector<double> seconds;
  for (int i = 0; i < count; ++i) {
    auto start = std::chrono::steady_clock::now();
    step.run();
    seconds.push_back(std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count());
  }
  std::nth_element(seconds.begin(), seconds.begin() + count / 2, seconds.end());
  return seconds[count / 2];
}

TimedStep make_step(ModelFile& file, const Options& options) {
  if (options.net.empty()) return training_step(file, options.compile);
  return gradient_step(file, options.compile, options.net, options.batch > 0 ? options.batch : 1);
}

void run(Options options) {
  if (options.batch > 0 && options.net.empty())
    options.model.overrides.push_back(fmt::format("train.batch={}", options.batch));
  ModelFile file(options.model.file, options.model.overrides);
  const TimedStep step = make_step(file, options);
  median_step(step, 2);
  fmt::print("ready\n");
  std::fflush(stdout);
  for (std::string line, word; std::getline(std::cin, line);) {
    std::istringstream words(line);
    int count = 1;
    if (!(words >> word) || word == "quit") break;
    words >> count;
    if (word != "round" || count < 1) throw Error(fmt::format("expected `round K` or `quit`, found `{}`", line), 1);
    fmt::print("{:.9f}\n", median_step(step, count));
    std::fflush(stdout);
  }
}

}  // namespace

void add_time(CLI::App& app) {
  auto* command =
      app.add_subcommand("time", "Time training steps, as benchmarks do: answers each line `round K` of its input");
  auto options = std::make_shared<Options>();
  options->model.add_to(*command);
  options->compile.add_to(*command);
  command->add_option("--batch", options->batch, "samples a step")->check(CLI::PositiveNumber);
  command->add_option("--net", options->net, "instead: the value and gradient of this net or circuit, at random inputs")
      ->type_name("NAME");
  command->footer(
      "Prints `ready` once everything is compiled, then the median seconds of K steps for each line `round K`.\n\n"
      "Example:\n  echo 'round 10' | qiln time models/v7_plain.qiln --batch 64");
  command->callback([=] { run(*options); });
}

}  // namespace qiln::cli
