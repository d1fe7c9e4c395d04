#include "runtime/data/resize.h"

#include <algorithm>
#include <cassert>
#include <cmath>
#include <utility>

namespace qiln::data {
namespace {

/// The pixels that one new pixel is made of, and their shares.
struct Taps {
  std::size_t first = 0;
  std::vector<double> weights;
};

std::vector<Taps> taps_of_axis(std::size_t extent, std::size_t new_extent) {
  const double scale = static_cast<double>(extent) / static_cast<double>(new_extent), support = std::max(1.0, scale);
  std::vector<Taps> result(new_extent);
  for (std::size_t i = 0; i < new_extent; ++i) {
    const double centre = (static_cast<double>(i) + 0.5) * scale;
    const auto first = static_cast<std::size_t>(std::max(0.0, std::floor(centre - support)));
    const auto end = std::min(extent, static_cast<std::size_t>(std::ceil(centre + support)) + 1);
    double sum = 0;
    result[i].first = first;
    for (std::size_t j = first; j < end; ++j) {
      const double weight = std::max(0.0, 1 - std::abs(static_cast<double>(j) + 0.5 - centre) / support);
      result[i].weights.push_back(weight);
      sum += weight;
    }
    for (double& weight : result[i].weights) weight /= sum;
  }
  return result;
}

std::uint8_t rounded(double value) { return static_cast<std::uint8_t>(std::clamp(value + 0.5, 0.0, 255.0)); }

}  // namespace

std::vector<std::uint8_t> resize(std::span<const std::uint8_t> image, std::size_t channels, std::size_t height,
                                 std::size_t width, std::size_t new_height, std::size_t new_width) {
  assert(image.size() == channels * height * width && new_height > 0 && new_width > 0);
  if (height == new_height && width == new_width) return {image.begin(), image.end()};
  const auto across = taps_of_axis(width, new_width), down = taps_of_axis(height, new_height);
  std::vector<std::uint8_t> out;
  out.reserve(channels * new_height * new_width);
  std::vector<double> narrow(height * new_width);
  for (std::size_t c = 0; c < channels; ++c) {
    const std::uint8_t* plane = image.data() + c * height * width;
    for (std::size_t y = 0; y < height; ++y)
      for (std::size_t x = 0; x < new_width; ++x) {
        double sum = 0;
        for (std::size_t k = 0; k < across[x].weights.size(); ++k)
          sum += across[x].weights[k] * plane[y * width + across[x].first + k];
        narrow[y * new_width + x] = sum;
      }
    for (const Taps& taps : down)
      for (std::size_t x = 0; x < new_width; ++x) {
        double sum = 0;
        for (std::size_t k = 0; k < taps.weights.size(); ++k)
          sum += taps.weights[k] * narrow[(taps.first + k) * new_width + x];
        out.push_back(rounded(sum));
      }
  }
  return out;
}

std::vector<std::uint8_t> recolour(std::span<const std::uint8_t> image, std::size_t channels,
                                   std::size_t new_channels) {
  const std::size_t plane = image.size() / channels;
  std::vector<std::uint8_t> out;
  if (channels == new_channels) {
    out.assign(image.begin(), image.end());
  } else if (new_channels == 1) {
    for (std::size_t p = 0; p < plane; ++p)
      out.push_back(rounded(0.299 * image[p] + 0.587 * image[plane + p] + 0.114 * image[2 * plane + p]));
  } else {
    for (std::size_t c = 0; c < new_channels; ++c) out.insert(out.end(), image.begin(), image.end());
  }
  return out;
}

Images reshape(Images images, const Shape& shape) {
  Images out{.count = images.count, .channels = images.channels, .height = images.height, .width = images.width};
  if (shape.channels) out.channels = shape.channels;
  if (shape.height) out.height = shape.height;
  if (shape.width) out.width = shape.width;
  if (out.channels == images.channels && out.height == images.height && out.width == images.width) return images;
  out.labels = std::move(images.labels);
  out.classes = std::move(images.classes);
  out.pixels.reserve(out.count * out.image_size());
  for (std::size_t i = 0; i < images.count; ++i) {
    const auto sized = resize(images.image(i), images.channels, images.height, images.width, out.height, out.width);
    const auto image = recolour(sized, images.channels, out.channels);
    out.pixels.insert(out.pixels.end(), image.begin(), image.end());
  }
  return out;
}

}  // namespace qiln::data
