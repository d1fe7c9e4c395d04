#include <algorithm>
#include <cassert>
#include <cmath>

#include "runtime/data/png.h"

namespace qiln::data {
namespace {

constexpr std::uint8_t gutter_level = 64;
constexpr std::size_t smallest_tile = 64;

std::uint8_t level(float value) {
  if (!(value > -1.0f)) return 0;
  return static_cast<std::uint8_t>(std::lround((std::min(value, 1.0f) + 1.0f) * 127.5f));
}

}  // namespace

Raster draw_grid(std::span<const float> samples, std::size_t channels, std::size_t height, std::size_t width,
                 const GridLayout& layout) {
  assert(channels == 1 || channels == 3);
  const std::size_t plane = height * width, count = samples.size() / (channels * plane);
  assert(count > 0 && samples.size() == count * channels * plane);
  const std::size_t scale = layout.scale ? layout.scale : (smallest_tile + height - 1) / height;
  const auto square = static_cast<std::size_t>(std::ceil(std::sqrt(static_cast<double>(count))));
  const std::size_t columns = std::min(layout.columns ? layout.columns : square, count);
  const std::size_t rows = (count + columns - 1) / columns;
  const std::size_t step_x = width * scale + layout.gutter, step_y = height * scale + layout.gutter;
  Raster out{.width = columns * step_x + layout.gutter, .height = rows * step_y + layout.gutter, .channels = channels};
  out.pixels.assign(out.width * out.height * channels, gutter_level);
  for (std::size_t i = 0; i < count; ++i) {
    const float* sample = samples.data() + i * channels * plane;
    const std::size_t left = layout.gutter + i % columns * step_x, top = layout.gutter + i / columns * step_y;
    for (std::size_t y = 0; y < height * scale; ++y) {
      std::uint8_t* row = out.pixels.data() + ((top + y) * out.width + left) * channels;
      for (std::size_t x = 0; x < width * scale; ++x)
        for (std::size_t c = 0; c < channels; ++c)
          row[x * channels + c] = level(sample[c * plane + y / scale * width + x / scale]);
    }
  }
  return out;
}

}  // namespace qiln::data
