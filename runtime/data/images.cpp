#include "runtime/data/images.h"

#include <algorithm>
#include <cassert>
#include <map>

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

/// Places in the source, ascending.
struct Drawn {
  std::vector<std::uint32_t> selected, held_out;
};

Drawn draw(const Images& images, const Selection& selection) {
  if (selection.per_class && images.labels.empty())
    throw Error("`per_class` needs classes, and these images have no labels: say `limit`", 1);
  const std::vector<std::uint32_t> kept = indices_with(images, selection.labels);
  if (selection.held_out > 0 && selection.held_out >= kept.size())
    throw Error(fmt::format("`held_out` is {} and there are {} images: none is left to train on", selection.held_out,
                            kept.size()),
                1);
  const random::Stream stream{.seed = selection.seed, .site = random::site_hash("data.limit")};
  const std::size_t limit = std::min(selection.limit.value_or(kept.size()), kept.size() - selection.held_out);
  std::map<std::int32_t, std::size_t> of_class;
  Drawn drawn;
  std::vector<std::uint32_t> others;
  for (const std::uint32_t place : random::permutation(stream, static_cast<std::uint32_t>(kept.size()))) {
    const std::uint32_t i = kept[place];
    const bool fits =
        drawn.selected.size() < limit && (!selection.per_class || of_class[images.labels[i]] < *selection.per_class);
    (fits ? drawn.selected : others).push_back(i);
    if (fits && selection.per_class) ++of_class[images.labels[i]];
  }
  others.resize(selection.held_out);
  drawn.held_out = std::move(others);
  std::sort(drawn.selected.begin(), drawn.selected.end());
  std::sort(drawn.held_out.begin(), drawn.held_out.end());
  return drawn;
}

Images copy(const Images& images, const std::vector<std::uint32_t>& places) {
  Images out{.count = places.size(), .channels = images.channels, .height = images.height, .width = images.width};
  out.classes = images.classes;
  out.pixels.reserve(out.count * out.image_size());
  for (const std::uint32_t i : places) {
    const auto image = images.image(i);
    out.pixels.insert(out.pixels.end(), image.begin(), image.end());
    if (!images.labels.empty()) out.labels.push_back(images.labels[i]);
  }
  return out;
}

}  // namespace

Images select(const Images& images, const Selection& selection) {
  const Drawn drawn = draw(images, selection);
  if (drawn.selected.empty()) throw Error("the selection keeps no image: raise `limit`", 1);
  return copy(images, drawn.selected);
}

Images select_held_out(const Images& images, const Selection& selection) {
  return copy(images, draw(images, selection).held_out);
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
