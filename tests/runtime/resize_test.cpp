#include "runtime/data/resize.h"

#include <cmath>
#include <fstream>

#include <nlohmann/json.hpp>

#include "tests/catch.h"

using namespace qiln;
using namespace qiln::data;

namespace {

nlohmann::json values() {
  std::ifstream in(QILN_SOURCE_DIR "/tests/reference/images.json");
  return nlohmann::json::parse(in);
}

std::vector<std::uint8_t> bytes(std::size_t count) {
  std::vector<std::uint8_t> result;
  for (std::size_t i = 0; i < count; ++i) result.push_back(static_cast<std::uint8_t>((37 * i + 11 * (i / 7)) % 256));
  return result;
}

}  // namespace

// PyTorch computes in float64, so that the rounded values agree but where it stands halfway; Pillow rounds after each
// axis, in fixed point, and may be one off.
TEST_CASE("images are resized as PyTorch and Pillow do it") {
  const auto document = values();
  for (const auto& row : document["resize"]) {
    const std::size_t height = row["from"][0], width = row["from"][1], new_height = row["to"][0],
                      new_width = row["to"][1];
    INFO(height << " x " << width << " to " << new_height << " x " << new_width);
    const auto out = resize(bytes(height * width), 1, height, width, new_height, new_width);
    REQUIRE(out.size() == new_height * new_width);
    for (std::size_t i = 0; i < out.size(); ++i) {
      CHECK(std::abs(out[i] - row["torch"][i].get<double>()) <= 0.5 + 1e-6);
      CHECK(std::abs(out[i] - row["pillow"][i].get<int>()) <= 1);
    }
  }
}

TEST_CASE("channels are resized apart, and the same size is the same image") {
  const auto image = bytes(3 * 4 * 5);
  CHECK(resize(image, 3, 4, 5, 4, 5) == image);
  const auto whole = resize(image, 3, 4, 5, 2, 7);
  for (std::size_t c = 0; c < 3; ++c) {
    const auto alone = resize(std::span(image).subspan(20 * c, 20), 1, 4, 5, 2, 7);
    CHECK(std::equal(alone.begin(), alone.end(), whole.begin() + static_cast<std::ptrdiff_t>(14 * c)));
  }
}

TEST_CASE("colours become gray as in Pillow, and gray becomes colours") {
  const auto document = values();
  const std::size_t count = document["gray"]["count"];
  const auto interleaved = bytes(3 * count);
  std::vector<std::uint8_t> planes(3 * count);
  for (std::size_t i = 0; i < 3 * count; ++i) planes[i % 3 * count + i / 3] = interleaved[i];
  const auto gray = recolour(planes, 3, 1);
  for (std::size_t i = 0; i < count; ++i) CHECK(std::abs(gray[i] - document["gray"]["pillow"][i].get<int>()) <= 1);
  const auto back = recolour(gray, 1, 3);
  CHECK(back.size() == 3 * count);
  CHECK(recolour(back, 3, 1) == gray);
}

TEST_CASE("a set is reshaped with its labels") {
  Images images{.count = 2, .channels = 1, .height = 2, .width = 2};
  images.pixels = {10, 10, 10, 10, 20, 20, 20, 20};
  images.labels = {1, 0};
  images.classes = {"a", "b"};
  const Images out = reshape(images, {.channels = 3, .height = 1, .width = 3});
  CHECK((out.count == 2 && out.channels == 3 && out.height == 1 && out.width == 3));
  CHECK(out.pixels ==
        std::vector<std::uint8_t>{10, 10, 10, 10, 10, 10, 10, 10, 10, 20, 20, 20, 20, 20, 20, 20, 20, 20});
  CHECK((out.labels == images.labels && out.classes == images.classes));
  CHECK(reshape(images, {}).pixels == images.pixels);
}
