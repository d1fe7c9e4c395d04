// How the contract emitter runs one phase: register tile, pieces of each output axis, loops of the sum, and how each
// guard is met. A pure function of the phase's shape and the target, so bits never depend on threads.
#pragma once

#include <cstdint>
#include <vector>

#include "compiler/codegen/target.h"
#include "compiler/kernel/kernel.h"

namespace qiln::codegen {

/// `count` pieces of `size` points, from `begin` on. Looped pieces meet every fixed guard at each point; the others are
/// emitted one by one, so that their borders are known at compile time.
struct Segment {
  std::int64_t begin = 0, count = 1, size = 1;
  bool looped = false;
};

/// Who sees to a guard.
enum class GuardKind : std::uint8_t {
  bounds,   // the limits of one loop of the sum
  fixed,    // compile time: one tiled axis, and at most one index of the sum, unrolled or peeled
  runtime,  // a test at every load
};

struct PlannedGuard {
  kernel::Guard guard;
  GuardKind kind = GuardKind::runtime;
  int axis = -1;       // fixed: the tiled output axis
  int reduction = -1;  // bounds, fixed: the index of the sum, or -1
};

enum class SumKind : std::uint8_t {
  loop,
  unrolled,  // every value of the index is emitted
  peeled,    // border values are emitted, the values at which no guard cuts the tile run in a loop
};

struct ContractPlan {
  std::vector<std::int64_t> tile;              // points of a tile along each output axis
  std::vector<std::vector<Segment>> segments;  // of each output axis
  std::vector<int> axis_order;                 // outermost first; tiles of the first are the nest's parallel tiles
  std::vector<int> sum_order;                  // outermost first
  std::vector<SumKind> sum_kind;
  std::vector<PlannedGuard> guards;
  std::int64_t parallel_pieces() const;
};

/// `varying` says of each factor whether it has a value a lane. `outermost` 0 or more: the axis whose tiles are to be
/// the parallel ones.
ContractPlan plan_contract(const kernel::Phase& phase, const std::vector<bool>& varying, const Target& target,
                           int outermost = -1);

}  // namespace qiln::codegen
