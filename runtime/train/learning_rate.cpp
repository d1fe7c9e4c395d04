#include "runtime/train/learning_rate.h"

#include <algorithm>
#include <cmath>
#include <numbers>

namespace qiln::train {

double rate_factor(const RateSchedule& schedule, std::int64_t step) {
  if (step < schedule.warmup) return static_cast<double>(step + 1) / static_cast<double>(schedule.warmup);
  const std::int64_t since = step - schedule.warmup;
  switch (schedule.shape) {
    case RateShape::constant:
      break;
    case RateShape::cosine: {
      const auto length = static_cast<double>(std::max<std::int64_t>(1, schedule.steps - schedule.warmup));
      const double angle = std::numbers::pi * std::min(1.0, static_cast<double>(since) / length);
      return schedule.floor + (1 - schedule.floor) * (1 + std::cos(angle)) / 2;
    }
    case RateShape::step:
      return std::pow(schedule.factor, static_cast<double>(since / schedule.every));
  }
  return 1;
}

}  // namespace qiln::train
