#include "runtime/data/hold_out.h"

#include <fmt/format.h>

#include <vector>

#include "dsl/error.h"
#include "runtime/random/shuffle.h"

namespace qiln::data {
namespace {

void append(Images& to, const Images& from, std::size_t i) {
  const auto image = from.image(i);
  to.pixels.insert(to.pixels.end(), image.begin(), image.end());
  if (!from.labels.empty()) to.labels.push_back(from.labels[i]);
  ++to.count;
}

}  // namespace

Images hold_out(Images& images, std::size_t count, std::uint64_t seed) {
  if (count >= images.count)
    throw Error(
        fmt::format("`data.held_out` is {} and there are {} images: none is left to train on", count, images.count), 1);
  std::vector<bool> held(images.count, false);
  const random::Stream stream{seed, 0, 0, random::site_hash("data.held_out")};
  for (const auto i : random::draw(stream, static_cast<std::uint32_t>(images.count), static_cast<std::uint32_t>(count)))
    held[i] = true;
  Images kept = images, out = images;
  for (Images* part : {&kept, &out}) {
    part->count = 0;
    part->pixels.clear();
    part->labels.clear();
  }
  for (std::size_t i = 0; i < images.count; ++i) append(held[i] ? out : kept, images, i);
  images = std::move(kept);
  return out;
}

}  // namespace qiln::data
