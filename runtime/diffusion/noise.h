// The noise of a diffusion: Gaussian, or mixed with draws of a source (noise_source.h).
#pragma once

#include <string_view>

#include "compiler/graph/graph.h"
#include "runtime/diffusion/schedule.h"

namespace qiln::diffusion {

/// A source as objective and sampler take it.
struct NoiseSource {
  graph::Graph draw;    // no inputs; output "noise" of mean 0 and covariance 1
  double share = 1;     // of the variance that is the circuit's; the rest is Gaussian
  bool markov = false;  // new noise at each step of the schedule, else one for the whole way
};

/// The factors of a source's draw and of a Gaussian one in the noise of time t; their squares add to 1. Noise that is new
/// at each step is the sum of t + 1 draws with weights w of square sum 1: its distribution has the variance and, times the
/// sum of w^4, the fourth cumulants of one draw, and so has the draw in a Gaussian share that grows with t. (Third
/// cumulants, 0 where a distribution is symmetric, fall somewhat faster than they should.)
struct NoiseFactors {
  double source = 0, gaussian = 1;
};
NoiseFactors noise_factors(const NoiseSource& source, const NoiseSchedule& schedule, int t);
/// Of the noise that one step adds.
NoiseFactors step_factors(const NoiseSource& source);

/// Noise of images at places of the program that need it at once: no inputs, output "noise", factors.source times a draw
/// plus factors.gaussian times normal numbers. No source: normal numbers, drawn at `site` itself.
graph::Graph mixed_noise(const NoiseSource* source, const NoiseFactors& factors, const graph::Shape& shape,
                         std::string_view site);

/// The source with its random numbers at sites of their own under `site`.
graph::Graph at_site(graph::Graph noise, std::string_view site);

}  // namespace qiln::diffusion
