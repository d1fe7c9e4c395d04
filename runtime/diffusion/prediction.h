// What a denoising network predicts, and how the clean image follows from it. With the signal s = sqrt(alpha_bar_t) and
// the noise level n = sqrt(1 - alpha_bar_t), a noisy image is x = s x0 + n e. The network predicts
//   noise      e
//   sample     x0
//   velocity   s e - n x0 (Salimans and Ho 2022)
//   previous   the mean of the image at t - 1 given x and x0 (Ho et al. 2020, eq. 7)
// each linear in x0 and e, and x0 linear in x and the prediction.
#pragma once

#include "runtime/diffusion/schedule.h"

namespace qiln::diffusion {

enum class Prediction { noise, sample, velocity, previous };

/// The factors of one time.
struct Parametrisation {
  double target_clean, target_noise;      // target = target_clean * x0 + target_noise * e
  double clean_noisy, clean_prediction;   // x0 = clean_noisy * x + clean_prediction * prediction
};
Parametrisation parametrisation(const NoiseSchedule& schedule, Prediction prediction, int t);

}  // namespace qiln::diffusion
