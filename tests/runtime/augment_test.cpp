#include "runtime/data/augment.h"

#include <map>

#include "tests/catch.h"

using namespace qiln;
using namespace qiln::data;

namespace {

/// Two channels of 2 × 3 pixels, their value 51 times their place modulo 6.
Images counted() {
  Images images{.count = 1, .channels = 2, .height = 2, .width = 3};
  for (int c = 0; c < 2; ++c)
    for (int i = 0; i < 6; ++i) images.pixels.push_back(static_cast<std::uint8_t>(51 * ((i + 3 * c) % 6)));
  return images;
}

/// The places that `movement` brings where, -1 for black: the values back in units of 51.
std::vector<int> moved(const Movement& movement, Fill fill) {
  const Images images = counted();
  std::vector<float> out(images.image_size());
  write_sample(images, 0, movement, fill, out);
  std::vector<int> places;
  for (const float value : out) places.push_back(static_cast<int>(std::lround((value + 1) * 2.5f)));
  return places;
}

}  // namespace

TEST_CASE("flips and shifts move pixels where they say") {
  using Places = std::vector<int>;
  CHECK(moved({}, Fill::black) == Places{0, 1, 2, 3, 4, 5, 3, 4, 5, 0, 1, 2});
  CHECK(moved({.flip = true}, Fill::black) == Places{2, 1, 0, 5, 4, 3, 5, 4, 3, 2, 1, 0});
  CHECK(moved({.flip_vertical = true}, Fill::black) == Places{3, 4, 5, 0, 1, 2, 0, 1, 2, 3, 4, 5});
  CHECK(moved({.right = 1}, Fill::black) == Places{0, 0, 1, 0, 3, 4, 0, 3, 4, 0, 0, 1});
  CHECK(moved({.right = 1}, Fill::edge) == Places{0, 0, 1, 3, 3, 4, 3, 3, 4, 0, 0, 1});
  CHECK(moved({.right = -2, .down = 1}, Fill::edge) == Places{2, 2, 2, 2, 2, 2, 5, 5, 5, 5, 5, 5});
  CHECK(moved({.flip = true, .right = 1}, Fill::edge) == Places{2, 2, 1, 5, 5, 4, 5, 5, 4, 2, 2, 1});
  CHECK(moved({.right = 9, .down = -9}, Fill::black) == Places(12, 0));
}

TEST_CASE("movements are functions of seed, step and sample, and evenly spread") {
  const Augmentation both{.flip = true, .flip_vertical = true, .shift = 2};
  std::map<std::array<std::int64_t, 4>, int> seen;
  for (std::uint32_t step = 0; step < 100; ++step)
    for (std::uint32_t sample = 0; sample < 100; ++sample) {
      const Movement m = draw_movement(both, {7, step, sample}), again = draw_movement(both, {7, step, sample});
      CHECK((m.flip == again.flip && m.right == again.right));
      ++seen[{m.flip, m.flip_vertical, m.right, m.down}];
    }
  REQUIRE(seen.size() == 2 * 2 * 5 * 5);  // 100 draws of each on average, standard deviation 10
  for (const auto& [movement, count] : seen) CHECK((count > 50 && count < 150));
  const Movement shifted = draw_movement({.shift = 3}, {7, 1, 2});
  CHECK(!(shifted.flip || shifted.flip_vertical));
  CHECK(std::abs(shifted.right) <= 3);
}
