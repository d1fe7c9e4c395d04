#include "runtime/train/trainer.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <utility>

#include "dsl/error.h"
#include "runtime/diffusion/objective.h"
#include "runtime/train/initialise.h"

namespace qiln::train {
namespace {

graph::Graph training_objective(const graph::Graph& network, const diffusion::NoiseSchedule& schedule,
                                std::vector<std::string>& trained) {
  graph::Graph objective = diffusion::denoising_objective(network, schedule);
  trained = diffusion::add_gradients(objective);
  return objective;
}

jit::BuildOptions step_options(const std::vector<std::string>& trained, int threads) {
  jit::BuildOptions options;
  options.threads = threads;
  for (const auto& path : trained) options.contiguous_outputs.push_back(diffusion::port::gradient + path);
  return options;
}

/// Elements of the parameter arena up to the end of the last trained parameter.
std::int64_t trained_span(const kernel::Program& program, const std::vector<std::string>& trained) {
  std::int64_t end = 0;
  for (const auto& port : program.params) {
    if (std::find(trained.begin(), trained.end(), port.name) == trained.end()) continue;
    const auto& buffer = program.buffers[port.buffer];
    end = std::max(end, buffer.offset + buffer.elements);
  }
  return end;
}

}  // namespace

Trainer::Trainer(const graph::Graph& network, const diffusion::NoiseSchedule& schedule, const TrainerSettings& settings,
                 jit::Engine& engine, int threads)
    : settings_(settings),
      objective_(training_objective(network, schedule, trained_paths_)),
      step_(jit::build(objective_, engine, step_options(trained_paths_, threads))),
      trained_elements_(trained_span(step_.program(), trained_paths_)),
      update_(
          jit::build(adam_update(std::max<std::int64_t>(trained_elements_, 1), settings.adam), engine, {threads, {}})),
      mean_(std::max<std::int64_t>(trained_elements_, 1)),
      variance_(std::max<std::int64_t>(trained_elements_, 1)),
      average_(std::max<std::int64_t>(trained_elements_, 1)) {
  if (trained_elements_ == 0) throw Error("the network has no parameter to train", 1);
  list_parameters();
  std::copy_n(step_.params().data(), trained_elements_, average_.data());
  bind_update();
}

void Trainer::list_parameters() {
  for (const auto& node : objective_.nodes) {
    if (node.op != Primitive::param) continue;
    const auto& attributes = node.as<graph::ParamAttributes>();
    for (const auto& port : step_.program().params) {
      if (port.name != attributes.path) continue;
      const auto& buffer = step_.program().buffers[port.buffer];
      parameters_.push_back({port.name, port.shape, buffer.offset, buffer.elements, attributes.trainable});
      initialise(attributes, settings_.seed, step_.param(port.name));
      if (attributes.trainable) parameter_count_ += buffer.elements;
    }
  }
}

/// The update works in place: weights in the step's own arena, gradients where the step leaves them.
void Trainer::bind_update() {
  auto count = static_cast<std::size_t>(trained_elements_);
  std::span<float> weights = step_.params().first(count);
  // Gradients are contiguous and laid out as the parameters are.
  auto* gradients = const_cast<float*>(step_.uniform_output(diffusion::port::gradient + trained_paths_[0]).data());
  update_.bind("gradient", {gradients, count});
  for (auto& [name, memory] :
       {std::pair{"weight", weights}, std::pair{"mean", mean_.span().first(count)},
        std::pair{"variance", variance_.span().first(count)}, std::pair{"average", average_.span().first(count)}})
    update_.bind(name, memory);
}

double Trainer::step(std::span<const float> images) {
  step_.set_input(diffusion::port::image, images);
  step_.uniform_input(diffusion::port::inverse_batch)[0] =
      static_cast<float>(1.0 / static_cast<double>(settings_.batch));
  step_.run(settings_.batch, settings_.seed, static_cast<std::uint32_t>(steps_));
  double loss = step_.uniform_output(diffusion::port::loss)[0];
  if (!std::isfinite(loss))
    throw Error(fmt::format("the loss is {} at step {}; a smaller learning rate may help", loss, steps_ + 1), 1);
  AdamScalars scalars = adam_scalars(settings_.adam, steps_ + 1, settings_.average_decay);
  update_.uniform_input("step_size")[0] = static_cast<float>(scalars.step_size);
  update_.uniform_input("inverse_root_bias2")[0] = static_cast<float>(scalars.inverse_root_bias2);
  update_.uniform_input("average_decay")[0] = static_cast<float>(scalars.average_decay);
  update_.run(1);
  step_.params_changed();
  ++steps_;
  return loss;
}

void Trainer::save(Checkpoint& checkpoint) const {
  checkpoint.step = steps_;
  checkpoint.seed = settings_.seed;
  for (const auto& p : parameters_) {
    auto part = [&](const float* from) {
      return std::span<const float>(from + p.offset, static_cast<std::size_t>(p.count));
    };
    checkpoint.add(p.path, p.shape, part(const_cast<jit::Executable&>(step_).params().data()));
    if (!p.trained) continue;
    checkpoint.add("ema." + p.path, p.shape, part(average_.data()));
    checkpoint.add("adam.m." + p.path, p.shape, part(mean_.data()));
    checkpoint.add("adam.v." + p.path, p.shape, part(variance_.data()));
  }
}

void Trainer::restore(const Checkpoint& checkpoint) {
  for (const auto& p : parameters_) {
    auto read = [&](const std::string& name, float* to) {
      std::ranges::copy(checkpoint.values(name, p.shape), to + p.offset);
    };
    read(p.path, step_.params().data());
    if (!p.trained) continue;
    read("ema." + p.path, average_.data());
    read("adam.m." + p.path, mean_.data());
    read("adam.v." + p.path, variance_.data());
  }
  steps_ = checkpoint.step;
}

}  // namespace qiln::train
