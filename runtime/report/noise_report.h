// What a source of noise really gives, measured on images of it.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace qiln::report {

/// Shares of a draw's variance that come from the angles, the shots and the half-step spread; they add to 1.
struct VarianceShares {
  double angles = 0, shots = 0, spread = 0;
};

/// Correlations between the numbers of an image, over pairs of different ones. Of n independent images the root mean
/// square is about 1 / sqrt(n) where there is none.
struct Correlation {
  double largest = 0, root_mean_square = 0;
};

struct NoiseStatistics {
  std::int64_t images = 0, numbers = 0;  // of an image: at most the first 1024 for correlations and rank
  double mean = 0, deviation = 0, excess_kurtosis = 0;
  double distance = 0;             // Kolmogorov-Smirnov: the largest gap to the normal distribution function
  std::vector<double> histogram;   // density in equal bins over -4..4
  Correlation values, squares;
  std::int64_t rank = 0, of = 0;   // eigenvalues of the covariance above a hundredth of their mean
  std::vector<double> spectrum;    // mean power by distance from frequency 0, in cycles an image; 1: white
  std::optional<VarianceShares> shares = {};
};

/// Of `samples` [images, channels, height, width].
NoiseStatistics noise_statistics(std::span<const float> samples, std::int64_t channels, std::int64_t height,
                                 std::int64_t width);

std::string noise_text(const NoiseStatistics& statistics, const std::string& title);
/// The same figures with the histogram beside the normal density and the spectrum.
std::string noise_svg(const NoiseStatistics& statistics, const std::string& title);

}  // namespace qiln::report
