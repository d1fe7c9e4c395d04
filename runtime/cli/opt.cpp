// qiln opt: graph passes on graph text.
#include <fmt/format.h>

#include <memory>
#include <string>

#include "compiler/graph/verify.h"
#include "compiler/pipeline.h"
#include "compiler/text/text.h"
#include "runtime/cli/commands.h"
#include "runtime/cli/output.h"
#include "runtime/files.h"

namespace qiln::cli {
namespace {

struct Options {
  std::string file, passes, output;
};

void run(const Options& options) {
  graph::Graph g = text::parse(read_file(options.file), options.file);
  graph::require_valid(g, fmt::format("in {}", options.file));
  for (const Pass* pass : passes_named(options.passes)) qiln::run(*pass, g, true);
  write_output(options.output, text::print(g));
}

std::string pass_list() {
  std::string text = "Passes:\n";
  for (const Pass& pass : all_passes()) text += fmt::format("  {:<24} {}\n", pass.name, pass.help);
  return text;
}

}  // namespace

void add_opt(CLI::App& app) {
  auto* command = app.add_subcommand("opt", "Run graph passes on a graph in its text form");
  auto options = std::make_shared<Options>();
  command->add_option("file", options->file, "graph text, as `qiln compile --emit=graph` writes it")
      ->required()
      ->type_name("FILE.graph");
  command->add_option("--passes", options->passes, "passes in order, separated by commas")
      ->required()
      ->type_name("a,b");
  command->add_option("-o,--output", options->output, "write to this file instead of the terminal")->type_name("FILE");
  command->footer(pass_list() +
                  "\nExample:\n  qiln compile models/v7_plain.qiln --emit=graph -o v7.graph\n"
                  "  qiln opt v7.graph --passes=simplify,dead-code");
  command->callback([=] { run(*options); });
}

}  // namespace qiln::cli
