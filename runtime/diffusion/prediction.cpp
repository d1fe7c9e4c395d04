#include "runtime/diffusion/prediction.h"

#include <cmath>

namespace qiln::diffusion {

Parametrisation parametrisation(const NoiseSchedule& schedule, Prediction prediction, int t) {
  const double s = schedule.signal(t), n = schedule.noise(t);
  switch (prediction) {
    case Prediction::noise:
      return {0, 1, 1 / s, -n / s};
    case Prediction::sample:
      return {1, 0, 0, 1};
    case Prediction::velocity:
      return {-n, s, s, -n};
    case Prediction::previous:
      break;
  }
  const double variance = n * n, before = schedule.noise(t - 1);
  const double of_clean = schedule.signal(t - 1) * schedule.beta[t] / variance;
  const double of_noisy = std::sqrt(1 - schedule.beta[t]) * before * before / variance;
  return {of_clean + of_noisy * s, of_noisy * n, -of_noisy / of_clean, 1 / of_clean};
}

}  // namespace qiln::diffusion
