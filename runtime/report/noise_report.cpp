#include "runtime/report/noise_report.h"

#include <fmt/format.h>

#include <Eigen/Dense>
#include <algorithm>
#include <cmath>
#include <complex>
#include <numbers>

namespace qiln::report {
namespace {

using Rows = Eigen::Matrix<float, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;

constexpr std::int64_t most_numbers = 1024;
constexpr int bins = 64;
constexpr double edge = 4;  // of the histogram

double normal_density(double x) { return std::exp(-x * x / 2) / std::sqrt(2 * std::numbers::pi); }
double normal_share(double x) { return std::erfc(-x / std::numbers::sqrt2) / 2; }

void measure_distribution(std::span<const float> samples, NoiseStatistics& s) {
  std::vector<float> sorted(samples.begin(), samples.end());
  std::ranges::sort(sorted);
  const auto count = static_cast<double>(sorted.size());
  double square = 0, fourth = 0;
  for (const float x : sorted) s.mean += x / count;
  for (const float x : sorted) {
    square += std::pow(x - s.mean, 2) / count;
    fourth += std::pow(x - s.mean, 4) / count;
  }
  s.deviation = std::sqrt(square);
  s.excess_kurtosis = fourth / (square * square) - 3;
  s.histogram.assign(bins, 0);
  for (std::size_t i = 0; i < sorted.size(); ++i) {
    const double share = normal_share(sorted[i]), below = static_cast<double>(i) / count;
    s.distance = std::max({s.distance, std::abs(share - below), std::abs(share - below - 1 / count)});
    const double bin = std::floor((sorted[i] + edge) / (2 * edge) * bins);
    if (bin >= 0 && bin < bins) s.histogram[static_cast<std::size_t>(bin)] += bins / (2 * edge) / count;
  }
}

/// Of centred columns.
Eigen::MatrixXf covariance(const Eigen::MatrixXf& columns) {
  return columns.transpose() * columns / static_cast<float>(columns.rows());
}

Correlation correlation(const Eigen::MatrixXf& covariance) {
  const Eigen::VectorXf scale = covariance.diagonal().cwiseMax(1e-20f).cwiseSqrt().cwiseInverse();
  Eigen::MatrixXf matrix = scale.asDiagonal() * covariance * scale.asDiagonal();
  matrix.diagonal().setZero();
  const auto n = static_cast<double>(matrix.rows());
  return {matrix.cwiseAbs().maxCoeff(), std::sqrt(matrix.cast<double>().squaredNorm() / std::max(1.0, n * (n - 1)))};
}

Eigen::MatrixXf centred(Eigen::MatrixXf columns) {
  const Eigen::RowVectorXf mean = columns.colwise().mean();
  columns.rowwise() -= mean;
  return columns;
}

/// Entry (k, j): exp(-2 pi i k j / n).
Eigen::MatrixXcf fourier(std::int64_t n) {
  Eigen::MatrixXcf matrix(n, n);
  for (std::int64_t k = 0; k < n; ++k)
    for (std::int64_t j = 0; j < n; ++j)
      matrix(k, j) = std::polar(1.0f, static_cast<float>(-2 * std::numbers::pi * static_cast<double>(k * j % n) /
                                                         static_cast<double>(n)));
  return matrix;
}

void measure_spectrum(std::span<const float> samples, std::int64_t height, std::int64_t width, NoiseStatistics& s) {
  const Eigen::MatrixXcf rows = fourier(height), columns = fourier(width);
  const std::int64_t plane = height * width, planes = static_cast<std::int64_t>(samples.size()) / plane;
  Eigen::MatrixXd power = Eigen::MatrixXd::Zero(height, width);
  for (std::int64_t p = 0; p < planes; ++p) {
    const Eigen::Map<const Rows> image(samples.data() + p * plane, height, width);
    power += (rows * image.cast<std::complex<float>>() * columns).cwiseAbs2().cast<double>();
  }
  power /= static_cast<double>(planes * plane);
  std::vector<double> sum, count;
  for (std::int64_t v = 0; v < height; ++v)
    for (std::int64_t u = 0; u < width; ++u) {
      const double y = static_cast<double>(std::min(v, height - v)), x = static_cast<double>(std::min(u, width - u));
      const auto ring = static_cast<std::size_t>(std::lround(std::hypot(x, y)));
      if (ring >= sum.size()) sum.resize(ring + 1), count.resize(ring + 1);
      sum[ring] += power(v, u);
      ++count[ring];
    }
  for (std::size_t k = 0; k < sum.size(); ++k) s.spectrum.push_back(sum[k] / count[k]);
}

/// The figures, a line each.
std::vector<std::string> lines(const NoiseStatistics& s) {
  const double chance = 1 / std::sqrt(static_cast<double>(s.images));
  std::vector<std::string> result = {
      fmt::format("{} images of {} numbers", s.images, s.numbers),
      fmt::format("mean {:.4f}, deviation {:.4f}, excess kurtosis {:.3f}", s.mean, s.deviation, s.excess_kurtosis),
      fmt::format("Kolmogorov-Smirnov distance to the normal {:.4f}", s.distance),
      fmt::format("correlation of values: largest {:.3f}, root mean square {:.4f} ({:.4f} by chance)", s.values.largest,
                  s.values.root_mean_square, chance),
      fmt::format("correlation of squares: largest {:.3f}, root mean square {:.4f}", s.squares.largest,
                  s.squares.root_mean_square),
      fmt::format("rank {} of {}", s.rank, s.of)};
  if (s.shares)
    result.push_back(fmt::format("variance of a draw: {:.1f} % from angles, {:.1f} % from shots, {:.1f} % from the spread",
                                 100 * s.shares->angles, 100 * s.shares->shots, 100 * s.shares->spread));
  const auto [low, high] = std::ranges::minmax(s.spectrum);
  result.push_back(fmt::format("power spectrum {:.3f} to {:.3f} (1: white)", low, high));
  return result;
}

std::string bars(std::span<const double> heights, double x, double y, double width, double height, double full) {
  std::string text;
  const double each = width / static_cast<double>(heights.size());
  for (std::size_t k = 0; k < heights.size(); ++k) {
    const double tall = std::min(heights[k] / full, 1.0) * height;
    text += fmt::format("<rect x=\"{:.1f}\" y=\"{:.1f}\" width=\"{:.1f}\" height=\"{:.1f}\" fill=\"#9ecae1\"/>\n",
                        x + each * static_cast<double>(k), y + height - tall, each * 0.9, tall);
  }
  return text;
}

std::string words(double x, double y, const std::string& text) {
  return fmt::format("<text x=\"{:.0f}\" y=\"{:.0f}\" fill=\"#222\">{}</text>\n", x, y, text);
}

}  // namespace

NoiseStatistics noise_statistics(std::span<const float> samples, std::int64_t channels, std::int64_t height,
                                 std::int64_t width) {
  NoiseStatistics s;
  s.numbers = channels * height * width;
  s.images = static_cast<std::int64_t>(samples.size()) / s.numbers;
  measure_distribution(samples, s);
  measure_spectrum(samples, height, width, s);
  s.of = std::min(s.numbers, most_numbers);
  const Eigen::Map<const Rows> rows(samples.data(), s.images, s.numbers);
  const Eigen::MatrixXf numbers = centred(rows.leftCols(s.of));
  const Eigen::MatrixXf between = covariance(numbers);
  s.values = correlation(between);
  s.squares = correlation(covariance(centred(numbers.cwiseAbs2())));
  const Eigen::VectorXf eigenvalues = Eigen::SelfAdjointEigenSolver<Eigen::MatrixXf>(between, Eigen::EigenvaluesOnly).eigenvalues();
  s.rank = (eigenvalues.array() > 0.01f * eigenvalues.mean()).count();
  return s;
}

std::string noise_text(const NoiseStatistics& statistics, const std::string& title) {
  std::string text = title + "\n";
  for (const std::string& line : lines(statistics)) text += "  " + line + "\n";
  text += "\n       x   density    normal\n";
  for (int k = 0; k < bins; k += 4) {
    double density = 0;
    for (int j = 0; j < 4; ++j) density += statistics.histogram[k + j] / 4;
    const double x = -edge + 2 * edge * (k + 2) / bins;
    text += fmt::format("{:>8.2f} {:>9.4f} {:>9.4f}\n", x, density, normal_density(x));
  }
  return text;
}

std::string noise_svg(const NoiseStatistics& s, const std::string& title) {
  constexpr double wide = 320, tall = 200, left = 24, top = 56, gap = 40;
  const double full = 1.2 * std::max(normal_density(0), *std::ranges::max_element(s.histogram));
  const double loudest = 1.2 * std::max(1.0, *std::ranges::max_element(s.spectrum));
  std::string body = words(left, 24, title) + words(left, 44, "histogram and the normal density") +
                     words(left + wide + gap, 44, "power by frequency, cycles an image; line: white");
  body += bars(s.histogram, left, top, wide, tall, full) + bars(s.spectrum, left + wide + gap, top, wide, tall, loudest);
  std::string curve;
  for (int k = 0; k <= 160; ++k) {
    const double x = -edge + 2 * edge * k / 160;
    curve += fmt::format("{}{:.1f} {:.1f}", k == 0 ? "M" : "L", left + wide * k / 160,
                         top + tall * (1 - normal_density(x) / full));
  }
  body += fmt::format("<path d=\"{}\" fill=\"none\" stroke=\"#c44e00\" stroke-width=\"2\"/>\n", curve);
  body += fmt::format("<path d=\"M{0:.0f} {2:.1f}L{1:.0f} {2:.1f}\" stroke=\"#c44e00\" stroke-width=\"2\"/>\n",
                      left + wide + gap, left + 2 * wide + gap, top + tall * (1 - 1 / loudest));
  double y = top + tall + 24;
  for (const std::string& line : lines(s)) body += words(left, y += 18, line);
  return fmt::format(
             "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{0:.0f}\" height=\"{1:.0f}\" viewBox=\"0 0 {0:.0f} {1:.0f}\" "
             "font-family=\"system-ui, sans-serif\" font-size=\"12\">\n<title>noise</title>\n"
             "<rect width=\"100%\" height=\"100%\" fill=\"white\"/>\n",
             2 * left + 2 * wide + gap, y + 24) +
         body + "</svg>\n";
}

}  // namespace qiln::report
