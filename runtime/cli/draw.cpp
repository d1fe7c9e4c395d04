// qiln draw: a circuit or a noise schedule as a picture.
#include <fmt/format.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <cstdlib>
#include <memory>

#include "compiler/pipeline.h"
#include "dsl/error.h"
#include "runtime/cli/circuit_drawings.h"
#include "runtime/cli/commands.h"
#include "runtime/cli/model_file.h"
#include "runtime/cli/output.h"
#include "runtime/cli/training.h"
#include "runtime/report/schedule_drawing.h"

namespace qiln::cli {
namespace {

using graph::Graph;

struct Options {
  ModelOptions model;
  std::string circuit, passes, output;
  bool schedule = false;
};

/// The circuit by itself if it can stand alone, so that its inputs have names.
std::optional<Graph> alone(const Options& options, const std::string& circuit) {
  ModelFile file(options.model.file, options.model.overrides);
  if (file.diagnostics().has_errors()) return std::nullopt;
  auto graph = file.elaborate(circuit);
  if (file.diagnostics().has_errors()) return std::nullopt;
  return graph;
}

Graph whole_model(const Options& options) {
  ModelFile file(options.model.file, options.model.overrides);
  std::optional<Graph> graph;
  if (!file.diagnostics().has_errors()) graph = file.elaborate();
  file.report(false);
  return std::move(*graph);
}

const graph::Node& circuit_node(const Graph& g, const std::string& name) {
  const graph::Node* found = nullptr;
  std::string names;
  for (const graph::Node& node : g.nodes) {
    if (node.op != Primitive::circuit) continue;
    const std::string& known = g.circuits[node.as<graph::CircuitAttributes>().index].name;
    if (!found && (name.empty() || known == name)) found = &node;
    if (names.find("`" + known + "`") == std::string::npos)
      names += fmt::format("{}`{}`", names.empty() ? "" : ", ", known);
  }
  if (names.empty()) throw Error(fmt::format("`{}` has no circuit to draw", g.name), 1);
  if (!found) throw Error(fmt::format("there is no circuit `{}`; the circuits are {}", name, names), 1);
  if (name.empty() && names.find(',') != std::string::npos)
    throw Error(fmt::format("the circuits are {}; name one with `--circuit`", names), 1);
  return *found;
}

/// With the circuit `name` in it, which becomes the model's only one when empty.
Graph elaborated(const Options& options, std::string& name) {
  if (!name.empty())
    if (auto graph = alone(options, name)) return std::move(*graph);
  Graph whole = whole_model(options);
  const graph::Node& node = circuit_node(whole, name);
  if (!name.empty()) return whole;
  name = whole.circuits[node.as<graph::CircuitAttributes>().index].name;
  auto graph = alone(options, name);
  return graph ? std::move(*graph) : std::move(whole);
}

int terminal_width() {
  winsize size{};
  return ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 20 ? size.ws_col : 100;
}

void draw_schedule(const Options& options) {
  ModelFile file(options.model.file, options.model.overrides);
  std::optional<diffusion::NoiseSchedule> schedule;
  if (file.parsed()) schedule = file.schedule();
  file.report(false);
  if (!schedule) throw Error("the model's objective is none of diffusion: it has no noise schedule", 1);
  write_output(options.output, options.output.ends_with(".svg")
                                   ? report::schedule_svg(*schedule, load_images(file.settings()))
                                   : report::schedule_text(*schedule));
}

void run(const Options& options) {
  if (options.schedule) return draw_schedule(options);
  std::string name = options.circuit;
  Graph g = elaborated(options, name);
  if (!options.passes.empty())
    for (const Pass* pass : passes_named(options.passes)) qiln::run(*pass, g);
  const report::CircuitDrawing drawing = drawing_of(g, circuit_node(g, name));
  if (options.output.ends_with(".svg")) {
    write_output(options.output, report::draw_svg(drawing));
    return;
  }
  const bool terminal = options.output.empty() && isatty(STDOUT_FILENO) != 0;
  write_output(options.output, report::draw_text(drawing, terminal ? terminal_width() : 100, terminal));
}

}  // namespace

void add_draw(CLI::App& app) {
  auto* command = app.add_subcommand("draw", "Draw a circuit or a noise schedule, in the terminal or as SVG");
  auto options = std::make_shared<Options>();
  options->model.add_to(*command);
  command->add_option("--circuit", options->circuit, "which circuit; needed if the model has several")
      ->type_name("NAME");
  command->add_option("--passes", options->passes, "run these passes first, as `qiln opt` names them")
      ->type_name("a,b");
  command->add_flag("--schedule", options->schedule,
                    "draw the noise schedule: signal, noise and their ratio over time, in SVG above an image of the data");
  command
      ->add_option("-o,--output", options->output,
                   "write to this file instead of the terminal: SVG if it ends in .svg, else text")
      ->type_name("FILE");
  command->footer(
      "Examples:\n  qiln draw models/v7_published.qiln --circuit Bottleneck -o circuit.svg\n"
      "  qiln draw models/v7_quantum.qiln --schedule -o schedule.svg\n"
      "Gates that are proven to have no influence on any reading are grey.");
  command->callback([=] { run(*options); });
}

}  // namespace qiln::cli
