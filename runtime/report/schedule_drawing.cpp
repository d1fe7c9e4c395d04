#include "runtime/report/schedule_drawing.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <functional>
#include <vector>

#include "runtime/data/png.h"
#include "runtime/random/philox.h"
#include "runtime/report/base64.h"

namespace qiln::report {
namespace {

using diffusion::NoiseSchedule;

constexpr int cells = 9;                                                // images of the strip
constexpr double left = 64, right = 664, top = 40, bottom = 260;        // of the plot
constexpr double width = 728, strip_top = bottom + 44, cell_gap = 0.06;  // of a cell
constexpr const char *blue = "#1f77b4", *red = "#c44e00", *gray = "#555";

double decibels(double ratio) { return 10 * std::log10(ratio); }

/// The step whose image has the level of u; -1 at 0.
int step_at(const NoiseSchedule& schedule, double u) { return static_cast<int>(std::lround(u * schedule.steps())) - 1; }

/// The first image at the times of the strip.
std::vector<float> noisy_images(const NoiseSchedule& schedule, const data::Images& images) {
  const std::size_t size = images.image_size();
  std::vector<float> clean(size), noise(size), all;
  data::scale_image(images, 0, clean);
  random::fill_normal<float>({0, 0, 0, random::site_hash("drawing")}, noise);
  for (int k = 0; k < cells; ++k) {
    const int t = step_at(schedule, static_cast<double>(k) / (cells - 1));
    for (std::size_t i = 0; i < size; ++i)
      all.push_back(static_cast<float>(schedule.signal(t) * clean[i] + schedule.noise(t) * noise[i]));
  }
  return all;
}

class Drawing {
 public:
  explicit Drawing(const NoiseSchedule& schedule) : schedule_(schedule) {
    for (int t = 0; t < schedule.steps(); ++t) {
      low_ = std::min(low_, 10 * std::floor(decibels(schedule.snr(t)) / 10));
      high_ = std::max(high_, 10 * std::ceil(decibels(schedule.snr(t)) / 10));
    }
  }

  std::string document(const data::Images& images) {
    axes();
    curve(blue, -1, [&](int t) { return schedule_.signal(t); });
    curve(red, -1, [&](int t) { return schedule_.noise(t); });
    curve(gray, 0, [&](int t) { return (decibels(schedule_.snr(t)) - low_) / (high_ - low_); });
    words(left, top - 20, "start", blue, "signal");
    words(left + 60, top - 20, "start", red, "noise");
    words(right, top - 20, "end", gray, "signal-to-noise ratio in dB");
    const double end = strip(images);
    words(left, end + 24, "start", "#222", diffusion::describe(schedule_));
    return fmt::format(
               "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{0:.0f}\" height=\"{1:.0f}\" "
               "viewBox=\"0 0 {0:.0f} {1:.0f}\" font-family=\"system-ui, sans-serif\" font-size=\"12\">\n"
               "<title>noise schedule</title>\n<rect width=\"100%\" height=\"100%\" fill=\"white\"/>\n",
               width, end + 40) +
           body_ + "</svg>\n";
  }

 private:
  double x_of(double u) const { return left + u * (right - left); }
  double y_of(double share) const { return bottom - share * (bottom - top); }

  void words(double x, double y, const char* anchor, const char* colour, const std::string& text) {
    body_ += fmt::format("<text x=\"{:.1f}\" y=\"{:.1f}\" text-anchor=\"{}\" fill=\"{}\">{}</text>\n", x, y, anchor, colour,
                         text);
  }
  void line(double x1, double y1, double x2, double y2) {
    body_ += fmt::format("<path d=\"M{:.1f} {:.1f}L{:.1f} {:.1f}\" stroke=\"#ddd\"/>\n", x1, y1, x2, y2);
  }

  void axes() {
    for (int k = 0; k <= 4; ++k) {
      const double share = k / 4.0;
      line(left, y_of(share), right, y_of(share));
      words(left - 8, y_of(share) + 4, "end", gray, fmt::format("{:.2g}", share));
      words(right + 8, y_of(share) + 4, "start", gray, fmt::format("{:.0f}", low_ + share * (high_ - low_)));
      line(x_of(share), top, x_of(share), bottom);
      words(x_of(share), bottom + 18, "middle", gray, fmt::format("{:.2g}", share));
    }
    words((left + right) / 2, bottom + 34, "middle", gray, "u");
  }

  void curve(const char* colour, int first, const std::function<double(int)>& share) {
    std::string path;
    for (int t = first; t < schedule_.steps(); ++t)
      path += fmt::format("{}{:.2f} {:.2f}", path.empty() ? "M" : "L", x_of((t + 1.0) / schedule_.steps()),
                          y_of(share(t)));
    body_ += fmt::format("<path d=\"{}\" fill=\"none\" stroke=\"{}\" stroke-width=\"2\"/>\n", path, colour);
  }

  /// Each image stands centred under its time. Gives where the strip ends.
  double strip(const data::Images& images) {
    const data::Raster raster = data::draw_grid(noisy_images(schedule_, images), images.channels, images.height,
                                                images.width, {.columns = cells, .scale = 1, .gutter = 0});
    const double cell = (right - left) / (cells - 1), tall = cell * static_cast<double>(images.height) / static_cast<double>(images.width);
    body_ += fmt::format(
        "<image x=\"{:.1f}\" y=\"{:.1f}\" width=\"{:.1f}\" height=\"{:.1f}\" style=\"image-rendering: pixelated\" "
        "href=\"data:image/png;base64,{}\"/>\n",
        left - cell / 2, strip_top, cell * cells, tall, base64(data::encode_png(raster)));
    for (int k = 0; k <= cells; ++k)
      body_ += fmt::format("<rect x=\"{:.1f}\" y=\"{:.1f}\" width=\"{:.1f}\" height=\"{:.1f}\" fill=\"white\"/>\n",
                           left + (k - 0.5 - cell_gap / 2) * cell, strip_top, cell * cell_gap, tall);
    return strip_top + tall;
  }

  const NoiseSchedule& schedule_;
  double low_ = 0, high_ = 0;  // of the ratio, in dB
  std::string body_;
};

}  // namespace

std::string schedule_text(const NoiseSchedule& schedule) {
  std::string text = fmt::format("{}\n\n{:>5} {:>9} {:>9} {:>9} {:>10}\n", diffusion::describe(schedule), "u", "signal",
                                 "noise", "SNR, dB", "beta");
  for (int k = 0; k <= 10; ++k) {
    const int t = step_at(schedule, k / 10.0);
    text += fmt::format("{:>5.1f} {:>9.5f} {:>9.5f}", k / 10.0, schedule.signal(t), schedule.noise(t));
    text += t < 0 ? "\n" : fmt::format(" {:>9.2f} {:>10.3g}\n", decibels(schedule.snr(t)), schedule.beta[t]);
  }
  return text;
}

std::string schedule_svg(const NoiseSchedule& schedule, const data::Images& images) {
  return Drawing(schedule).document(images);
}

}  // namespace qiln::report
