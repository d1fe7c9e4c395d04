#include "runtime/train/trainer.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <functional>
#include <string_view>
#include <unordered_map>
#include <unordered_set>
#include <utility>

#include "compiler/graph/origin.h"
#include "dsl/error.h"
#include "runtime/diffusion/objective.h"
#include "runtime/train/initialise.h"

namespace qiln::train {
namespace {

graph::Graph with_gradients(graph::Graph objective, std::vector<std::string>& trained) {
  trained = diffusion::add_gradients(objective);
  return objective;
}

jit::BuildOptions step_options(const std::vector<std::string>& trained, int threads) {
  jit::BuildOptions options;
  options.threads = threads;
  for (const auto& path : trained) options.contiguous_outputs.push_back(diffusion::port::gradient + path);
  return options;
}

graph::Graph placed_update(std::int64_t count, const TrainerSettings& settings) {
  graph::Graph update = update_graph(count, settings.optimiser, !settings.groups.empty());
  graph::place(update, settings.update, "optimizer");
  return update;
}

/// Elements of the parameter arena up to the end of the last trained parameter; qiln::Error when there is none.
std::int64_t trained_span(const kernel::Program& program, const std::vector<std::string>& trained) {
  const std::unordered_set<std::string_view> wanted(trained.begin(), trained.end());
  std::int64_t end = 0;
  for (const auto& port : program.params) {
    if (!wanted.contains(port.name)) continue;
    const auto& buffer = program.buffers[port.buffer];
    end = std::max(end, buffer.offset + buffer.elements);
  }
  if (end == 0) throw Error("the network has no parameter to train", 1);
  return end;
}

}  // namespace

Trainer::Trainer(graph::Graph objective, const TrainerSettings& settings, jit::Engine& engine, int threads)
    : settings_(settings),
      objective_(with_gradients(std::move(objective), trained_paths_)),
      takes_labels_(diffusion::label_classes(objective_).has_value()),
      step_(jit::build(objective_, engine, step_options(trained_paths_, threads))),
      trained_elements_(trained_span(step_.program(), trained_paths_)),
      update_(jit::build(placed_update(trained_elements_, settings), engine, {threads, {}})),
      average_(trained_elements_),
      gradient_sum_(settings.accumulate > 1 ? trained_elements_ : 0) {
  for (const StateArena& state : state_arenas(settings.optimiser))
    states_.push_back({state.name, state.prefix, jit::Floats(trained_elements_)});
  list_parameters();
  list_unused();
  if (!settings.groups.empty()) fill_groups();
  std::copy_n(step_.params().data(), trained_elements_, average_.data());
  bind_update();
}

void Trainer::list_parameters() {
  const kernel::Program& program = step_.program();
  std::unordered_map<std::string_view, const kernel::Port*> ports;
  for (const kernel::Port& port : program.params) ports.emplace(port.name, &port);
  for (const auto& node : objective_.nodes) {
    if (node.op != Primitive::param) continue;
    const auto& attributes = node.as<graph::ParamAttributes>();
    const auto found = ports.find(attributes.path);
    if (found == ports.end()) continue;
    const kernel::Buffer& buffer = program.buffers[found->second->buffer];
    parameters_.push_back(
        {attributes.path, found->second->shape, buffer.offset, buffer.elements, attributes.trainable});
    initialise(
        attributes, settings_.seed,
        step_.params().subspan(static_cast<std::size_t>(buffer.offset), static_cast<std::size_t>(buffer.elements)));
    if (attributes.trainable) parameter_count_ += buffer.elements;
  }
}

/// What has no influence keeps its first values.
void Trainer::list_unused() {
  std::unordered_set<std::string_view> used;
  for (const Parameter& p : parameters_) used.insert(p.path);
  for (const auto& [attributes, shape] : settings_.declared) {
    if (used.contains(attributes.path)) continue;
    std::vector<float> values(static_cast<std::size_t>(graph::element_count(shape)));
    initialise(attributes, settings_.seed, values);
    unused_.push_back(make_tensor(attributes.path, shape, values));
  }
}

void Trainer::fill_groups() {
  check_groups(settings_.groups, trained_paths_);
  rates_ = jit::Floats(trained_elements_);
  decays_ = jit::Floats(trained_elements_);
  const OptimiserSettings& optimiser = settings_.optimiser;
  for (const Parameter& p : parameters_) {
    if (!p.trained) continue;
    const ParameterGroup* group = group_of(settings_.groups, p.path);
    const double rate = group ? group->learning_rate.value_or(optimiser.learning_rate) : optimiser.learning_rate;
    const double decay = group ? group->weight_decay.value_or(optimiser.weight_decay) : optimiser.weight_decay;
    std::fill_n(rates_.data() + p.offset, p.count, static_cast<float>(rate / optimiser.learning_rate));
    std::fill_n(decays_.data() + p.offset, p.count, static_cast<float>(decay));
  }
}

/// Where the step leaves them: contiguous, laid out as the parameters are.
std::span<float> Trainer::gradients() {
  const auto first = step_.uniform_output(diffusion::port::gradient + trained_paths_[0]);
  return {const_cast<float*>(first.data()), static_cast<std::size_t>(trained_elements_)};
}

/// The update works in place: weights in the step's own arena, gradients where the step or their sum leaves them.
void Trainer::bind_update() {
  const auto count = static_cast<std::size_t>(trained_elements_);
  update_.bind("gradient", settings_.accumulate > 1 ? gradient_sum_.span() : gradients());
  update_.bind("weight", step_.params().first(count));
  update_.bind("average", average_.span());
  for (Arena& state : states_) update_.bind(state.name, state.values.span());
  if (settings_.groups.empty()) return;
  update_.bind("rate", rates_.span());
  update_.bind("decay", decays_.span());
}

double Trainer::run_batch(const Samples& samples, std::int64_t first, std::int64_t count) {
  const auto size = static_cast<std::int64_t>(samples.images.size()) / settings_.samples();
  step_.set_input(diffusion::port::image, samples.images.subspan(first * size, count * size));
  if (takes_labels_) step_.set_input(diffusion::port::label, samples.labels.subspan(first, count));
  step_.uniform_input(diffusion::port::inverse_batch)[0] =
      static_cast<float>(1.0 / static_cast<double>(settings_.samples()));
  step_.run(count, settings_.seed, static_cast<std::uint32_t>(steps_), static_cast<std::uint32_t>(first));
  return step_.uniform_output(diffusion::port::loss)[0];
}

double Trainer::step(const Samples& samples) {
  double loss = 0;
  for (std::int64_t k = 0; k < settings_.accumulate; ++k) {
    loss += run_batch(samples, k * settings_.batch, settings_.batch);
    if (settings_.accumulate == 1) break;
    const auto from = gradients(), to = gradient_sum_.span();
    if (k == 0)
      std::ranges::copy(from, to.begin());
    else
      std::ranges::transform(from, to, to.begin(), std::plus());
  }
  if (!std::isfinite(loss)) stop_not_finite(samples, loss);
  learning_rate_ = settings_.optimiser.learning_rate * rate_factor(settings_.rates, steps_);
  for (const auto& [name, value] :
       update_scalars(settings_.optimiser, steps_ + 1, learning_rate_, settings_.average_decay))
    update_.uniform_input(name)[0] = static_cast<float>(value);
  update_.run(1);
  gradient_norm_ = update_.uniform_output("norm")[0];
  if (!std::isfinite(gradient_norm_)) stop_not_finite(samples, loss);
  step_.params_changed();
  ++steps_;
  return loss;
}

void Trainer::stop_not_finite(const Samples& samples, double loss) {
  const std::string what = std::isfinite(loss) ? fmt::format("the gradient's norm is {}", gradient_norm_)
                                               : fmt::format("the loss is {}", loss);
  throw Error(fmt::format("{} at step {}: {}; a smaller learning rate or `train.clip` may help", what, steps_ + 1,
                          cause_of(samples)),
              1);
}

std::string Trainer::cause_of(const Samples& samples) {
  const std::int64_t size = static_cast<std::int64_t>(samples.images.size()) / settings_.samples();
  for (std::int64_t sample = 0; sample < settings_.samples(); ++sample) {
    const double loss = run_batch(samples, sample, 1);
    if (std::isfinite(loss) && std::ranges::all_of(gradients(), [](float v) { return std::isfinite(v); })) continue;
    reference::Feed<float> feed;
    feed.seed = settings_.seed;
    feed.step = static_cast<std::uint32_t>(steps_);
    feed.first_sample = static_cast<std::uint32_t>(sample);
    const auto row = [](std::span<const float> values) -> reference::Array<float> {
      return Eigen::Map<const reference::Array<float>>(values.data(), 1, static_cast<Eigen::Index>(values.size()));
    };
    feed.inputs[diffusion::port::image] = row(samples.images.subspan(sample * size, size));
    if (takes_labels_) feed.inputs[diffusion::port::label] = row(samples.labels.subspan(sample, 1));
    feed.inputs[diffusion::port::inverse_batch] = row(step_.uniform_input(diffusion::port::inverse_batch));
    for (const auto& node : objective_.nodes) {
      if (node.op != Primitive::param) continue;
      const std::string& path = node.as<graph::ParamAttributes>().path;
      const auto found = std::ranges::find(parameters_, path, &Parameter::path);
      feed.params[path] = found != parameters_.end()
                              ? row(part(*found, step_.params().data()))
                              : reference::Array<float>::Zero(1, graph::element_count(node.type.shape));
    }
    const Culprit culprit = find_not_finite(objective_, feed);
    const std::string of = fmt::format("of sample {} of its batch", sample + 1);
    if (culprit.value == graph::no_value) return fmt::format("something overflows in the kernels {}", of);
    return fmt::format("{}, {}", describe(objective_, culprit, settings_.place), of);
  }
  return "each sample by itself is finite, their sum is not";
}

std::span<const float> Trainer::averaged(std::string_view path) const {
  const auto found = std::ranges::find(parameters_, path, &Parameter::path);
  if (found == parameters_.end()) throw Error(fmt::format("the trained network has no parameter `{}`", path));
  return part(*found, found->trained ? average_.data() : const_cast<jit::Executable&>(step_).params().data());
}

void Trainer::start_from(const Weights& weights) {
  for (const auto& [path, values] : weights.values) {
    if (const auto found = std::ranges::find(parameters_, path, &Parameter::path); found != parameters_.end()) {
      std::ranges::copy(values, step_.params().begin() + found->offset);
      if (found->trained) std::ranges::copy(values, average_.data() + found->offset);
    } else if (const auto other = std::ranges::find(unused_, path, &Tensor::name); other != unused_.end()) {
      *other = make_tensor(path, other->shape, values);
    }
  }
}

void Trainer::set_values(const std::map<std::string, std::vector<float>>& values) {
  for (const Parameter& p : parameters_)
    if (const auto found = values.find(p.path); found != values.end() && !p.trained)
      std::ranges::copy(found->second, step_.params().data() + p.offset);
  step_.params_changed();
}

void Trainer::save(Checkpoint& checkpoint) const {
  Checkpoint lent;
  lend(lent);
  checkpoint.step = lent.step;
  checkpoint.seed = lent.seed;
  for (const TensorView& tensor : lent.lent)
    checkpoint.tensors.push_back({tensor.name, tensor.type, tensor.shape, {tensor.bytes.begin(), tensor.bytes.end()}});
}

void Trainer::lend(Checkpoint& checkpoint) const {
  checkpoint.step = steps_;
  checkpoint.seed = settings_.seed;
  const auto lend = [&](const std::string& prefix, const Parameter& p, const float* arena) {
    checkpoint.lent.push_back({prefix + p.path, ElementType::f32, p.shape, std::as_bytes(part(p, arena))});
  };
  for (const auto& p : parameters_) {
    lend("", p, const_cast<jit::Executable&>(step_).params().data());
    if (!p.trained) continue;
    lend("ema.", p, average_.data());
    for (const Arena& state : states_) lend(state.prefix, p, state.values.data());
  }
  for (const Tensor& tensor : unused_) checkpoint.lent.push_back(view(tensor));
}

void Trainer::restore(const Checkpoint& checkpoint) {
  for (const auto& p : parameters_) {
    auto read = [&](const std::string& name, float* to) {
      std::ranges::copy(checkpoint.values(name, p.shape), to + p.offset);
    };
    read(p.path, step_.params().data());
    if (!p.trained) continue;
    read("ema." + p.path, average_.data());
    for (Arena& state : states_) read(state.prefix + p.path, state.values.data());
  }
  for (Tensor& tensor : unused_)
    tensor = make_tensor(tensor.name, tensor.shape, checkpoint.values(tensor.name, tensor.shape));
  steps_ = checkpoint.step;
}

}  // namespace qiln::train
