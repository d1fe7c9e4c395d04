// The learning rate over the steps of a run.
#pragma once

#include <cstdint>

namespace qiln::train {

enum class RateShape { constant, cosine, step };

struct RateSchedule {
  RateShape shape = RateShape::constant;
  std::int64_t warmup = 0;  // steps
  double floor = 0;         // cosine: what is left at the end
  std::int64_t steps = 1;   // cosine: where the end is, warm-up included
  std::int64_t every = 1;   // step: steps from one fall to the next
  double factor = 1;        // step: what is left after each
};

/// What the learning rate is multiplied by in step `step`, from 0. The warm-up rises by equal parts and is 1 in its
/// last step; behind it, with k the steps since, the factor is 1, or floor + (1 - floor) (1 + cos(pi k / (steps -
/// warmup))) / 2 until it is the floor (Loshchilov and Hutter 2017, eq. 5, without restarts), or factor^floor(k /
/// every).
double rate_factor(const RateSchedule& schedule, std::int64_t step);

}  // namespace qiln::train
