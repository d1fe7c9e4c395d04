#include "runtime/diffusion/noise.h"

#include <fmt/format.h>

#include <cmath>
#include <string>

#include "compiler/graph/build.h"
#include "compiler/graph/splice.h"

namespace qiln::diffusion {

using graph::Builder;
using graph::Graph;
using graph::Shape;
using graph::ValueId;

NoiseFactors step_factors(const NoiseSource& source) { return {std::sqrt(source.share), std::sqrt(1 - source.share)}; }

NoiseFactors noise_factors(const NoiseSource& source, const NoiseSchedule& schedule, int t) {
  if (!source.markov) return step_factors(source);
  double fourth = 0;
  for (int k = 0; k <= t; ++k) {
    const double kept = 1 - schedule.beta[k];
    fourth = fourth * kept * kept + schedule.beta[k] * schedule.beta[k];
  }
  const double variance = 1 - schedule.alpha_bar[t];
  const double share = source.share * std::sqrt(fourth) / variance;
  return {std::sqrt(share), std::sqrt(1 - share)};
}

Graph mixed_noise(const NoiseSource* source, const NoiseFactors& factors, const Shape& shape, std::string_view site) {
  Graph g;
  g.name = "noise";
  Builder b(g);
  ValueId noise = b.random({graph::Distribution::normal, std::string(site), 0}, shape);
  if (source) {
    const ValueId drawn = graph::splice(b, at_site(source->draw, site), {})[0];
    noise = b.add(b.scale(drawn, factors.source), b.scale(noise, factors.gaussian));
  }
  g.outputs.push_back({"noise", noise});
  return g;
}

Graph at_site(Graph noise, std::string_view site) {
  for (auto& node : noise.nodes)
    if (auto* attributes = std::get_if<graph::RandomAttributes>(&node.attributes))
      attributes->site = fmt::format("{}.{}", site, attributes->site);
  return noise;
}

}  // namespace qiln::diffusion
