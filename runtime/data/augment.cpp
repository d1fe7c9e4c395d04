#include "runtime/data/augment.h"

#include <algorithm>
#include <cassert>

#include "runtime/random/philox.h"

namespace qiln::data {
namespace {

/// The pixel of one axis that comes to `at`, or -1 where nothing does.
std::int64_t origin(std::int64_t at, std::int64_t moved, std::int64_t extent, bool mirrored, Fill fill) {
  std::int64_t from = at - moved;
  if (fill == Fill::edge) from = std::clamp<std::int64_t>(from, 0, extent - 1);
  if (from < 0 || from >= extent) return -1;
  return mirrored ? extent - 1 - from : from;
}

}  // namespace

Movement draw_movement(const Augmentation& augmentation, const Place& place) {
  const random::Stream stream{place.seed, place.step, place.sample, random::site_hash("data.augment")};
  const random::Words words = stream.words(0);
  const auto distances = static_cast<std::uint32_t>(2 * augmentation.shift + 1);
  const auto distance = [&](std::uint32_t word) {
    return static_cast<std::int64_t>(random::integer_of<double>(word, distances)) - augmentation.shift;
  };
  return {.flip = augmentation.flip && random::uniform_of<double>(words[0]) < 0.5,
          .flip_vertical = augmentation.flip_vertical && random::uniform_of<double>(words[1]) < 0.5,
          .right = distance(words[2]),
          .down = distance(words[3])};
}

void write_sample(const Images& images, std::size_t i, const Movement& movement, Fill fill, std::span<float> out) {
  assert(out.size() == images.image_size());
  const auto image = images.image(i);
  const auto height = static_cast<std::int64_t>(images.height), width = static_cast<std::int64_t>(images.width);
  for (std::size_t c = 0, at = 0; c < images.channels; ++c)
    for (std::int64_t y = 0; y < height; ++y) {
      const std::int64_t from_y = origin(y, movement.down, height, movement.flip_vertical, fill);
      for (std::int64_t x = 0; x < width; ++x, ++at) {
        const std::int64_t from_x = origin(x, movement.right, width, movement.flip, fill);
        const bool inside = from_y >= 0 && from_x >= 0;
        const auto from = static_cast<std::size_t>((static_cast<std::int64_t>(c) * height + from_y) * width + from_x);
        out[at] = inside ? image[from] / 127.5f - 1.0f : -1.0f;
      }
    }
}

void write_sample(const Images& images, std::size_t i, const Augmentation& augmentation, const Place& place,
                  std::span<float> out) {
  if (!augmentation.any()) return scale_image(images, i, out);
  write_sample(images, i, draw_movement(augmentation, place), augmentation.fill, out);
}

}  // namespace qiln::data
