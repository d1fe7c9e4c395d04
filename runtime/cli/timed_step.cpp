#include "runtime/cli/timed_step.h"

#include <fmt/format.h>

#include "compiler/differentiate.h"
#include "compiler/graph/build.h"
#include "runtime/diffusion/objective.h"
#include "runtime/jit/build.h"
#include "runtime/random/philox.h"
#include "runtime/train/initialise.h"

namespace qiln::cli {
namespace {

using graph::ValueId;

struct Training {
  Training(ModelFile& file, const CompileOptions& options)
      : task(load_task(file, options)),
        engine(task.target, task.cache),
        trainer(task.network, task.schedule, task.trainer, engine, task.threads),
        images(static_cast<std::size_t>(task.trainer.batch) * task.images.image_size()) {
    const std::size_t size = task.images.image_size();
    for (std::size_t i = 0; i < static_cast<std::size_t>(task.trainer.batch); ++i)
      data::scale_image(task.images, i % task.images.count, std::span(images).subspan(i * size, size));
  }
  train::Task task;
  jit::Engine engine;
  train::Trainer trainer;
  std::vector<float> images;
};

/// Adds the loss (every output times an input of its own name and `.weight`, summed) and its gradients.
void add_weighted_sum(graph::Graph& g) {
  graph::Builder b(g);
  std::vector<ValueId> wanted;
  for (ValueId id = 0; id < g.nodes.size(); ++id) {
    const auto& node = g[id];
    if ((node.op == Primitive::param && node.as<graph::ParamAttributes>().trainable) ||
        (node.op == Primitive::input && node.type.varying))
      wanted.push_back(id);
  }
  ValueId loss = b.constant(0);
  for (const graph::Output& output : g.outputs) {
    const graph::Type type = g.type(output.value);
    const ValueId terms = b.multiply(output.value, b.input(output.name + ".weight", type));
    std::vector<int> axes;
    for (int axis = 0; axis < static_cast<int>(type.shape.size()); ++axis) axes.push_back(axis);
    const ValueId sum = b.reduce_sum(terms, axes);
    loss = b.add(loss, type.varying ? b.batch_sum(sum) : sum);
  }
  const auto values = gradients(g, loss, wanted);
  g.outputs = {{"value", loss}};
  for (std::size_t k = 0; k < wanted.size(); ++k) g.outputs.push_back({fmt::format("gradient.{}", k), values[k]});
}

/// A graph with its engine.
struct Compiled {
  Compiled(graph::Graph graph, const CompileOptions& options)
      : engine(options.target(), options.cache()),
        program(jit::build(std::move(graph), engine, {options.threads, {}})) {}
  jit::Engine engine;
  jit::Executable program;
};

/// Compiled, with initialised parameters and random inputs.
std::shared_ptr<Compiled> compiled(graph::Graph graph, const CompileOptions& options, std::int64_t batch) {
  const std::vector<graph::Node> nodes = graph.nodes;
  auto made = std::make_shared<Compiled>(std::move(graph), options);
  for (const auto& node : nodes) {
    if (node.op == Primitive::param) {
      const auto& attributes = node.as<graph::ParamAttributes>();
      train::initialise(attributes, 0, made->program.param(attributes.path));
    } else if (node.op == Primitive::input) {
      const auto& input = node.as<graph::InputAttributes>().name;
      std::vector<float> values(graph::element_count(node.type.shape) * (node.type.varying ? batch : 1));
      random::fill_normal<float>({0, 0, 0, random::site_hash("time." + input)}, values);
      made->program.set_input(input, values);
    }
  }
  return made;
}

}  // namespace

TimedStep training_step(ModelFile& file, const CompileOptions& options) {
  auto made = std::make_shared<Training>(file, options);
  return {[&all = *made] { all.trainer.step(all.images); },
          made->task.trainer.batch,
          {{"step", &made->trainer.step_program()}, {"update", &made->trainer.update_program()}},
          &made->engine,
          made};
}

TimedStep gradient_step(ModelFile& file, const CompileOptions& options, const std::string& name, std::int64_t batch) {
  graph::Graph graph = load_network(file, options, name);
  add_weighted_sum(graph);
  auto made = compiled(std::move(graph), options, batch);
  // As in training, where parameters change after each step.
  auto step = [&program = made->program, batch] {
    program.params_changed();
    program.run(batch);
  };
  return {step, batch, {{"step", &made->program}}, &made->engine, made};
}

TimedStep sampling_step(ModelFile& file, const CompileOptions& options, std::int64_t batch) {
  auto made = compiled(diffusion::sampling_step(load_network(file, options, {}, false)), options, batch);
  return {[&program = made->program, batch] { program.run(batch); },
          batch,
          {{"sampling", &made->program}},
          &made->engine,
          made};
}

}  // namespace qiln::cli
