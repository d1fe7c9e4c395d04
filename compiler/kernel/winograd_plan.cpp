#include "compiler/kernel/winograd_plan.h"

#include <algorithm>
#include <cstdlib>
#include <limits>

namespace qiln::kernel {
namespace {

constexpr double cache = 1 << 20;  // bytes, about the second-level cache of a core

std::int64_t span(const Access& access, std::int64_t width) { return (width - 1) * std::abs(access.strides[2]) + 1; }

std::int64_t image_points(const Winograd& w) { return w.of_weights || w.by_rows ? 4 : 16; }
std::int64_t other_points(const Winograd& w) { return w.of_weights ? 4 : 16; }
std::int64_t other_channels(const Winograd& w) { return w.of_weights || w.by_rows ? w.outputs : w.block; }

/// Cycles that a strip's parts take to come from beyond the cache. The image is written once and read by each block of
/// outputs, products by rows are written and read once. Parts of weights are read point by point: a point that fits the
/// cache is fetched but once, and well ahead.
double streaming(const Winograd& w, double image, double other) {
  constexpr double scattered = 12, ahead = 24;  // bytes a cycle
  const auto blocks = static_cast<double>(w.outputs / w.block);
  if (w.of_weights) {
    const double once = image + other > cache ? 8 * (image + other) / ahead : 0;
    return once + ((image + other) / 4 > cache ? 4 * image * blocks / scattered : 0);
  }
  const double rounds = w.by_rows ? 4 : 1;
  const double again = image > 0.9 * cache ? rounds * image * (1 + blocks) : 0;
  return (again + (w.by_rows && other > cache - image ? 2 * other : 0)) / scattered;
}

/// Cycles of the whole image in strips of the plan's height: a multiply-add of lane vectors each, what streams, the
/// ends of short sums. Rows beyond the image are worked on in vain.
double cycles(const Winograd& w, int lanes) {
  const auto tiles = static_cast<double>(w.strip_tiles()), vector = static_cast<double>(lanes) * sizeof(float);
  const double image = vector * tiles * static_cast<double>(image_points(w) * w.inputs);
  const double other = vector * tiles * static_cast<double>(other_points(w) * other_channels(w));
  const double products = tiles * static_cast<double>(16 * w.inputs * w.outputs) * (1 + (w.of_weights ? 4 : 1) / tiles);
  return static_cast<double>(w.strips()) * (products + streaming(w, image, other));
}

/// What a register tile reads of the image lies side by side, so that it streams.
std::int64_t chunk_of(const Winograd& w) {
  std::int64_t chosen = w.strip_tiles();
  for (std::int64_t chunk = 4; chunk <= 8 && !w.of_weights; ++chunk)
    if (w.strip_tiles() % chunk == 0) chosen = chunk;
  return chosen;
}

/// Products of a block stay in a quarter of the cache; those by rows lie beyond it in any case.
std::int64_t block_of(const Winograd& w, int lanes) {
  const std::int64_t most = w.of_weights ? 16 : 32;
  std::int64_t chosen = 1;
  for (std::int64_t block = 2; block <= std::min(w.outputs, most); ++block) {
    const auto bytes = static_cast<double>(16 * block * w.strip_tiles() * lanes) * sizeof(float);
    const bool fits = w.of_weights || w.by_rows || block <= 8 || bytes <= cache / 4;
    if (w.outputs % block == 0 && fits) chosen = block;
  }
  return chosen;
}

}  // namespace

WinogradLayout layout(const Winograd& w) {
  const auto odd = [](std::int64_t vectors) { return vectors | 1; };
  const std::int64_t tiles = w.strip_tiles();
  WinogradLayout made;
  made.image_point = odd(w.inputs * tiles);
  made.other = made.image + image_points(w) * made.image_point;
  made.other_point = odd(other_channels(w) * tiles);
  made.zeros = made.other + other_points(w) * made.other_point;
  made.zero_elements = std::max(span(w.image, w.width), w.of_weights ? span(w.other, w.width) : 0);
  made.end = made.zeros + made.zero_elements;
  return made;
}

void plan(Winograd& w, int lanes) {
  Winograd best;
  double least = std::numeric_limits<double>::infinity();
  for (const bool by_rows : {false, true}) {
    if (by_rows && w.of_weights) continue;
    for (w.strip = 1; w.strip <= w.rows(); ++w.strip) {
      w.by_rows = by_rows;
      w.chunk = chunk_of(w);
      w.block = block_of(w, lanes);
      const double cost = cycles(w, lanes);
      if (cost < least) least = cost, best = w;
    }
  }
  w = best;
}

std::int64_t scratch_floats(const Nest& nest, int lanes) {
  return nest.winograd ? layout(*nest.winograd).end * lanes : 0;
}

}  // namespace qiln::kernel
