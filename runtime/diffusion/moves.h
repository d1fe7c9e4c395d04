// Samplers as lists of moves: each evaluates the network once and takes a linear step, so that one compiled graph
// (sampling_step.h) serves them all.
#pragma once

#include <span>
#include <vector>

#include "runtime/diffusion/prediction.h"
#include "runtime/diffusion/schedule.h"

namespace qiln::diffusion {

enum class Method {
  ddpm,        // every step of the schedule backwards (Ho et al. 2020, algorithm 2, with the posterior's variance)
  ddim,        // strided (Song et al. 2021, eq. 12)
  dpm_solver,  // DPM-Solver++(2M) (Lu et al. 2022, algorithm 2): two steps' clean images extrapolated
  heun         // Heun's method: the step of ddim, then again with the mean of the clean images at its two ends
};

/// With x0 = clip(clean_noisy * x + clean_prediction * network(x, t)), where the network's prediction is understood as
/// prediction.h says, the image becomes
///   start * (the image when a move last set out) + noisy * x + clean * x0 + earlier * (x0 of the move before)
///   + fresh * N(0, 1).
struct Move {
  int t = 0;
  bool sets_out = true;  // keeps the image as it is before the move
  double clean_noisy = 0, clean_prediction = 1;
  double start = 0, noisy = 0, clean = 0, earlier = 0, fresh = 0;
};

struct MoveSettings {
  Method method = Method::ddim;
  int steps = 50;  // of the schedule's; at most all of them, and always all for ddpm
  double eta = 0;  // of ddim: share of fresh noise; 1 over all steps is ddpm
};

/// From pure noise at the last time to a clean image.
std::vector<Move> moves(const NoiseSchedule& schedule, Prediction prediction, const MoveSettings& settings);

/// Whether any of the moves looks back at an earlier image.
bool look_back(std::span<const Move> moves);

/// `count` steps out of T, last first, evenly spread: the last is T - 1, the first 0 when count > 1.
std::vector<int> strided_steps(int total, int count);

}  // namespace qiln::diffusion
