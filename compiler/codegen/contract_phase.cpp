#include "compiler/codegen/contract_phase.h"

#include <algorithm>
#include <map>

#include "compiler/codegen/contract_plan.h"

namespace qiln::codegen {

using kernel::Phase;
using llvm::Value;

class PhaseEmitter::Tiling {
 public:
  Tiling(LaneBuilder& builder, const Phase& phase, int outermost)
      : b_(builder),
        phase_(phase),
        plan_(plan_contract(phase, lanes_of(builder, phase), builder.target, outermost)),
        axes_(static_cast<int>(phase.extents.size())),
        sums_(static_cast<int>(phase.reduction.size())) {}

  std::int64_t tiles() const { return plan_.parallel_pieces(); }
  int outermost() const { return plan_.axis_order.empty() ? -1 : plan_.axis_order[0]; }

  void emit(Value* begin, Value* end, const Before& before, const After& after) {
    before_ = &before;
    after_ = &after;
    at_.assign(axes_ + sums_, Coordinate{});
    size_.assign(axes_, 1);
    if (axes_ == 0) {
      b_.when(b_.ir.CreateICmpSLT(begin, end), [&] { tile(); });
      return;
    }
    int axis = plan_.axis_order[0];
    std::int64_t first = 0;
    for (const Segment& s : plan_.segments[axis]) {
      Value* low = maximum(b_.ir.CreateSub(begin, b_.index(first)), b_.index(0));
      Value* high = minimum(b_.ir.CreateSub(end, b_.index(first)), b_.index(s.count));
      if (s.looped)
        b_.loop(low, high, 1, [&](Value* p) { piece(0, s, Coordinate{scaled(p, s.size), s.begin}); });
      else
        b_.when(b_.ir.CreateICmpSLT(low, high), [&] { piece(0, s, Coordinate{nullptr, s.begin}); });
      first += s.count;
    }
  }

 private:
  static std::vector<bool> lanes_of(const LaneBuilder& builder, const Phase& phase) {
    std::vector<bool> varying;
    for (const auto& factor : phase.factors) varying.push_back(builder.varying(factor.argument));
    return varying;
  }
  Value* maximum(Value* a, Value* c) { return b_.ir.CreateSelect(b_.ir.CreateICmpSGT(a, c), a, c); }
  Value* minimum(Value* a, Value* c) { return b_.ir.CreateSelect(b_.ir.CreateICmpSLT(a, c), a, c); }
  Value* scaled(Value* v, std::int64_t by) { return by == 1 ? v : b_.ir.CreateMul(v, b_.index(by)); }
  bool varying(const kernel::Access& access) const { return b_.varying(access.argument); }
  std::int64_t floats(const kernel::Access& access) const { return varying(access) ? b_.target.lanes : 1; }

  void piece(int position, const Segment& segment, Coordinate at) {
    int axis = plan_.axis_order[position];
    at_[axis] = at;
    size_[axis] = segment.size;
    if (position + 1 == axes_) return tile();
    for (const Segment& s : plan_.segments[plan_.axis_order[position + 1]]) {
      if (s.looped && s.count > 1)
        b_.loop(b_.index(0), b_.index(s.count), 1, [&](Value* p) {
          piece(position + 1, s, Coordinate{scaled(p, s.size), s.begin});
        });
      else
        for (std::int64_t p = 0; p < s.count; ++p) piece(position + 1, s, Coordinate{nullptr, s.begin + p * s.size});
    }
  }

  /// One register tile: sum, epilogue, stores.
  void tile() {
    members_.clear();
    std::vector<std::int64_t> member(axes_, 0);
    each_member(0, member);
    pointers_.clear();
    for (const auto& factor : phase_.factors) {
      Value* pointer = b_.argument(factor.argument);
      std::int64_t offset = factor.offset;
      Value* moving = nullptr;
      for (int d = 0; d < axes_; ++d) {
        offset += factor.strides[d] * at_[d].offset;
        if (at_[d].base && factor.strides[d] != 0) {
          Value* term = scaled(at_[d].base, factor.strides[d] * floats(factor));
          moving = moving ? b_.ir.CreateAdd(moving, term) : term;
        }
      }
      pointers_.push_back(
          advanced(moving ? b_.ir.CreateGEP(b_.f32, pointer, moving) : pointer, offset * floats(factor)));
    }
    std::vector<std::vector<Coordinate>> points;
    for (const auto& at : members_) {
      points.emplace_back();
      for (int d = 0; d < axes_; ++d) points.back().push_back(at_[d].plus(at[d]));
    }
    (*before_)(points);
    std::vector<Value*> sums(members_.size(), b_.splat(0));
    sums = sum_over(0, std::move(sums));
    (*after_)(sums, points);
  }

  void each_member(int axis, std::vector<std::int64_t>& member) {
    if (axis == axes_) {
      members_.push_back(member);
      return;
    }
    for (member[axis] = 0; member[axis] < size_[axis]; ++member[axis]) each_member(axis + 1, member);
    member[axis] = 0;
  }

  Value* advanced(Value* pointer, std::int64_t by) {
    return by == 0 ? pointer : b_.ir.CreateConstGEP1_64(b_.f32, pointer, by);
  }

  std::vector<Value*> sum_over(int position, std::vector<Value*> sums) {
    if (position == sums_) return multiply_add(std::move(sums));
    int k = plan_.sum_order[position];
    std::int64_t extent = phase_.reduction[k];
    if (extent == 0) return sums;
    if (plan_.sum_kind[k] == SumKind::unrolled || extent == 1) return fixed_range(position, 0, extent, std::move(sums));
    if (plan_.sum_kind[k] == SumKind::peeled) {
      auto [low, high] = uncut_range(k);
      sums = fixed_range(position, 0, low, std::move(sums));
      sums = run_range(position, b_.index(low), b_.index(high), std::move(sums));
      return fixed_range(position, high, extent, std::move(sums));
    }
    auto [low, high] = limits(k);
    return run_range(position, low, high, std::move(sums));
  }

  std::vector<Value*> fixed_range(int position, std::int64_t low, std::int64_t high, std::vector<Value*> sums) {
    int k = plan_.sum_order[position];
    for (std::int64_t value = low; value < high; ++value) {
      auto saved = pointers_;
      for (std::size_t f = 0; f < phase_.factors.size(); ++f)
        pointers_[f] = advanced(pointers_[f], value * phase_.factors[f].strides[axes_ + k] * floats(phase_.factors[f]));
      at_[axes_ + k] = {nullptr, value};
      // An index of one value may still be guarded: then its limits make a loop of at most one round.
      if (bounded(k)) {
        auto [low_limit, high_limit] = limits(k);
        sums = b_.loop(low_limit, high_limit, 1, sums, [&](Value*, std::span<Value* const> carried) {
          return sum_over(position + 1, {carried.begin(), carried.end()});
        });
      } else {
        sums = sum_over(position + 1, std::move(sums));
      }
      pointers_ = saved;
    }
    return sums;
  }

  bool bounded(int k) const {
    return std::any_of(plan_.guards.begin(), plan_.guards.end(),
                       [&](const auto& g) { return g.kind == GuardKind::bounds && g.reduction == k; });
  }

  std::vector<Value*> run_range(int position, Value* low, Value* high, std::vector<Value*> sums) {
    int k = plan_.sum_order[position];
    const std::int64_t together = rounds_together(position, low, high);
    return b_.loop(low, high, together, std::move(sums), [&](Value* index, std::span<Value* const> carried) {
      auto saved = pointers_;
      for (std::size_t f = 0; f < phase_.factors.size(); ++f) {
        std::int64_t stride = phase_.factors[f].strides[axes_ + k] * floats(phase_.factors[f]);
        if (stride != 0) pointers_[f] = b_.ir.CreateGEP(b_.f32, pointers_[f], scaled(index, stride));
      }
      auto first = pointers_;
      std::vector<Value*> next(carried.begin(), carried.end());
      for (std::int64_t round = 0; round < together; ++round) {
        for (std::size_t f = 0; f < phase_.factors.size(); ++f)
          pointers_[f] = advanced(first[f], round * phase_.factors[f].strides[axes_ + k] * floats(phase_.factors[f]));
        at_[axes_ + k] = {index, round};
        next = sum_over(position + 1, std::move(next));
      }
      pointers_ = saved;
      return next;
    });
  }

  /// Rounds of a loop of the sum to emit in one: with few multiply-adds a round, counting and addressing would take
  /// more issue slots than they leave.
  std::int64_t rounds_together(int position, Value* low, Value* high) const {
    constexpr std::int64_t enough = 40, most = 8;
    const auto *first = llvm::dyn_cast<llvm::ConstantInt>(low), *last = llvm::dyn_cast<llvm::ConstantInt>(high);
    if (!first || !last) return 1;
    auto work = static_cast<std::int64_t>(members_.size());
    for (int later = position + 1; later < sums_; ++later) {
      const int k = plan_.sum_order[later];
      if (phase_.reduction[k] > 1 && (plan_.sum_kind[k] != SumKind::unrolled || bounded(k))) return 1;
      work *= phase_.reduction[k];
    }
    const std::int64_t rounds = last->getSExtValue() - first->getSExtValue();
    std::int64_t best = 1;
    for (std::int64_t together = 2; together <= most && (together - 1) * work < enough; ++together)
      if (rounds % together == 0) best = together;
    return best;
  }

  /// The values of index k at which no fixed guard cuts any point of the tile.
  std::pair<std::int64_t, std::int64_t> uncut_range(int k) const {
    std::int64_t low = 0, high = phase_.reduction[k];
    auto cut = [&](std::int64_t value) {
      for (const auto& g : plan_.guards) {
        if (g.kind != GuardKind::fixed || g.reduction != k) continue;
        for (std::int64_t j : {at_[g.axis].offset, at_[g.axis].offset + size_[g.axis] - 1}) {
          std::int64_t x = g.guard.offset + g.guard.coefficients[g.axis] * j + g.guard.coefficients[axes_ + k] * value;
          if (x < 0 || x >= g.guard.extent) return true;
        }
      }
      return false;
    };
    while (low < high && cut(low)) ++low;
    while (high > low && cut(high - 1)) --high;
    return {low, high};
  }

  /// The limits that the guards on index k alone leave its loop, at the current output point.
  std::pair<Value*, Value*> limits(int k) {
    Value *low = b_.index(0), *high = b_.index(phase_.reduction[k]), *zero = b_.index(0);
    for (const auto& g : plan_.guards) {
      if (g.kind != GuardKind::bounds || g.reduction != k) continue;
      Value* rest = b_.index(g.guard.offset);
      for (int d = 0; d < axes_; ++d)
        if (g.guard.coefficients[d] != 0)
          rest = b_.ir.CreateAdd(rest, scaled(b_.value(at_[d]), g.guard.coefficients[d]));
      std::int64_t c = g.guard.coefficients[axes_ + k], m = std::abs(c);
      auto over = [&](Value* v) { return m == 1 ? maximum(v, zero) : b_.ir.CreateUDiv(maximum(v, zero), b_.index(m)); };
      Value* extent = b_.index(g.guard.extent);
      // c > 0: ceil(-rest / c) <= k < ceil((extent - rest) / c); c < 0: floor((rest - extent) / m) < k <= floor(rest /
      // m).
      Value* from = c > 0 ? over(b_.ir.CreateSub(b_.index(m - 1), rest))
                          : over(b_.ir.CreateAdd(b_.ir.CreateSub(rest, extent), b_.index(m)));
      Value* to = c > 0 ? over(b_.ir.CreateAdd(b_.ir.CreateSub(extent, rest), b_.index(m - 1)))
                        : over(b_.ir.CreateAdd(rest, b_.index(m)));
      low = maximum(low, from);
      high = minimum(high, to);
    }
    return {low, high};
  }

  /// False where a fixed guard drops the member; coordinates that run in a loop have been freed of cuts.
  bool kept(const std::vector<std::int64_t>& member) const {
    for (const auto& g : plan_.guards) {
      if (g.kind != GuardKind::fixed || at_[g.axis].base) continue;
      std::int64_t x = g.guard.offset + g.guard.coefficients[g.axis] * (at_[g.axis].offset + member[g.axis]);
      if (g.reduction >= 0) {
        const Coordinate& k = at_[axes_ + g.reduction];
        if (k.base) continue;
        x += g.guard.coefficients[axes_ + g.reduction] * k.offset;
      }
      if (x < 0 || x >= g.guard.extent) return false;
    }
    return true;
  }

  /// i1 that all run-time guards hold for the member; null if there are none.
  Value* tested(const std::vector<std::int64_t>& member) {
    Value* all = nullptr;
    for (const auto& g : plan_.guards) {
      if (g.kind != GuardKind::runtime) continue;
      Value* x = b_.index(g.guard.offset);
      for (int v = 0; v < axes_ + sums_; ++v) {
        if (g.guard.coefficients[v] == 0) continue;
        Coordinate c = v < axes_ ? at_[v].plus(member[v]) : at_[v];
        x = b_.ir.CreateAdd(x, scaled(b_.value(c), g.guard.coefficients[v]));
      }
      Value* holds = b_.ir.CreateICmpULT(x, b_.index(g.guard.extent));
      all = all ? b_.ir.CreateAnd(all, holds) : holds;
    }
    return all;
  }

  /// One step of the sum for every member of the tile.
  std::vector<Value*> multiply_add(std::vector<Value*> sums) {
    std::vector<std::map<std::int64_t, Value*>> loaded(phase_.factors.size());
    for (std::size_t m = 0; m < members_.size(); ++m) {
      if (!kept(members_[m])) continue;
      if (Value* holds = tested(members_[m])) {
        // Out of bounds nothing may be read: the step is a branch of its own.
        auto taken =
            b_.loop(b_.index(0), b_.ir.CreateZExt(holds, b_.i64), 1, {sums[m]}, [&](Value*, std::span<Value* const> c) {
              std::vector<std::map<std::int64_t, Value*>> fresh(phase_.factors.size());
              return std::vector<Value*>{step(m, c[0], fresh)};
            });
        sums[m] = taken[0];
      } else {
        sums[m] = step(m, sums[m], loaded);
      }
    }
    return sums;
  }

  Value* step(std::size_t m, Value* sum, std::vector<std::map<std::int64_t, Value*>>& loaded) {
    std::vector<Value*> values;
    for (std::size_t f = 0; f < phase_.factors.size(); ++f) {
      const auto& factor = phase_.factors[f];
      std::int64_t offset = 0;
      for (int d = 0; d < axes_; ++d) offset += factor.strides[d] * members_[m][d];
      Value*& value = loaded[f][offset];
      if (!value) {
        Value* address = advanced(pointers_[f], offset * floats(factor));
        value = varying(factor) ? b_.load_vector(address) : b_.load_broadcast(address);
        // Loaded where it is used: kept in a register from one tap to the next it would push out an accumulator.
        if (auto* load = llvm::dyn_cast<llvm::LoadInst>(value)) load->setVolatile(true);
      }
      values.push_back(value);
    }
    while (values.size() > 2) {
      values[1] = b_.ir.CreateFMul(values[1], values.back());
      values.pop_back();
    }
    return values.size() == 1 ? b_.ir.CreateFAdd(sum, values[0]) : b_.fma(values[0], values[1], sum);
  }

  LaneBuilder& b_;
  const Phase& phase_;
  ContractPlan plan_;
  int axes_, sums_;
  const Before* before_ = nullptr;
  const After* after_ = nullptr;
  std::vector<Coordinate> at_;      // first point of the tile, then the indices of the sum
  std::vector<std::int64_t> size_;  // of the tile at hand
  std::vector<std::vector<std::int64_t>> members_;
  std::vector<Value*> pointers_;  // of each factor, at member 0 and the current indices of the sum
};

PhaseEmitter::PhaseEmitter(LaneBuilder& builder, const Phase& phase, int outermost)
    : tiling_(std::make_unique<Tiling>(builder, phase, outermost)) {}
PhaseEmitter::PhaseEmitter(PhaseEmitter&&) noexcept = default;
PhaseEmitter::~PhaseEmitter() = default;

std::int64_t PhaseEmitter::tiles() const { return tiling_->tiles(); }
int PhaseEmitter::outermost() const { return tiling_->outermost(); }

void PhaseEmitter::emit(Value* begin, Value* end, const Before& before, const After& after) {
  tiling_->emit(begin, end, before, after);
}

}  // namespace qiln::codegen
