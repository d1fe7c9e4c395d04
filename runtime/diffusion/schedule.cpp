#include "runtime/diffusion/schedule.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "dsl/error.h"

namespace qiln::diffusion {

NoiseSchedule discretise(std::span<const double> levels) {
  if (levels.size() < 2)
    throw Error("a diffusion needs at least one step; set `steps` in `objective = diffusion(steps = …)`", 1);
  NoiseSchedule schedule;
  double product = 1;
  if (!(std::abs(levels[0] - 1) < 1e-6))
    throw Error(fmt::format("the schedule gives signal level {} at u = 0, where it must be 1", levels[0]), 1);
  for (std::size_t i = 1; i < levels.size(); ++i) {
    double u = static_cast<double>(i) / static_cast<double>(levels.size() - 1), before = levels[i - 1],
           after = levels[i];
    // Levels may end at or, by rounding, just below zero; the clip of beta takes that up.
    if (!std::isfinite(after) || after < -1e-9 || after > 1 + 1e-9)
      throw Error(fmt::format("the schedule gives signal level {} at u = {}; levels lie in [0, 1]", after, u), 1);
    if (after > before + 1e-9)
      throw Error(
          fmt::format("the schedule's signal level rises from {} to {} at u = {}; it must fall", before, after, u), 1);
    double beta = before > 0 ? 1 - after / before : 0.999;
    schedule.beta.push_back(std::clamp(beta, 1e-4, 0.999));
    product *= 1 - schedule.beta.back();
    schedule.alpha_bar.push_back(product);
  }
  return schedule;
}

}  // namespace qiln::diffusion
