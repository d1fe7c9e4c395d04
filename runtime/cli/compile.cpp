// qiln compile: any level of the compiler as text.
#include <fmt/format.h>

#include <memory>

#include "compiler/findings.h"
#include "compiler/graph/dot.h"
#include "compiler/kernel/print.h"
#include "compiler/pipeline.h"
#include "compiler/schedule.h"
#include "compiler/text/circuit_text.h"
#include "compiler/text/text.h"
#include "dsl/error.h"
#include "dsl/print.h"
#include "runtime/cli/commands.h"
#include "runtime/cli/net_gradient.h"
#include "runtime/cli/output.h"
#include "runtime/cli/training.h"
#include "runtime/diffusion/objective.h"
#include "runtime/diffusion/sampling_step.h"
#include "runtime/jit/engine.h"
#include "runtime/jit/machine_rates.h"
#include "runtime/report/circuit_statistics.h"

namespace qiln::cli {
namespace {

struct Options {
  ModelOptions model;
  CompileOptions compile;
  std::string emit = "graph", program = "network", net, output;
  bool statistics = false;
};

/// The graph of the program asked for, passes run.
graph::Graph lowered(ModelFile& file, const Options& options) {
  graph::Graph network = load_network(file, options.compile, options.net, options.program != "sampling");
  graph::Graph graph = network;
  if (options.program == "gradient") {
    graph = net_gradient(std::move(network));
  } else if (options.program != "network") {
    graph = options.program == "sampling" ? load_sampling_step(file, network) : load_objective(file, network);
    if (options.program == "training") diffusion::add_gradients(graph);
  }
  run_standard_passes(graph);
  return graph;
}

std::string code(const kernel::Program& program, const Options& options) {
  jit::TextStage stage = options.emit == "asm"              ? jit::TextStage::assembly
                         : options.emit == "llvm-optimised" ? jit::TextStage::optimised
                                                            : jit::TextStage::llvm;
  std::string_view comment = options.emit == "asm" ? "#" : ";";
  std::string text;
  for (const auto& nest : program.nests)
    text += fmt::format("{} {}\n{}\n", comment, nest.label, jit::emit_text(nest, options.compile.target(), stage));
  return text;
}

std::string statistics(const graph::Graph& graph, const Options& options) {
  jit::Engine engine(options.compile.target(), options.compile.cache());
  const report::StatisticsOptions how{!options.compile.no_closed_form, engine.target(),
                                      jit::measure_rates(engine, 1).flops};
  std::string text;
  for (const auto& node : graph.nodes)
    if (node.op == Primitive::circuit)
      text += (text.empty() ? "" : "\n") + report::circuit_statistics(graph, node, how);
  return text;
}

std::string emitted(const Options& options) {
  if (options.statistics && (options.emit != "circuit" || options.program != "network"))
    throw Error("`--stats` goes with `--emit=circuit`", 1);
  if (!options.net.empty() && options.program != "network" && options.program != "gradient")
    throw Error("`--net` goes with the programs network and gradient: the others need the whole model", 1);
  ModelFile file(options.model.file, options.model.overrides);
  if (options.emit == "ast") {
    file.report();
    return file.text();
  }
  if (options.program == "network" && (options.emit == "graph" || options.emit == "circuit" || options.emit == "dot")) {
    std::optional<graph::Graph> graph;
    if (!file.diagnostics().has_errors()) graph = file.elaborate(options.net);
    file.report(false);
    if (options.emit == "dot") return graph::to_dot(*graph);
    if (options.emit == "graph") return text::print(*graph);
    if (graph->circuits.empty()) throw Error(fmt::format("`{}` has no circuit", graph->name), 1);
    if (options.statistics) return statistics(*graph, options);
    std::string circuits;
    for (const auto& circuit : graph->circuits) circuits += text::print(circuit);
    return circuits;
  }
  graph::Graph graph = lowered(file, options);
  if (options.emit == "graph") return text::print(graph);
  if (options.emit == "dot") return graph::to_dot(graph);
  if (options.emit == "circuit") throw Error("circuits are part of `--program network`; later programs hold blocks", 1);
  ScheduleOptions schedule_options;
  schedule_options.lanes = options.compile.target().lanes;
  schedule_options.explain = options.emit == "kernel";
  kernel::Program program = schedule(graph, schedule_options);
  return options.emit == "kernel" ? kernel::print(program, &file.sources()) : code(program, options);
}

}  // namespace

void add_compile(CLI::App& app) {
  auto* command = app.add_subcommand("compile", "Print a model at any level of the compiler");
  auto options = std::make_shared<Options>();
  options->model.add_to(*command);
  options->compile.add_to(*command);
  command->add_option("--emit", options->emit, "what to print, from the text as read to machine code")
      ->check(CLI::IsMember({"ast", "graph", "circuit", "kernel", "llvm", "llvm-optimised", "asm", "dot"}))
      ->type_name("LEVEL")
      ->capture_default_str();
  command
      ->add_option("--program", options->program,
                   "the network alone, its value and gradient, the training step with gradients, or the sampling step")
      ->check(CLI::IsMember({"network", "gradient", "training", "sampling"}))
      ->type_name("PROGRAM")
      ->capture_default_str();
  command->add_flag("--stats", options->statistics,
                    "with --emit=circuit: gates, depth, blocks, flops, bytes and estimated time instead of the gates");
  command->add_option("--net", options->net, "this net or circuit instead of the one that `model` names")
      ->type_name("NAME");
  command->add_option("-o,--output", options->output, "write to this file instead of the terminal")->type_name("FILE");
  command->footer(
      "Example:\n  qiln compile models/v7_quantum.qiln --emit=circuit --stats\n"
      "  qiln compile models/v7_plain.qiln --emit=kernel --program=training");
  command->callback([=] { write_output(options->output, emitted(*options)); });
}

}  // namespace qiln::cli
