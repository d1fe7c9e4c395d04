#include "runtime/data/images.h"

#include <algorithm>
#include <cassert>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "dsl/error.h"
#include "runtime/random/shuffle.h"

namespace qiln::data {
namespace {

std::vector<std::uint32_t> indices_with(const Images& images, const std::vector<std::int32_t>& labels) {
  if (!labels.empty() && images.labels.empty())
    throw Error(fmt::format("cannot select labels [{}]: these images have no labels", fmt::join(labels, ", ")), 1);
  std::vector<std::uint32_t> kept;
  for (std::uint32_t i = 0; i < images.count; ++i)
    if (labels.empty() || std::find(labels.begin(), labels.end(), images.labels[i]) != labels.end()) kept.push_back(i);
  if (kept.empty() && !labels.empty()) {
    auto present = images.labels;
    std::sort(present.begin(), present.end());
    present.erase(std::unique(present.begin(), present.end()), present.end());
    throw Error(fmt::format("no image has a label of [{}]: the labels here are [{}]", fmt::join(labels, ", "),
                            fmt::join(present, ", ")),
                1);
  }
  return kept;
}

}  // namespace

Images select(const Images& images, const Selection& selection) {
  std::vector<std::uint32_t> kept = indices_with(images, selection.labels);
  if (selection.limit && *selection.limit < kept.size()) {
    const random::Stream stream{.seed = selection.seed, .site = random::site_hash("data.limit")};
    auto drawn =
        random::draw(stream, static_cast<std::uint32_t>(kept.size()), static_cast<std::uint32_t>(*selection.limit));
    std::sort(drawn.begin(), drawn.end());
    for (auto& index : drawn) index = kept[index];
    kept = std::move(drawn);
  }
  if (kept.empty()) throw Error("the selection keeps no image: raise `limit`", 1);
  Images out{.count = kept.size(), .channels = images.channels, .height = images.height, .width = images.width};
  out.classes = images.classes;
  out.pixels.reserve(out.count * out.image_size());
  for (const std::uint32_t i : kept) {
    const auto image = images.image(i);
    out.pixels.insert(out.pixels.end(), image.begin(), image.end());
    if (!images.labels.empty()) out.labels.push_back(images.labels[i]);
  }
  return out;
}

void scale_image(const Images& images, std::size_t i, std::span<float> out) {
  const auto image = images.image(i);
  assert(out.size() == image.size());
  std::transform(image.begin(), image.end(), out.begin(), [](std::uint8_t pixel) { return pixel / 127.5f - 1.0f; });
}

std::vector<float> scale_images(const Images& images) {
  std::vector<float> out(images.count * images.image_size());
  for (std::size_t i = 0; i < images.count; ++i)
    scale_image(images, i, std::span(out).subspan(i * images.image_size(), images.image_size()));
  return out;
}

}  // namespace qiln::data
