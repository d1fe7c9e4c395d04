// The noise schedule of a diffusion model in discrete time.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <vector>

namespace qiln::diffusion {

inline constexpr double least_beta = 1e-4, largest_beta = 0.999;

/// Signal levels of steps 0 .. T - 1.
struct NoiseSchedule {
  std::vector<double> beta;       // beta_t = 1 - level((t + 1) / T) / level(t / T), clipped to [1e-4, 0.999]
  std::vector<double> alpha_bar;  // product of 1 - beta up to t
  int raised = 0, lowered = 0;    // betas that the clip changed
  int steps() const { return static_cast<int>(beta.size()); }

  double signal(int t) const;  // sqrt(alpha_bar); 1 at t = -1, the clean image
  double noise(int t) const;   // sqrt(1 - alpha_bar)
  double snr(int t) const;     // alpha_bar / (1 - alpha_bar)
};

/// What keeps `levels`, the signal levels at u = 0, 1 / T, …, 1, from being a schedule: they begin at 1, fall, and stay
/// in (0, 1], but for a 0 at u = 1. Nothing when they are one.
std::optional<std::string> fault_of(std::span<const double> levels);

/// The schedule of levels (Nichol and Dhariwal 2021, eq. 17 for the cosine). Throws qiln::Error (exit code 1) with their
/// fault.
NoiseSchedule discretise(std::span<const double> levels);

/// "1000 steps, terminal SNR 2.4e-09 (-86.1 dB); of the betas, 13 raised to 0.0001 and 1 lowered to 0.999"
std::string describe(const NoiseSchedule& schedule);

}  // namespace qiln::diffusion
