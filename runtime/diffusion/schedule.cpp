#include "runtime/diffusion/schedule.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "dsl/error.h"

namespace qiln::diffusion {
namespace {

/// Formulas of functions that meet 0 and 1 or level out round a little past them.
constexpr double rounding = 1e-9;

}  // namespace

double NoiseSchedule::signal(int t) const { return t < 0 ? 1 : std::sqrt(alpha_bar[t]); }
double NoiseSchedule::noise(int t) const { return t < 0 ? 0 : std::sqrt(1 - alpha_bar[t]); }
double NoiseSchedule::snr(int t) const { return alpha_bar[t] / (1 - alpha_bar[t]); }

std::optional<std::string> fault_of(std::span<const double> levels) {
  if (levels.size() < 2)
    return "a diffusion needs at least one step; set `steps` in `objective = diffusion(steps = …)`";
  if (!(std::abs(levels[0] - 1) < 1e-6))
    return fmt::format("the schedule gives signal level {:.6g} at u = 0, where it must be 1", levels[0]);
  for (std::size_t i = 1; i < levels.size(); ++i) {
    const double u = static_cast<double>(i) / static_cast<double>(levels.size() - 1);
    const double before = levels[i - 1], after = levels[i];
    const bool ended = i + 1 == levels.size() && std::abs(after) < rounding;
    if (!std::isfinite(after) || after > 1 + rounding || (after <= 0 && !ended))
      return fmt::format("the schedule gives signal level {:.6g} at u = {}; levels lie in (0, 1], and 0 at u = 1", after,
                         u);
    if (after > before + rounding)
      return fmt::format("the schedule's signal level rises from {:.6g} to {:.6g} at u = {}; it must fall", before, after, u);
  }
  return {};
}

NoiseSchedule discretise(std::span<const double> levels) {
  if (const auto fault = fault_of(levels)) throw Error(*fault, 1);
  NoiseSchedule schedule;
  double product = 1;
  for (std::size_t i = 1; i < levels.size(); ++i) {
    const double beta = 1 - levels[i] / levels[i - 1];
    schedule.raised += beta < least_beta;
    schedule.lowered += beta > largest_beta;
    schedule.beta.push_back(std::clamp(beta, least_beta, largest_beta));
    product *= 1 - schedule.beta.back();
    schedule.alpha_bar.push_back(product);
  }
  return schedule;
}

std::string describe(const NoiseSchedule& schedule) {
  const double terminal = schedule.snr(schedule.steps() - 1);
  std::string text = fmt::format("{} steps, terminal SNR {:.2g} ({:.1f} dB)", schedule.steps(), terminal,
                                 10 * std::log10(terminal));
  if (schedule.raised + schedule.lowered == 0) return text + "; no beta is clipped";
  text += "; of the betas, ";
  if (schedule.raised > 0) text += fmt::format("{} raised to {}", schedule.raised, least_beta);
  if (schedule.raised > 0 && schedule.lowered > 0) text += " and ";
  if (schedule.lowered > 0) text += fmt::format("{} lowered to {}", schedule.lowered, largest_beta);
  return text;
}

}  // namespace qiln::diffusion
