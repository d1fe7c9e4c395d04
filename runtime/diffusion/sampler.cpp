#include "runtime/diffusion/sampler.h"

#include <algorithm>

#include "runtime/diffusion/objective.h"
#include "runtime/random/philox.h"

namespace qiln::diffusion {
namespace {

void load_weights(jit::Executable& program, const graph::Graph& network, const train::Checkpoint& weights,
                  bool averaged) {
  for (const auto& node : network.nodes) {
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

void set_scalars(jit::Executable& program, const SamplerScalars& s, int t) {
  auto set = [&](const char* name, double value) { program.uniform_input(name)[0] = static_cast<float>(value); };
  set("t", t);
  set("inverse_signal", s.inverse_signal);
  set("noise_over_signal", s.noise_over_signal);
  set("signal", s.signal);
  set("inverse_noise", s.inverse_noise);
  set("next_signal", s.next_signal);
  set("next_noise", s.next_noise);
  set("fresh", s.fresh);
}

}  // namespace

std::vector<float> sample(const graph::Graph& network, const NoiseSchedule& schedule, const train::Checkpoint& weights,
                          bool averaged, std::int64_t count, const SamplerSettings& settings, jit::Engine& engine,
                          const std::function<bool(std::int64_t, std::int64_t)>& progress, int threads) {
  graph::Graph step = sampling_step(network, settings.clip);
  std::int64_t size = graph::element_count(step.shape(step.output("x")));
  jit::Executable program = jit::build(std::move(step), engine, {threads, {}});
  load_weights(program, network, weights, averaged);
  std::vector<int> order = strided_steps(schedule.steps(), std::min(settings.steps, schedule.steps()));

  std::vector<float> images(static_cast<std::size_t>(count * size));
  auto steps = static_cast<std::int64_t>(order.size());
  std::int64_t total = (count + settings.batch - 1) / settings.batch * steps, done = 0;
  for (std::int64_t first = 0; first < count; first += settings.batch) {
    std::int64_t here = std::min(settings.batch, count - first);
    std::span<float> block(images.data() + first * size, static_cast<std::size_t>(here * size));
    for (std::int64_t k = 0; k < here; ++k) {
      random::Stream stream{settings.seed, 0, static_cast<std::uint32_t>(first + k),
                            random::site_hash("sampler.start")};
      random::fill_normal<float>(stream, block.subspan(k * size, size));
    }
    if (settings.watch) settings.watch(block);
    for (std::int64_t i = 0; i < steps; ++i) {
      int t = order[i], previous = i + 1 < steps ? order[i + 1] : -1;
      set_scalars(program, sampler_scalars(schedule, t, previous, settings.eta), t);
      program.set_input("x", block);
      program.run(here, settings.seed, static_cast<std::uint32_t>(t), static_cast<std::uint32_t>(first));
      program.read_output("x", block);
      if (settings.watch) settings.watch(block);
      if (progress && !progress(++done, total)) return {};
    }
  }
  return images;
}

}  // namespace qiln::diffusion
