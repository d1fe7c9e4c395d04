#include "runtime/diffusion/moves.h"

#include <algorithm>
#include <cmath>

namespace qiln::diffusion {
namespace {

/// Levels at one end of a step; t = -1 is the clean image.
struct Level {
  double signal, noise;
  double half_log_snr() const { return std::log(signal / noise); }
};

Level level_at(const NoiseSchedule& schedule, int t) { return {schedule.signal(t), schedule.noise(t)}; }

/// A step on the straight line of x0 and noise: signal' x0 + noise' (x - signal x0) / noise, part of the noise renewed.
void step_along(Move& move, const Level& from, const Level& to, double fresh) {
  const double kept = std::sqrt(std::max(0.0, to.noise * to.noise - fresh * fresh));
  move.noisy = kept / from.noise;
  move.clean = to.signal - from.signal * move.noisy;
  move.fresh = fresh;
}

/// eta times the deviation of the posterior of the image at `to` given x and x0.
double fresh_noise(const Level& from, const Level& to, double eta) {
  const double ratio = from.signal / to.signal;
  return eta * to.noise / from.noise * std::sqrt(std::max(0.0, 1 - ratio * ratio));
}

}  // namespace

std::vector<Move> moves(const NoiseSchedule& schedule, Prediction prediction, const MoveSettings& settings) {
  const bool every = settings.method == Method::ddpm;
  const double eta = every ? 1 : settings.method == Method::ddim ? settings.eta : 0;
  const auto order = strided_steps(schedule.steps(), every ? schedule.steps() : std::min(settings.steps, schedule.steps()));
  std::vector<Move> list;
  auto evaluate_at = [&](int t) {
    const Parametrisation p = parametrisation(schedule, prediction, t);
    Move move;
    move.t = t;
    move.clean_noisy = p.clean_noisy;
    move.clean_prediction = p.clean_prediction;
    return move;
  };
  for (std::size_t i = 0; i < order.size(); ++i) {
    const int t = order[i], next = i + 1 < order.size() ? order[i + 1] : -1;
    const Level from = level_at(schedule, t), to = level_at(schedule, next);
    Move move = evaluate_at(t);
    step_along(move, from, to, fresh_noise(from, to, eta));
    if (settings.method == Method::dpm_solver && i > 0 && next >= 0) {
      const double before = level_at(schedule, order[i - 1]).half_log_snr(), here = from.half_log_snr();
      const double ahead = (to.half_log_snr() - here) / (here - before) / 2;
      move.earlier = -ahead * move.clean;
      move.clean *= 1 + ahead;
    }
    list.push_back(move);
    if (settings.method != Method::heun || next < 0) continue;
    Move again = evaluate_at(next);
    again.sets_out = false;
    again.start = move.noisy;
    again.clean = again.earlier = move.clean / 2;
    list.push_back(again);
  }
  return list;
}

bool look_back(std::span<const Move> moves) {
  return std::any_of(moves.begin(), moves.end(), [](const Move& m) { return m.start != 0 || m.earlier != 0; });
}

std::vector<int> strided_steps(int total, int count) {
  std::vector<int> steps;
  for (int i = count - 1; i >= 0; --i)
    steps.push_back(count == 1 ? total - 1
                               : static_cast<int>(std::lround(static_cast<double>(i) * (total - 1) / (count - 1))));
  return steps;
}

}  // namespace qiln::diffusion
