// A set of images in memory, as read: 8-bit pixels, labels and the names of the classes where the source has them.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace qiln::data {

struct Images {
  std::size_t count = 0;
  std::size_t channels = 1;
  std::size_t height = 0;
  std::size_t width = 0;
  std::vector<std::uint8_t> pixels = {};  // [count, channels, height, width]
  std::vector<std::int32_t> labels = {};  // [count], or empty when the source has none
  /// The classes by label, so that 0 <= label < classes.size(); empty exactly when `labels` is. A selection keeps them
  /// all: the only digit left may be number 3 of ten.
  std::vector<std::string> classes = {};

  std::size_t image_size() const { return channels * height * width; }
  std::span<const std::uint8_t> image(std::size_t i) const {
    return std::span(pixels).subspan(i * image_size(), image_size());
  }
};

/// What `data { … }` keeps of a source.
struct Selection {
  std::vector<std::int32_t> labels = {};      // keep images with one of these; empty keeps all
  std::optional<std::size_t> per_class = {};  // at most so many of each class, drawn by `seed`; none keeps all
  std::optional<std::size_t> limit = {};      // at most so many, drawn by `seed`; none keeps all
  std::size_t held_out = 0;                   // so many of those with the labels are set aside, drawn by `seed`
  std::uint64_t seed = 0;
};

/// The selected images in the order of the source. The seed shuffles those with the labels; the first that `per_class`
/// and `limit` allow are selected, the next others are held out, and where nothing is left for that, the last. So one
/// seed's draws are nested: what `limit = 50` keeps, `limit = 100` keeps too, whatever is held out beside it. Errors:
/// labels or `per_class` asked of images without labels, a selection that keeps nothing, too many to hold out.
Images select(const Images& images, const Selection& selection);
/// Those held out: selection.held_out images, none of which `select` gives.
Images select_held_out(const Images& images, const Selection& selection);

/// Writes image `i` as floats in [-1, 1], value = pixel / 127.5 - 1; `out` has image_size() elements.
void scale_image(const Images& images, std::size_t i, std::span<float> out);

/// All images so scaled, [count, channels, height, width].
std::vector<float> scale_images(const Images& images);

}  // namespace qiln::data
