#include "runtime/report/loss_curve.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <utility>

namespace qiln::report {
namespace {

constexpr double width = 900, height = 360, left = 64, right = 16, top = 16, bottom = 40;
constexpr std::size_t most_points = 600;

struct Point {
  double step = 0, value = 0;
};

/// Means over runs of equal length, so that there are not more than `most_points`.
std::vector<Point> thinned(const std::vector<Point>& points) {
  const std::size_t length = (points.size() + most_points - 1) / most_points;
  std::vector<Point> result;
  for (std::size_t i = 0; i < points.size(); i += length) {
    const std::size_t end = std::min(points.size(), i + length);
    Point mean;
    for (std::size_t k = i; k < end; ++k) mean.step += points[k].step, mean.value += points[k].value;
    const auto count = static_cast<double>(end - i);
    result.push_back({mean.step / count, mean.value / count});
  }
  return result;
}

/// The mean over a window around each point.
std::vector<Point> smoothed(const std::vector<Point>& points) {
  const std::size_t reach = std::max<std::size_t>(1, points.size() / 100);
  std::vector<double> sums(points.size() + 1, 0);
  for (std::size_t i = 0; i < points.size(); ++i) sums[i + 1] = sums[i] + points[i].value;
  std::vector<Point> result;
  for (std::size_t i = 0; i < points.size(); ++i) {
    const std::size_t begin = i < reach ? 0 : i - reach, end = std::min(points.size(), i + reach + 1);
    result.push_back({points[i].step, (sums[end] - sums[begin]) / static_cast<double>(end - begin)});
  }
  return result;
}

class Curve {
 public:
  explicit Curve(std::span<const LoggedStep> steps) {
    for (const LoggedStep& s : steps) {
      const auto step = static_cast<double>(s.step);
      if (std::isfinite(s.loss) && s.loss > 0) loss_.push_back({step, s.loss});
      if (s.held_out && std::isfinite(*s.held_out) && *s.held_out > 0) held_out_.push_back({step, *s.held_out});
    }
  }

  std::string draw() {
    if (loss_.empty()) return "";
    const std::vector<Point> pale = thinned(loss_), full = thinned(smoothed(loss_));
    find_range(pale);
    std::string svg = fmt::format(
        "<svg viewBox=\"0 0 {} {}\" role=\"img\" aria-label=\"loss over steps\" "
        "xmlns=\"http://www.w3.org/2000/svg\">\n",
        width, height);
    svg += axes() + line(pale, "pale") + line(full, "full");
    for (const Point& p : held_out_)
      svg += fmt::format(
          "<circle class=\"held\" cx=\"{:.1f}\" cy=\"{:.1f}\" r=\"3.5\"><title>held-out loss {:.4g} after "
          "step {}</title></circle>\n",
          x(p.step), y(p.value), p.value, p.step);
    return svg + legend() + "</svg>\n";
  }

 private:
  void find_range(const std::vector<Point>& points) {
    first_ = loss_.front().step;
    last_ = std::max(loss_.back().step, first_ + 1);
    low_ = high_ = points.front().value;
    for (const std::vector<Point>* list : {&points, &std::as_const(held_out_)})
      for (const Point& p : *list) low_ = std::min(low_, p.value), high_ = std::max(high_, p.value);
    low_ /= 1.05;
    high_ *= 1.05;
  }
  double x(double step) const { return left + (step - first_) / (last_ - first_) * (width - left - right); }
  double y(double value) const {
    return top + std::log(high_ / value) / std::log(high_ / low_) * (height - top - bottom);
  }

  std::string axes() const {
    std::string svg;
    for (const double tick : logarithmic_ticks(low_, high_))
      svg += fmt::format(
          "<line class=\"grid\" x1=\"{0}\" x2=\"{1}\" y1=\"{2:.1f}\" y2=\"{2:.1f}\"/><text x=\"{3}\" y=\"{4:.1f}\" "
          "text-anchor=\"end\">{5:.3g}</text>\n",
          left, width - right, y(tick), left - 8, y(tick) + 4, tick);
    for (const double tick : linear_ticks(first_, last_, 8))
      svg += fmt::format(
          "<line class=\"grid\" x1=\"{0:.1f}\" x2=\"{0:.1f}\" y1=\"{1}\" y2=\"{2}\"/><text x=\"{0:.1f}\" y=\"{3}\" "
          "text-anchor=\"middle\">{4}</text>\n",
          x(tick), top, height - bottom, height - bottom + 18, tick);
    return svg + fmt::format("<text x=\"{}\" y=\"{}\" text-anchor=\"middle\">step</text>\n", (left + width - right) / 2,
                             height - 4);
  }

  std::string line(const std::vector<Point>& points, const char* kind) const {
    std::string svg = fmt::format("<polyline class=\"{}\" points=\"", kind);
    for (const Point& p : points) svg += fmt::format("{:.1f},{:.1f} ", x(p.step), std::clamp(y(p.value), top, height));
    return svg + "\"/>\n";
  }

  std::string legend() const {
    std::string svg = fmt::format(
        "<line class=\"full\" x1=\"{0}\" x2=\"{1}\" y1=\"{2}\" y2=\"{2}\"/><text x=\"{3}\" y=\"{4}\">training loss, "
        "averaged</text>\n",
        width - 210, width - 186, top + 14, width - 178, top + 18);
    if (held_out_.empty()) return svg;
    return svg + fmt::format(
                     "<circle class=\"held\" cx=\"{}\" cy=\"{}\" r=\"3.5\"/><text x=\"{}\" y=\"{}\">held-out "
                     "loss</text>\n",
                     width - 198, top + 34, width - 178, top + 38);
  }

  std::vector<Point> loss_, held_out_;
  double first_ = 0, last_ = 1, low_ = 1, high_ = 1;
};

}  // namespace

std::vector<double> logarithmic_ticks(double low, double high) {
  const bool decades_alone = std::log10(high / low) > 3;
  std::vector<double> ticks;
  for (double decade = std::pow(10, std::floor(std::log10(low))); decade <= high; decade *= 10)
    for (const double factor : {1.0, 2.0, 5.0})
      if (decade * factor >= low && decade * factor <= high && (factor == 1 || !decades_alone))
        ticks.push_back(decade * factor);
  return ticks.size() >= 2 ? ticks : linear_ticks(low, high, 4);
}

std::vector<double> linear_ticks(double low, double high, int count) {
  const double rough = (high - low) / count, decade = std::pow(10, std::floor(std::log10(rough)));
  double step = 10 * decade;
  for (const double factor : {5.0, 2.0, 1.0})
    if (decade * factor >= rough) step = decade * factor;
  std::vector<double> ticks;
  for (double k = std::ceil(low / step); k * step <= high; ++k) ticks.push_back(k * step);
  return ticks;
}

std::string loss_curve(std::span<const LoggedStep> steps) { return Curve(steps).draw(); }

}  // namespace qiln::report
