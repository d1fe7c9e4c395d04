#include "compiler/codegen/contract_plan.h"

#include <algorithm>
#include <limits>
#include <numeric>

namespace qiln::codegen {
namespace {

using kernel::Guard;
using kernel::Phase;

constexpr std::int64_t unroll_limit = 8;   // an index of the sum longer than this is peeled, not unrolled
constexpr std::int64_t code_limit = 1600;  // multiply-adds emitted for a phase beyond which a tile is penalised

std::int64_t pieces_of(std::int64_t extent, std::int64_t tile) { return (extent + tile - 1) / tile; }

class Planner {
 public:
  Planner(const Phase& phase, const std::vector<bool>& varying, const Target& target, int outermost)
      : phase_(phase),
        varying_(varying),
        outermost_(outermost),
        target_(target),
        axes_(static_cast<int>(phase.extents.size())),
        sums_(static_cast<int>(phase.reduction.size())) {
    for (const auto& factor : phase.factors)
      for (const auto& g : factor.guards)
        if (std::find(guards_.begin(), guards_.end(), g) == guards_.end()) guards_.push_back(g);
  }

  ContractPlan run() {
    std::vector<std::int64_t> tile(axes_, 1);
    search(0, 1, tile);
    return planned(best_);
  }

 private:
  void search(int axis, std::int64_t points, std::vector<std::int64_t>& tile) {
    if (axis == axes_) {
      double cost = estimate(tile);
      if (cost < best_cost_) best_cost_ = cost, best_ = tile;
      return;
    }
    std::int64_t extent = std::max<std::int64_t>(phase_.extents[axis], 1), last_pieces = -1;
    for (std::int64_t t = 1; t * points <= target_.accumulators() && t <= extent; ++t) {
      if (t > 1 && pieces_of(extent, t) == last_pieces) continue;  // a larger piece that covers no better
      last_pieces = pieces_of(extent, t);
      tile[axis] = t;
      search(axis + 1, points * pieces_size(extent, t), tile);
    }
    tile[axis] = 1;
  }

  static std::int64_t pieces_size(std::int64_t extent, std::int64_t t) {
    std::int64_t n = pieces_of(extent, t);
    return (extent + n - 1) / n;
  }

  /// Cycles of the phase, for each step of the sum.
  double estimate(const std::vector<std::int64_t>& tile) const {
    ContractPlan plan = planned(tile);
    std::vector<std::int64_t> size(axes_);
    double cycles = tile_cycles(0, tile, size);
    for (const auto& g : plan.guards)
      if (g.kind == GuardKind::runtime) cycles *= 3;
    if (pressure(tile) > target_.vector_registers) cycles *= 1.6;

    double code = code_size(plan);
    if (code > code_limit) cycles *= code / code_limit;
    return cycles;
  }

  /// Summed over the tiles, whose sizes along an axis differ by at most one: two multiply-adds and two loads a cycle,
  /// four cycles of latency, half a cycle for the loop.
  double tile_cycles(int axis, const std::vector<std::int64_t>& tile, std::vector<std::int64_t>& size) const {
    if (axis == axes_) {
      double points = 1, loads = 0;
      for (auto s : size) points *= static_cast<double>(s);
      for (const auto& factor : phase_.factors) loads += loads_of(factor, size);
      return std::max({points / 2, loads / 2, 4.0}) + 0.5;
    }
    std::int64_t n = std::max<std::int64_t>(pieces_of(phase_.extents[axis], tile[axis]), 1);
    std::int64_t base = phase_.extents[axis] / n, extra = phase_.extents[axis] % n;
    double cycles = 0;
    if (extra > 0) {
      size[axis] = base + 1;
      cycles += static_cast<double>(extra) * tile_cycles(axis + 1, tile, size);
    }
    size[axis] = base;
    return cycles + static_cast<double>(n - extra) * tile_cycles(axis + 1, tile, size);
  }

  /// Loads of a factor for one step of the sum over a tile.
  double loads_of(const kernel::Access& factor, const std::vector<std::int64_t>& size) const {
    double loads = 1;
    for (int d = 0; d < axes_; ++d)
      if (factor.strides[d] != 0) loads *= static_cast<double>(size[d]);
    return loads;
  }

  /// Registers that a tile wants: accumulators, and the loads that are used again before they are dropped. Points are
  /// visited with the last axis fastest, so a factor that does not move along it is held one value at a time, and one
  /// that moves with every axis is used once, straight from memory.
  std::int64_t pressure(const std::vector<std::int64_t>& tile) const {
    std::vector<std::int64_t> size(axes_);
    std::int64_t total = 1;
    int last = -1;
    for (int d = 0; d < axes_; ++d) {
      size[d] = pieces_size(std::max<std::int64_t>(phase_.extents[d], 1), tile[d]);
      total *= size[d];
      if (size[d] > 1) last = d;
    }
    for (const auto& factor : phase_.factors) {
      bool every = true;
      std::int64_t held = 1;
      for (int d = 0; d < axes_; ++d) {
        if (size[d] == 1) continue;
        if (factor.strides[d] == 0)
          every = false;
        else
          held *= size[d];
      }
      const bool moves = last >= 0 && factor.strides[last] != 0;
      total += moves && !every ? held : 1;
    }
    return total;
  }

  double code_size(const ContractPlan& plan) const {
    double code = 1;
    for (int d = 0; d < axes_; ++d) {
      double points = 0;
      for (const auto& s : plan.segments[d]) points += static_cast<double>(s.size);
      code *= points;
    }
    for (int k = 0; k < sums_; ++k) {
      if (plan.sum_kind[k] == SumKind::unrolled)
        code *= static_cast<double>(std::max<std::int64_t>(phase_.reduction[k], 1));
      if (plan.sum_kind[k] == SumKind::peeled) code *= 3;
    }
    return code;
  }

  ContractPlan planned(const std::vector<std::int64_t>& tile) const {
    ContractPlan plan;
    plan.tile = tile;
    plan.sum_kind.assign(sums_, SumKind::loop);
    for (const auto& g : guards_) plan.guards.push_back(classify(g, tile, plan));
    // A loop's limits serve only plain loops: an index that another guard unrolls takes the test at run time.
    for (auto& g : plan.guards)
      if (g.kind == GuardKind::bounds && plan.sum_kind[g.reduction] != SumKind::loop) g.kind = GuardKind::runtime;
    for (int d = 0; d < axes_; ++d) plan.segments.push_back(segments(d, plan));
    order(plan);
    return plan;
  }

  PlannedGuard classify(const Guard& guard, const std::vector<std::int64_t>& tile, ContractPlan& plan) const {
    PlannedGuard planned{guard};
    int tiled = 0, looped = 0, summed = 0;
    for (int d = 0; d < axes_; ++d) {
      if (guard.coefficients[d] == 0) continue;
      if (tile[d] > 1)
        ++tiled, planned.axis = d;
      else
        ++looped;
    }
    for (int k = 0; k < sums_; ++k)
      if (guard.coefficients[axes_ + k] != 0) ++summed, planned.reduction = k;
    if (tiled == 0 && summed == 1) {
      planned.kind = GuardKind::bounds;
    } else if (tiled == 1 && looped == 0 && summed <= 1) {
      planned.kind = GuardKind::fixed;
      if (summed == 1) {
        auto& kind = plan.sum_kind[planned.reduction];
        if (phase_.reduction[planned.reduction] <= unroll_limit)
          kind = SumKind::unrolled;
        else if (kind == SumKind::loop)
          kind = SumKind::peeled;
      }
    }
    return planned;
  }

  /// Near-equal pieces, larger ones first; pieces where a guard may cut stand alone.
  std::vector<Segment> segments(int axis, const ContractPlan& plan) const {
    std::vector<Segment> out;
    std::int64_t extent = phase_.extents[axis];
    if (extent <= 0) return out;
    std::int64_t n = pieces_of(extent, plan.tile[axis]), base = extent / n, extra = extent % n, begin = 0;
    for (std::int64_t p = 0; p < n; ++p) {
      std::int64_t size = base + (p < extra ? 1 : 0);
      bool free = !cut(axis, begin, size, plan);
      if (free && !out.empty() && out.back().looped && out.back().size == size)
        ++out.back().count;
      else
        out.push_back({begin, 1, size, free});
      begin += size;
    }
    return out;
  }

  /// Whether a fixed guard may fail somewhere in the piece (a peeled index needs to know the piece in any case).
  bool cut(int axis, std::int64_t begin, std::int64_t size, const ContractPlan& plan) const {
    for (const auto& g : plan.guards) {
      if (g.kind != GuardKind::fixed || g.axis != axis) continue;
      if (g.reduction >= 0 && plan.sum_kind[g.reduction] == SumKind::peeled) return true;
      std::int64_t last = g.reduction < 0 ? 0 : std::max<std::int64_t>(phase_.reduction[g.reduction] - 1, 0);
      for (std::int64_t j : {begin, begin + size - 1})
        for (std::int64_t k : {std::int64_t{0}, last}) {
          std::int64_t x = g.guard.offset + g.guard.coefficients[axis] * j +
                           (g.reduction < 0 ? 0 : g.guard.coefficients[axes_ + g.reduction] * k);
          if (x < 0 || x >= g.guard.extent) return true;
        }
    }
    return false;
  }

  /// Elements of a factor that the whole sum over `size` points of each axis reads. An index of the sum that moves
  /// along an axis overlaps with it, as the taps of a convolution do.
  double footprint(const kernel::Access& factor, const std::vector<std::int64_t>& size) const {
    std::vector<bool> seen(sums_, false);
    double elements = 1;
    for (int d = 0; d < axes_; ++d) {
      const std::int64_t step = std::abs(factor.strides[d]);
      if (step == 0) continue;
      auto here = static_cast<double>(size[d]);
      for (int k = 0; k < sums_; ++k) {
        const std::int64_t tap = std::abs(factor.strides[axes_ + k]), taps = phase_.reduction[k];
        if (seen[k] || tap == 0 || step % tap != 0 || step / tap > taps || taps <= 1) continue;
        here = static_cast<double>((size[d] - 1) * (step / tap) + taps);
        seen[k] = true;
        break;
      }
      elements *= here;
    }
    for (int k = 0; k < sums_; ++k)
      if (!seen[k] && factor.strides[axes_ + k] != 0)
        elements *= static_cast<double>(std::max<std::int64_t>(phase_.reduction[k], 1));
    return elements;
  }

  /// What it costs to bring the factors to the registers when the tiles are visited in this order (outermost axis
  /// first): bytes into the first-level cache, and four times those into the second.
  double traffic(const std::vector<int>& order, const std::vector<std::int64_t>& tile) const {
    return traffic_into(target_.l1_bytes, order, tile) + 4 * traffic_into(target_.l2_bytes, order, tile);
  }

  /// Bytes that come into a cache: what a loop reads again is there only if all that one of its rounds reads fits.
  double traffic_into(std::int64_t capacity, const std::vector<int>& order,
                      const std::vector<std::int64_t>& tile) const {
    std::vector<std::int64_t> size(axes_);
    for (int d = 0; d < axes_; ++d) size[d] = pieces_size(std::max<std::int64_t>(phase_.extents[d], 1), tile[d]);
    const std::size_t factors = phase_.factors.size();
    std::vector<double> bytes(factors);
    auto width = [&](std::size_t f) { return varying_[f] ? 4.0 * target_.lanes : 4.0; };
    for (std::size_t f = 0; f < factors; ++f) bytes[f] = width(f) * footprint(phase_.factors[f], size);
    for (std::size_t position = order.size(); position-- > 0;) {
      const int axis = order[position];
      double held = 0;
      for (std::size_t f = 0; f < factors; ++f) held += width(f) * footprint(phase_.factors[f], size);
      const auto rounds = static_cast<double>(pieces_of(std::max<std::int64_t>(phase_.extents[axis], 1), size[axis]));
      for (std::size_t f = 0; f < factors; ++f)
        if (phase_.factors[f].strides[axis] != 0 || held > 0.75 * static_cast<double>(capacity)) bytes[f] *= rounds;
      size[axis] = phase_.extents[axis];
    }
    return std::accumulate(bytes.begin(), bytes.end(), 0.0);
  }

  /// Outermost is an axis whose pieces threads can share: the one that `outermost_` says, or the first with enough of
  /// them, or another where that saves a third of the traffic; the others follow in their order, but the axis that gave
  /// way goes innermost.
  void order(ContractPlan& plan) const {
    auto pieces = [&](int d) { return pieces_of(phase_.extents[d], plan.tile[d]); };
    std::vector<int> natural(axes_);
    std::iota(natural.begin(), natural.end(), 0);
    int parallel = 0;
    for (int d = 0; d < axes_; ++d)
      if (pieces(parallel) < 8 && pieces(d) > pieces(parallel)) parallel = d;
    auto with_outermost = [&](int axis) {
      std::vector<int> order = natural;
      order.erase(order.begin() + axis);
      order.insert(order.begin(), axis);
      return order;
    };
    if (axes_ > 0) natural = with_outermost(parallel);
    plan.axis_order = natural;
    double least = 0.67 * traffic(natural, plan.tile);
    for (int first = 1; first < axes_; ++first) {
      const int axis = natural[first];
      if (outermost_ >= 0 ? axis != outermost_ : pieces(axis) < std::min<std::int64_t>(6, pieces(natural[0]))) continue;
      std::vector<int> other = natural;
      other.erase(other.begin() + first);
      std::rotate(other.begin(), other.begin() + 1, other.end());
      other.insert(other.begin(), axis);
      const double bytes = traffic(other, plan.tile);
      if (bytes < least || axis == outermost_) least = bytes, plan.axis_order = other;
    }
    // Long loops innermost, unrolled indices inside them.
    plan.sum_order.resize(sums_);
    std::iota(plan.sum_order.begin(), plan.sum_order.end(), 0);
    std::stable_sort(plan.sum_order.begin(), plan.sum_order.end(), [&](int a, int b) {
      bool ua = plan.sum_kind[a] == SumKind::unrolled, ub = plan.sum_kind[b] == SumKind::unrolled;
      if (ua != ub) return ub;
      return phase_.reduction[a] < phase_.reduction[b];
    });
  }

  const Phase& phase_;
  const std::vector<bool>& varying_;  // of each factor
  int outermost_;                     // axis, or -1
  const Target& target_;
  int axes_, sums_;
  std::vector<Guard> guards_;
  std::vector<std::int64_t> best_;
  double best_cost_ = std::numeric_limits<double>::infinity();
};

}  // namespace

std::int64_t ContractPlan::parallel_pieces() const {
  if (axis_order.empty()) return 1;
  std::int64_t n = 0;
  for (const auto& s : segments[axis_order[0]]) n += s.count;
  return n;
}

ContractPlan plan_contract(const Phase& phase, const std::vector<bool>& varying, const Target& target, int outermost) {
  return Planner(phase, varying, target, outermost).run();
}

}  // namespace qiln::codegen
