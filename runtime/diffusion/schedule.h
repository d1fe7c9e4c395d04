// The noise schedule of a diffusion model in discrete time.
#pragma once

#include <functional>
#include <vector>

namespace qiln::diffusion {

/// Signal levels of steps 0 .. T - 1.
struct NoiseSchedule {
  std::vector<double> beta;       // beta_t = 1 - level((t + 1) / T) / level(t / T), clipped to [1e-4, 0.999]
  std::vector<double> alpha_bar;  // product of 1 - beta up to t
  int steps() const { return static_cast<int>(beta.size()); }
};

/// `level` gives the signal level at u in [0, 1], 1 at u = 0 (Nichol and Dhariwal 2021, eq. 17 for the cosine). Throws
/// qiln::Error (exit code 1) when it is not positive, not finite or rises.
NoiseSchedule discretise(const std::function<double(double)>& level, int steps);

}  // namespace qiln::diffusion
