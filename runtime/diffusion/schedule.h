// The noise schedule of a diffusion model in discrete time.
#pragma once

#include <span>
#include <vector>

namespace qiln::diffusion {

/// Signal levels of steps 0 .. T - 1.
struct NoiseSchedule {
  std::vector<double> beta;       // beta_t = 1 - level((t + 1) / T) / level(t / T), clipped to [1e-4, 0.999]
  std::vector<double> alpha_bar;  // product of 1 - beta up to t
  int steps() const { return static_cast<int>(beta.size()); }
};

/// `levels` are the signal levels at u = 0, 1 / T, …, 1; the first is 1 (Nichol and Dhariwal 2021, eq. 17 for the
/// cosine). Throws qiln::Error (exit code 1) when they leave [0, 1], are not finite, or rise.
NoiseSchedule discretise(std::span<const double> levels);

}  // namespace qiln::diffusion
