#include "compiler/kernel/winograd_plan.h"

#include <algorithm>
#include <cstdlib>

namespace qiln::kernel {
namespace {

constexpr double cache = 1 << 20;  // bytes, about the second-level cache of a core

std::int64_t span(const Access& access, std::int64_t width) { return (width - 1) * std::abs(access.strides[2]) + 1; }

/// Relative time of strips of the plan's height: rows beyond the image are worked on in vain, what outgrows the cache
/// streams, short sums pay for their ends.
double strip_cost(const Winograd& w, int lanes) {
  const double worked = static_cast<double>(w.strips() * w.strip) / static_cast<double>(w.rows());
  const double bytes = static_cast<double>(layout(w).end * lanes) * sizeof(float);
  const double streaming = 1 + 0.15 * std::clamp(bytes / cache - 1, 0.0, 2.0);
  const double tiles = static_cast<double>(w.strip_tiles());
  return worked * streaming * (1 + (w.of_weights ? 4.0 : 1.0) / tiles);
}

}  // namespace

WinogradLayout layout(const Winograd& w) {
  const auto odd = [](std::int64_t vectors) { return vectors | 1; };
  const std::int64_t tiles = w.strip_tiles(), points = w.of_weights ? 4 : 16;
  WinogradLayout made;
  made.image_point = odd(w.inputs * tiles);
  made.other = made.image + points * made.image_point;
  made.other_point = odd((w.of_weights ? w.outputs : w.block) * tiles);
  made.zeros = made.other + points * made.other_point;
  made.zero_elements = std::max(span(w.image, w.width), w.of_weights ? span(w.other, w.width) : 0);
  made.end = made.zeros + made.zero_elements;
  return made;
}

void plan(Winograd& w, int lanes) {
  // What a register tile reads of the image lies side by side, so that it streams.
  const auto choose_chunk = [&] {
    w.chunk = w.strip_tiles();
    for (std::int64_t chunk = 4; chunk <= 8 && !w.of_weights; ++chunk)
      if (w.strip_tiles() % chunk == 0) w.chunk = chunk;
  };
  // The wider the products, the less often the image is read again; they take up to half the cache where it streams.
  const auto choose_block = [&] {
    const double image = static_cast<double>(16 * w.inputs * w.strip_tiles() * lanes) * sizeof(float);
    const double most = image > cache ? cache / 2 : cache / 4;
    w.block = 1;
    for (std::int64_t block = 2; block <= std::min<std::int64_t>(w.outputs, w.of_weights ? 16 : 32); ++block) {
      const auto bytes = static_cast<double>(16 * block * w.strip_tiles() * lanes) * sizeof(float);
      if (w.outputs % block == 0 && (w.of_weights || block <= 8 || bytes <= most)) w.block = block;
    }
  };
  Winograd best;
  double least = 0;
  for (w.strip = 1; w.strip <= w.rows(); ++w.strip) {
    choose_chunk();
    choose_block();
    const double cost = strip_cost(w, lanes);
    if (w.strip == 1 || cost < least) least = cost, best = w;
  }
  w = best;
}

std::int64_t scratch_floats(const Nest& nest, int lanes) {
  return nest.winograd ? layout(*nest.winograd).end * lanes : 0;
}

}  // namespace qiln::kernel
