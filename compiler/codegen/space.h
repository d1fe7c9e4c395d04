// Walking an iteration space: fewer and longer axes, tiles that any split over threads may share out, unrolled runs.
#pragma once

#include <functional>

#include "compiler/codegen/lane_builder.h"

namespace qiln::codegen {

/// The accesses of an expression's loads and random numbers.
std::vector<kernel::Access*> accesses_of(kernel::Expression& expression);

/// Joins neighbouring axes that all accesses (and their guards) walk as one, and drops axes of extent 1; at least one
/// axis remains. `extents[0]` is coordinate `first` of the accesses.
void collapse(std::vector<std::int64_t>& extents, std::span<kernel::Access* const> accesses, int first = 0);

/// Whether neighbours along coordinate `axis` of a uniform nest can be one vector: strides 1 or 0 there, no guard that
/// depends on it, no random numbers.
bool vectorises(const kernel::Expression& expression, int axis);

/// Tiles are chunks of `size` indices of one axis, at each point of the axes before it. A pure function of its
/// arguments.
struct TilePlan {
  int axis = 0;
  std::int64_t size = 1;  // a multiple of the granule, unless one chunk covers the axis
  std::int64_t chunks = 1;
  std::int64_t tiles = 1;
};
/// About `points` points a tile.
TilePlan plan_tiles(std::span<const std::int64_t> extents, std::int64_t points, std::int64_t granule);
/// One tile for all.
TilePlan single_tile(std::span<const std::int64_t> extents);

/// For each tile of begin .. end - 1 and each index of the axes before the last: body(at, from, to), with `at` the
/// coordinates of all axes but the last, whose indices are from .. to - 1.
using Row = std::function<void(std::vector<Coordinate>& at, llvm::Value* from, llvm::Value* to)>;
void for_rows(LaneBuilder& builder, std::span<const std::int64_t> extents, const TilePlan& plan, std::int64_t granule,
              const Row& body);

/// Covers from .. to - 1 in steps of `step` (which divides the distance) by groups of `count` neighbouring coordinates,
/// then singly. `multiple`: what `from` is known to be a multiple of.
void for_groups(LaneBuilder& builder, llvm::Value* from, llvm::Value* to, std::int64_t step, int count,
                std::int64_t multiple, const std::function<void(std::span<const Coordinate>)>& body);

/// Makes one store for several points at once; lane sums are taken together.
void store_points(LaneBuilder& builder, const kernel::Store& store, std::span<llvm::Value* const> values,
                  std::span<const std::vector<Coordinate>> points);

/// Whether different points of the space write different elements of every sum over the batch.
bool sums_are_disjoint(std::span<const kernel::Store> stores, std::span<const std::int64_t> extents);

}  // namespace qiln::codegen
