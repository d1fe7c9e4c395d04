#include "runtime/diffusion/sampler.h"

#include <fmt/format.h>

#include <algorithm>

#include "dsl/error.h"
#include "runtime/diffusion/objective.h"
#include "runtime/diffusion/sampling_step.h"

namespace qiln::diffusion {
namespace {

void load_weights(jit::Executable& program, const std::vector<graph::Node>& nodes, const train::Checkpoint& weights,
                  bool averaged) {
  for (const auto& node : nodes) {
    if (node.op != Primitive::param) continue;
    const auto& attributes = node.as<graph::ParamAttributes>();
    const auto& ports = program.program().params;
    if (std::ranges::none_of(ports, [&](const auto& port) { return port.name == attributes.path; })) continue;
    // Parameters that training leaves alone have no average.
    std::string name = "ema." + attributes.path;
    if (!averaged || std::ranges::none_of(weights.tensors, [&](const auto& tensor) { return tensor.name == name; }))
      name = attributes.path;
    std::ranges::copy(weights.values(name, node.type.shape), program.param(attributes.path).begin());
  }
}

/// A graph compiled, with weights.
jit::Executable compiled(graph::Graph graph, const train::Checkpoint& weights, bool averaged, jit::Engine& engine,
                         int threads) {
  const std::vector<graph::Node> nodes = graph.nodes;
  jit::Executable program = jit::build(std::move(graph), engine, {threads, {}});
  load_weights(program, nodes, weights, averaged);
  return program;
}

}  // namespace

std::vector<float> labels_of(const graph::Graph& network, const SamplerSettings& settings, std::int64_t count) {
  const std::int64_t classes = denoiser_signature(network).classes;
  if (classes == 0) {
    if (settings.labels.empty() && settings.guidance == 0) return {};
    throw Error("`sample.labels` and `sample.guidance` need a network with a label: `(x: [C, H, W], t: [], y: label[10])`",
                1);
  }
  std::vector<float> labels;
  for (std::int64_t k = 0; k < count; ++k) {
    const auto choices = static_cast<std::int64_t>(settings.labels.size());
    labels.push_back(static_cast<float>(choices == 0 ? k % classes : settings.labels[k % choices]));
    if (labels.back() >= static_cast<float>(classes))
      throw Error(fmt::format("`sample.labels` asks for label {}; the network has 0 to {}", labels.back(), classes - 1), 1);
  }
  return labels;
}

bool walk(jit::Executable& step, const Walk& way, std::span<float> images, std::int64_t count,
          const std::function<bool()>& tell) {
  const bool back = look_back(way.moves);
  std::vector<float> start, earlier(back ? images.size() : 0);
  for (std::size_t i = 0; i < way.moves.size(); ++i) {
    set_move(step, way.moves[i]);
    step.set_input("x", images);
    if (back) {
      if (way.moves[i].sets_out) start.assign(images.begin(), images.end());
      step.set_input("start", start);
      step.set_input("earlier", earlier);
    }
    // Moves that are left number the random draws.
    step.run(count, way.seed, static_cast<std::uint32_t>(way.moves.size() - 1 - i),
             static_cast<std::uint32_t>(way.first_sample));
    step.read_output("x", images);
    if (back) step.read_output("clean", earlier);
    if (tell && !tell()) return false;
  }
  return true;
}

std::vector<float> sample(const Denoiser& denoiser, const train::Checkpoint& weights, bool averaged,
                          std::int64_t count, const SamplerSettings& settings, jit::Engine& engine,
                          const std::function<bool(std::int64_t, std::int64_t)>& progress, int threads) {
  const std::vector<float> labels = labels_of(denoiser.network, settings, count);
  const auto way = moves(denoiser.schedule, denoiser.prediction, {settings.method, settings.steps, settings.eta});
  const bool back = look_back(way);
  const NoiseSource* source = denoiser.noise ? &*denoiser.noise : nullptr;
  const bool fresh = std::ranges::any_of(way, [](const Move& move) { return move.fresh != 0; });
  const StepOptions options{settings.clip, back, fresh ? source : nullptr, settings.guidance};
  const graph::Shape shape = denoiser_signature(denoiser.network).image;
  const std::int64_t size = graph::element_count(shape);
  jit::Executable program = compiled(sampling_step(denoiser.network, options), weights, averaged, engine, threads);
  const NoiseFactors factors =
      source ? noise_factors(*source, denoiser.schedule, denoiser.schedule.steps() - 1) : NoiseFactors{};
  jit::Executable start =
      compiled(mixed_noise(source, factors, shape, "sampler.start"), weights, averaged, engine, threads);

  std::vector<float> images(static_cast<std::size_t>(count * size));
  const auto steps = static_cast<std::int64_t>(way.size());
  const std::int64_t total = (count + settings.batch - 1) / settings.batch * steps;
  std::int64_t done = 0;
  for (std::int64_t first = 0; first < count; first += settings.batch) {
    const std::int64_t here = std::min(settings.batch, count - first);
    const auto block = std::span(images).subspan(first * size, here * size);
    start.run(here, settings.seed, 0, static_cast<std::uint32_t>(first));
    start.read_output("noise", block);
    if (!labels.empty()) program.set_input(port::label, std::span(labels).subspan(first, here));
    const auto tell = [&] {
      if (settings.watch) settings.watch(block);
      return !progress || progress(++done, total);
    };
    if (settings.watch) settings.watch(block);
    if (!walk(program, {way, settings.seed, first}, block, here, tell)) return {};
  }
  return images;
}

}  // namespace qiln::diffusion
