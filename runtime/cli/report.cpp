// qiln report: a run on one page.
#include <fmt/format.h>

#include <memory>

#include "runtime/cli/commands.h"
#include "runtime/cli/run_report.h"

namespace qiln::cli {

void add_report(CLI::App& app) {
  auto* command = app.add_subcommand("report", "Write a run's report.html: losses, samples, model, settings, timing");
  auto run = std::make_shared<std::string>();
  command->add_option("run", *run, "run folder, as `qiln train` made it")->required()->type_name("RUN");
  command->footer(
      "`qiln train` writes it at its end; this does so for a run that is under way or was stopped.\n\n"
      "Example:\n  qiln report runs/v7_quantum");
  command->callback([=] { fmt::print("{}\n", write_run_report(*run).string()); });
}

}  // namespace qiln::cli
