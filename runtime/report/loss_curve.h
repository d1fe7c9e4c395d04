// The losses of a run as a picture.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace qiln::report {

/// A line of a run's log.
struct LoggedStep {
  std::int64_t step = 0;
  double loss = 0, seconds = 0;
  std::optional<double> held_out = {}, gradient_norm = {}, learning_rate = {};
};

/// Ticks for a logarithmic axis from `low` to `high`, both positive: 1, 2 and 5 of each decade, or only the decades
/// when these are many; at least two.
std::vector<double> logarithmic_ticks(double low, double high);
/// Ticks at multiples of 1, 2 or 5 times a power of ten, about `count` of them.
std::vector<double> linear_ticks(double low, double high, int count);

/// An SVG element without size of its own (viewBox 0 0 900 360): the training loss as a pale line, its average over a
/// fiftieth of the run in full colour, held-out losses as points; loss on a logarithmic axis. Empty without steps.
std::string loss_curve(std::span<const LoggedStep> steps);

}  // namespace qiln::report
