// Images of another size, or with another number of channels.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "runtime/data/images.h"

namespace qiln::data {

/// Bilinear with antialias, as in Pillow and torchvision. Along an axis of n pixels that becomes one of m, pixel i is
/// the weighted mean of pixels j with weight max(0, 1 - |j + 1/2 - c| / s), where c = (i + 1/2) n / m is its centre and
/// s = max(1, n / m): a triangle as wide as a new pixel when there are fewer of them, linear interpolation when there
/// are more. Both axes are computed in double and the result rounded once, halves up. `image` is [channels, height,
/// width].
std::vector<std::uint8_t> resize(std::span<const std::uint8_t> image, std::size_t channels, std::size_t height,
                                 std::size_t width, std::size_t new_height, std::size_t new_width);

/// One channel of three: 0.299 R + 0.587 G + 0.114 B (ITU-R BT.601), rounded; three of one: copies. [channels, plane].
std::vector<std::uint8_t> recolour(std::span<const std::uint8_t> image, std::size_t channels, std::size_t new_channels);

/// What images are to be; 0 leaves it as it is.
struct Shape {
  std::size_t channels = 0, height = 0, width = 0;
};

/// All images so changed: size first, then channels.
Images reshape(Images images, const Shape& shape);

}  // namespace qiln::data
