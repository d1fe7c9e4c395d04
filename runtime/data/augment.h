// Random flips and shifts of training images: a pure function of seed, step and place in the step's batch, so that bits
// depend neither on threads nor on interruptions.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "runtime/data/images.h"

namespace qiln::data {

enum class Fill {
  black,  // -1
  edge    // the nearest pixel of the image
};

struct Augmentation {
  bool flip = false;           // mirror left and right, half of the time
  bool flip_vertical = false;  // mirror top and bottom, half of the time
  std::int64_t shift = 0;      // by -shift to shift pixels along each axis, each distance as likely
  Fill fill = Fill::black;     // what a shift moves in

  bool any() const { return flip || flip_vertical || shift > 0; }
};

/// Which of the random numbers a sample gets.
struct Place {
  std::uint64_t seed = 0;
  std::uint32_t step = 0;    // of the optimiser
  std::uint32_t sample = 0;  // within the step's whole batch
};

/// What is done to one sample: mirrored first, then moved.
struct Movement {
  bool flip = false, flip_vertical = false;
  std::int64_t right = 0, down = 0;
};
Movement draw_movement(const Augmentation& augmentation, const Place& place);

/// Writes image `i` so changed, as floats in [-1, 1] (images.h); `out` has image_size() elements. Pixel (y, x) is pixel
/// (y - down, x - right) of the mirrored image.
void write_sample(const Images& images, std::size_t i, const Movement& movement, Fill fill, std::span<float> out);
void write_sample(const Images& images, std::size_t i, const Augmentation& augmentation, const Place& place,
                  std::span<float> out);

}  // namespace qiln::data
