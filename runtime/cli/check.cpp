// qiln check: what is wrong with a model file, and what is legal but probably not meant.
#include <fmt/format.h>

#include <memory>

#include "compiler/findings.h"
#include "runtime/cli/commands.h"
#include "runtime/cli/model_file.h"
#include "runtime/cli/objective.h"
#include "runtime/cli/quantum_noise.h"
#include "runtime/report/trainability.h"

namespace qiln::cli {
namespace {

struct Count {
  std::int64_t trained = 0, fixed = 0;
};

Count parameters(const graph::Graph& g) {
  Count count;
  for (const auto& node : g.nodes)
    if (node.op == Primitive::param)
      (node.as<graph::ParamAttributes>().trainable ? count.trained : count.fixed) +=
          graph::element_count(node.type.shape);
  return count;
}

void run(const ModelOptions& options, const std::string& name, bool trainability) {
  ModelFile file(options.file, options.overrides);
  std::optional<graph::Graph> graph;
  if (file.parsed()) {
    graph = file.elaborate(name);
    if (graph) report_findings(*graph, file.diagnostics(), Doubts::tried);
    if (graph && name.empty() && !file.diagnostics().has_errors()) {
      objective_of(file, *graph);
      check_noise_path(file);
    }
  }
  file.report();
  Count count = parameters(*graph);
  fmt::print("{}: {} is well formed, {} trained parameters", options.file, graph->name, count.trained);
  if (count.fixed > 0) fmt::print(" and {} fixed ones", count.fixed);
  fmt::print("{}\n", file.diagnostics().all().empty() ? "" : "; see the findings above");
  if (name.empty())
    if (const std::string line = schedule_line(file); !line.empty()) fmt::print("{}\n", line);
  if (trainability) fmt::print("{}", report::trainability_text(*graph));
}

}  // namespace

void add_check(CLI::App& app) {
  auto* command =
      app.add_subcommand("check", "Check a model file: errors with their place, and parameters that cannot matter");
  auto options = std::make_shared<ModelOptions>();
  auto name = std::make_shared<std::string>();
  options->add_to(*command);
  command->add_option("--net", *name, "check this net or circuit instead of the one that `model` names")
      ->type_name("NAME");
  auto trainability = std::make_shared<bool>(false);
  command->add_flag("--trainability", *trainability,
                    "try circuits at random initialisations: variance of each gradient, rank of the quantum Fisher "
                    "information");
  command->footer(
      "Example:\n  qiln check models/v7_published.qiln\n"
      "Findings leave the exit code at 0; errors make it 1.");
  command->callback([=] { run(*options, *name, *trainability); });
}

}  // namespace qiln::cli
