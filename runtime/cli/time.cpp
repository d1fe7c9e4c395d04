// qiln time: a step over and over, driven line by line, so that a script can alternate it with others.
#include <fmt/format.h>

#include <iostream>
#include <memory>
#include <sstream>
#include <string>

#include "dsl/error.h"
#include "runtime/cli/commands.h"
#include "runtime/cli/timed_step.h"

namespace qiln::cli {
namespace {

/// Seconds of the median of `count` steps.
double median_step(const TimedStep& step, int count) { return time_steps(step, count)[count / 2]; }

void run(const StepOptions& options) {
  const TimedStep step = make_step(options);
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
  auto* command = app.add_subcommand("time", "Time steps, as benchmarks do: answers each line `round K` of its input");
  auto options = std::make_shared<StepOptions>();
  options->add_to(*command);
  command->footer(
      "Prints `ready` once everything is compiled, then the median seconds of K steps for each line `round K`.\n\n"
      "Example:\n  echo 'round 10' | qiln time models/v7_plain.qiln --batch 64");
  command->callback([=] { run(*options); });
}

}  // namespace qiln::cli
