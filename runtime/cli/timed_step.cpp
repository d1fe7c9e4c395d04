#include "runtime/cli/timed_step.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>

#include "dsl/error.h"
#include "runtime/cli/net_gradient.h"
#include "runtime/diffusion/sampling_step.h"
#include "runtime/jit/build.h"
#include "runtime/random/philox.h"
#include "runtime/train/initialise.h"

namespace qiln::cli {
namespace {

using Clock = std::chrono::steady_clock;

double seconds_since(Clock::time_point start) { return std::chrono::duration<double>(Clock::now() - start).count(); }

struct Training {
  Training(ModelFile& file, const CompileOptions& options)
      : task(load_task(file, options)),
        engine(task.target, task.cache),
        trainer(task.objective, task.trainer, engine, task.threads),
        images(static_cast<std::size_t>(task.trainer.batch) * task.images.image_size()) {
    const std::size_t size = task.images.image_size();
    for (std::size_t i = 0; i < static_cast<std::size_t>(task.trainer.batch); ++i)
      data::scale_image(task.images, i % task.images.count, std::span(images).subspan(i * size, size));
    if (trainer.takes_labels())
      for (std::size_t i = 0; i < static_cast<std::size_t>(task.trainer.batch); ++i)
        labels.push_back(static_cast<float>(task.images.labels.at(i % task.images.count)));
  }
  train::Task task;
  jit::Engine engine;
  train::Trainer trainer;
  std::vector<float> images, labels;
};

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

/// What getting ready went into; what is not known better was spent on checking the model, loading data and
/// differentiating.
std::vector<report::BenchPhase> phases(const TimedStep& step, double read, double ready) {
  jit::BuildTimes sum;
  for (const auto& [name, program] : step.programs) {
    sum.passes += program->build_times().passes;
    sum.schedule += program->build_times().schedule;
    sum.code += program->build_times().code;
  }
  return {{"read", read},
          {"check, load and differentiate", ready - read - sum.passes - sum.schedule - sum.code},
          {"passes", sum.passes},
          {"schedule", sum.schedule},
          {"code", sum.code}};
}

TimedStep training_step(const std::shared_ptr<ModelFile>& file, const StepOptions& options) {
  auto made = std::make_shared<Training>(*file, options.compile);
  TimedStep step;
  step.run = [&all = *made] { all.trainer.step(all.images, all.labels); };
  step.title = "one training step";
  step.batch = made->task.trainer.batch;
  step.programs = {{"step", &made->trainer.step_program()}, {"update", &made->trainer.update_program()}};
  step.engine = &made->engine;
  step.owner = made;
  return step;
}

/// `graph` at random inputs; `anew`: what depends on parameters alone is part of each step, as in training, where they
/// change.
TimedStep graph_step(graph::Graph graph, const StepOptions& options, std::string title, std::string program,
                     bool anew) {
  auto made = compiled(std::move(graph), options.compile, options.batch);
  TimedStep step;
  step.run = [&program = made->program, batch = options.batch, anew] {
    if (anew) program.params_changed();
    program.run(batch);
  };
  step.title = std::move(title);
  step.batch = options.batch;
  step.programs = {{std::move(program), &made->program}};
  step.engine = &made->engine;
  step.owner = made;
  return step;
}

TimedStep step_of(const std::shared_ptr<ModelFile>& file, const StepOptions& options) {
  if (options.program == "training") return training_step(file, options);
  const bool sampling = options.program == "sampling";
  graph::Graph network = load_network(*file, options.compile, options.net, !sampling);
  const std::string of_net = options.net.empty() ? "the network" : fmt::format("`{}`", options.net);
  if (!sampling)
    return graph_step(net_gradient(std::move(network)), options, "value and gradient of " + of_net, "step", true);
  if (options.net.empty())
    return graph_step(load_sampling_step(*file, network), options, "one sampling step", "sampling", false);
  return graph_step(std::move(network), options, "values of " + of_net, "sampling", false);
}

}  // namespace

void StepOptions::add_to(CLI::App& command) {
  model.add_to(command);
  compile.add_to(command);
  command.add_option("--batch", batch, "samples a step; the model file's `train.batch` by default")
      ->check(CLI::PositiveNumber);
  command
      .add_option("--program", program,
                  "a step of training (the default), of sampling, or a value and its gradient at random inputs")
      ->check(CLI::IsMember({"training", "gradient", "sampling"}))
      ->type_name("PROGRAM");
  command.add_option("--net", net, "this net or circuit instead of the model's network: its gradient, or its values")
      ->type_name("NAME");
}

TimedStep make_step(StepOptions options) {
  if (options.program.empty()) options.program = options.net.empty() ? "training" : "gradient";
  if (!options.net.empty() && options.program == "training")
    throw Error("`--net` has no objective to train for; `--program` may be gradient or sampling", 1);
  if (options.batch > 0) options.model.overrides.push_back(fmt::format("train.batch={}", options.batch));
  const auto start = Clock::now();
  auto file = std::make_shared<ModelFile>(options.model.file, options.model.overrides);
  const double read = seconds_since(start);
  options.batch = file->settings().train.batch.value;
  TimedStep step = step_of(file, options);
  step.file = std::move(file);
  step.phases = phases(step, read, seconds_since(start));
  return step;
}

std::vector<double> time_steps(const TimedStep& step, int count) {
  std::vector<double> seconds;
  for (int i = 0; i < count; ++i) {
    const auto start = Clock::now();
    step.run();
    seconds.push_back(seconds_since(start));
  }
  std::sort(seconds.begin(), seconds.end());
  return seconds;
}

}  // namespace qiln::cli
