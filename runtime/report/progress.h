// What a long command says while it works: one line that is redrawn in a terminal, a plain line now and then elsewhere.
#pragma once

#include <cstdint>
#include <cstdio>
#include <functional>
#include <limits>
#include <string>

namespace qiln::report {

/// "0:07", "12:34", "1:02:03", "2 d 03 h"; "?" for a negative, infinite or NaN time.
std::string format_seconds(double seconds);

/// "0.0123", "12.3", "456", "7.89k", "1.2M": three significant digits.
std::string format_rate(double value);

/// One state of the work. NaN leaves a figure out.
struct ProgressState {
  std::string label = {};  // "train", "sample"
  std::int64_t step = 0;
  std::int64_t total = 0;
  double loss = std::numeric_limits<double>::quiet_NaN();
  double images_per_second = std::numeric_limits<double>::quiet_NaN();
  double peak_share = std::numeric_limits<double>::quiet_NaN();  // of the machine's multiply-add rate
  double seconds_left = std::numeric_limits<double>::quiet_NaN();
};

/// "train [#####-----] 1000/2000  loss 0.0512  331 images/s  41 % of peak  0:42 left", cut to `width` columns; the bar
/// shrinks first and goes when fewer than ten columns are left for it.
std::string format_bar(const ProgressState& state, std::size_t width);
/// The same without the bar: "train 1000/2000 (50 %)  loss 0.0512  331 images/s  0:42 left".
std::string format_line(const ProgressState& state);

/// Draws to `out`: in a terminal with a carriage return, at most ten times a second; elsewhere a line at the first
/// update, then one every `line_seconds`, and one at the end. Rates are averaged over about the last ten seconds.
class Progress {
 public:
  struct Options {
    std::int64_t total = 0;  // steps at the end
    std::int64_t start = 0;  // steps that were done before, when resuming
    std::string label = "train";
    std::FILE* out = stdout;
    double line_seconds = 5;
    std::function<double()> clock = {};   // monotonic seconds; empty: the steady clock
    std::function<bool()> terminal = {};  // empty: asks the system about `out`
  };

  explicit Progress(Options options);
  Progress(const Progress&) = delete;
  ~Progress() { finish(); }

  /// `step` steps are finished; `images` were processed since the last call. NaN as loss when there is none.
  void update(std::int64_t step, double loss, std::int64_t images);

  /// From now on the share of the machine's peak is shown: a step takes so many flops, the machine does so many a
  /// second.
  void set_work(double flops, double peak);

  /// Prints a message on a line of its own, above the bar.
  void message(const std::string& text);

  /// Draws the last state and ends the line. Later calls do nothing.
  void finish();

 private:
  void measure(double now, std::int64_t steps, std::int64_t images);
  void draw(double now);
  std::size_t columns() const;

  Options options_;
  bool terminal_ = false, finished_ = false, drawn_ = false, stale_ = false;
  double last_draw_ = 0, last_update_ = 0;
  double weight_ = 0, steps_ = 0, images_ = 0;  // exponentially averaged seconds, steps, images
  double steps_per_peak_second_ = 0;            // 0: not known
  ProgressState state_;
};

}  // namespace qiln::report
