#include "runtime/report/progress.h"

#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cmath>

#include <fmt/format.h>

namespace qiln::report {
namespace {

constexpr double average_seconds = 10, redraw_seconds = 0.1;
constexpr std::size_t widest_bar = 40, narrowest_bar = 10, usual_columns = 80;

double steady_seconds() {
  return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

std::string figures(const ProgressState& state) {
  std::string text;
  if (!std::isnan(state.loss)) text += fmt::format("  loss {:.4g}", state.loss);
  if (!std::isnan(state.images_per_second)) text += fmt::format("  {} images/s", format_rate(state.images_per_second));
  if (!std::isnan(state.peak_share)) text += fmt::format("  {:.0f} % of peak", 100 * state.peak_share);
  if (!std::isnan(state.seconds_left)) text += fmt::format("  {} left", format_seconds(state.seconds_left));
  return text;
}

double fraction(const ProgressState& state) {
  if (state.total <= 0) return 1;
  return std::clamp(static_cast<double>(state.step) / static_cast<double>(state.total), 0.0, 1.0);
}

}  // namespace

std::string format_seconds(double seconds) {
  if (!(seconds >= 0) || seconds > 1e9) return "?";
  const auto s = static_cast<std::int64_t>(std::llround(seconds));
  const std::int64_t minutes = s / 60, hours = s / 3600, days = s / 86400;
  if (hours >= 48) return fmt::format("{} d {:02} h", days, hours % 24);
  if (hours > 0) return fmt::format("{}:{:02}:{:02}", hours, minutes % 60, s % 60);
  return fmt::format("{}:{:02}", minutes, s % 60);
}

std::string format_rate(double value) {
  if (value >= 999.5e3) return fmt::format("{:.3g}M", value / 1e6);
  if (value >= 999.5) return fmt::format("{:.3g}k", value / 1e3);
  return fmt::format("{:.3g}", value);
}

std::string format_bar(const ProgressState& state, std::size_t width) {
  const std::string left = state.label + " ", right = fmt::format(" {}/{}", state.step, state.total) + figures(state);
  const std::size_t used = left.size() + right.size() + 2;
  if (used + narrowest_bar > width) return (left + right.substr(1)).substr(0, width);
  const std::size_t cells = std::min(widest_bar, width - used);
  const auto full = static_cast<std::size_t>(fraction(state) * static_cast<double>(cells));
  return left + "[" + std::string(full, '#') + std::string(cells - full, '-') + "]" + right;
}

std::string format_line(const ProgressState& state) {
  return fmt::format("{} {}/{} ({:.0f} %)", state.label, state.step, state.total, std::floor(100 * fraction(state))) +
         figures(state);
}

Progress::Progress(Options options) : options_(std::move(options)) {
  if (!options_.clock) options_.clock = steady_seconds;
  terminal_ = options_.terminal ? options_.terminal() : ::isatty(::fileno(options_.out)) == 1;
  state_ = {.label = options_.label, .step = options_.start, .total = options_.total};
  last_update_ = options_.clock();
}

void Progress::update(std::int64_t step, double loss, std::int64_t images) {
  const double now = options_.clock();
  measure(now, step - state_.step, images);
  state_.step = step;
  state_.loss = loss;
  stale_ = true;
  if (!drawn_ || now - last_draw_ >= (terminal_ ? redraw_seconds : options_.line_seconds)) draw(now);
}

void Progress::set_work(double flops, double peak) {
  if (flops > 0) steps_per_peak_second_ = peak / flops;
}

void Progress::measure(double now, std::int64_t steps, std::int64_t images) {
  const double elapsed = std::max(now - last_update_, 0.0), keep = std::exp(-elapsed / average_seconds);
  last_update_ = now;
  weight_ = weight_ * keep + elapsed;
  steps_ = steps_ * keep + static_cast<double>(steps);
  images_ = images_ * keep + static_cast<double>(images);
  if (weight_ <= 0) return;
  if (images_ > 0) state_.images_per_second = images_ / weight_;
  if (steps_ > 0 && steps_per_peak_second_ > 0) state_.peak_share = steps_ / weight_ / steps_per_peak_second_;
  if (steps_ > 0) state_.seconds_left = static_cast<double>(state_.total - state_.step - steps) * weight_ / steps_;
}

std::size_t Progress::columns() const {
  winsize size = {};
  if (::ioctl(::fileno(options_.out), TIOCGWINSZ, &size) != 0 || size.ws_col == 0) return usual_columns;
  return size.ws_col;
}

void Progress::draw(double now) {
  if (terminal_) {
    // The last column stays free: some terminals wrap on it. ESC [K clears what a longer line left.
    fmt::print(options_.out, "\r{}\x1b[K", format_bar(state_, columns() - 1));
  } else {
    fmt::print(options_.out, "{}\n", format_line(state_));
  }
  std::fflush(options_.out);
  last_draw_ = now;
  drawn_ = true;
  stale_ = false;
}

void Progress::message(const std::string& text) {
  fmt::print(options_.out, "{}{}\n", terminal_ && drawn_ ? "\r\x1b[K" : "", text);
  if (terminal_ && drawn_ && !finished_) draw(options_.clock());
  std::fflush(options_.out);
}

void Progress::finish() {
  if (finished_) return;
  finished_ = true;
  if (stale_) draw(options_.clock());
  if (terminal_ && drawn_) fmt::print(options_.out, "\n");
  std::fflush(options_.out);
}

}  // namespace qiln::report
