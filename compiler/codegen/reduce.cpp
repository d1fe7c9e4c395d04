#include "compiler/codegen/reduce.h"

#include <algorithm>
#include <limits>

#include "compiler/codegen/pointwise.h"
#include "compiler/codegen/space.h"

namespace qiln::codegen {
namespace {

using llvm::Value;

constexpr std::int64_t points_per_tile = 4096;  // of the whole iteration space
constexpr int chains = 4;                       // independent accumulators: the latency of an addition

class ReduceEmitter {
 public:
  explicit ReduceEmitter(LaneBuilder& builder)
      : b_(builder),
        space_(builder.nest.space),
        reduction_(builder.nest.reduction),
        prologue_(builder.nest.prologue),
        epilogue_(builder.nest.epilogue),
        stores_(builder.nest.stores),
        terms_at_{0, std::vector<std::int64_t>(space_.size() + reduction_.size(), 0), 0, builder.nest.guards} {
    auto inner = accesses_of(prologue_), all = accesses_of(epilogue_);
    inner.push_back(&terms_at_);
    all.insert(all.end(), inner.begin(), inner.end());
    for (auto& store : stores_) all.push_back(&store.access);
    collapse(space_, all);
    collapse(reduction_, inner, static_cast<int>(space_.size()));
  }

  std::int64_t emit() {
    std::int64_t length = 1;
    for (auto extent : reduction_) length *= extent;
    for (auto extent : space_)
      if (extent == 0) return 0;
    choose_vectors();
    const std::int64_t points = std::max<std::int64_t>(1, points_per_tile / std::max<std::int64_t>(length, 1));
    const TilePlan plan =
        sums_are_disjoint(stores_, space_) ? plan_tiles(space_, points, outputs_) : single_tile(space_);
    for_rows(b_, space_, plan, outputs_, [&](std::vector<Coordinate>& at, Value* from, Value* to) {
      if (outputs_ > 1) {
        Value* distance = b_.ir.CreateSub(to, from);
        Value* whole = b_.ir.CreateSub(to, b_.ir.CreateSRem(distance, b_.index(outputs_)));
        b_.set_width(outputs_, static_cast<int>(space_.size()) - 1);
        b_.loop(from, whole, outputs_, [&](Value* i) { output(at, i); });
        b_.set_width(1);
        from = whole;
      }
      b_.loop(from, to, 1, [&](Value* i) { output(at, i); });
    });
    return plan.tiles;
  }

 private:
  bool sums() const { return b_.nest.combiner == Primitive::reduce_sum; }
  Value* identity() { return b_.splat(sums() ? 0.0 : -std::numeric_limits<double>::infinity()); }
  Value* combined(Value* a, Value* c) {
    return sums() ? b_.ir.CreateFAdd(a, c) : b_.ir.CreateSelect(b_.ir.CreateFCmpOGT(a, c), a, c);
  }

  /// In a uniform nest vectors run along the last index summed over, or else along the last axis of the outputs.
  void choose_vectors() {
    if (b_.nest.varying) return;
    const int width = b_.target.lanes;
    const auto inner = static_cast<int>(space_.size() + reduction_.size()) - 1;
    const auto guarded = [&](int axis) {
      return std::any_of(terms_at_.guards.begin(), terms_at_.guards.end(),
                         [&](const kernel::Guard& guard) { return guard.coefficients[axis] != 0; });
    };
    if (reduction_.back() >= width && vectorises(prologue_, inner) && !guarded(inner)) {
      terms_ = width;
      return;
    }
    const auto outer = static_cast<int>(space_.size()) - 1;
    bool fits =
        space_.back() >= width && vectorises(prologue_, outer) && vectorises(epilogue_, outer) && !guarded(outer);
    for (const auto& store : stores_) fits = fits && store.access.strides[outer] == 1;
    if (fits) outputs_ = width;
  }

  void output(const std::vector<Coordinate>& row, Value* last) {
    std::vector<Coordinate> point = row;
    point.back() = {last, 0};
    const std::vector<Coordinate> at = point;
    point.resize(space_.size() + reduction_.size());
    if (terms_ > 1) b_.set_width(terms_, static_cast<int>(point.size()) - 1);
    std::vector<Value*> accumulators(chains, identity());
    if (terms_ > 1) {
      b_.set_width(1);
      accumulators.push_back(identity());  // of what does not fill a vector
    }
    accumulators = reduced(point, 0, std::move(accumulators));
    for (int size = chains / 2; size > 0; size /= 2)
      for (int c = 0; c < size; ++c) accumulators[c] = combined(accumulators[c], accumulators[c + size]);
    Value* result = accumulators[0];
    if (terms_ > 1) result = combined(folded(result), accumulators.back());
    const auto values = emit_expression(b_, epilogue_, at, result);
    for (const auto& store : stores_) b_.store(store, values[store.value], at);
  }

  /// All elements of a vector, halves first.
  Value* folded(Value* vector) {
    for (int half = terms_ / 2; half > 0; half /= 2) {
      std::vector<int> low(half), high(half);
      for (int i = 0; i < half; ++i) low[i] = i, high[i] = half + i;
      vector = combined(b_.ir.CreateShuffleVector(vector, low), b_.ir.CreateShuffleVector(vector, high));
    }
    return b_.ir.CreateExtractElement(vector, std::uint64_t{0});
  }

  std::vector<Value*> reduced(std::vector<Coordinate>& point, std::size_t axis, std::vector<Value*> accumulators) {
    if (axis + 1 == reduction_.size()) return innermost(point, std::move(accumulators));
    return b_.loop(b_.index(0), b_.index(reduction_[axis]), 1, std::move(accumulators),
                   [&](Value* i, std::span<Value* const> carried) {
                     point[space_.size() + axis] = {i, 0};
                     return reduced(point, axis + 1, {carried.begin(), carried.end()});
                   });
  }

  /// What the term at a point adds: nothing where it does not count.
  Value* term(std::span<const Coordinate> point) {
    Value* counts = b_.in_bounds(terms_at_, point);
    Value* value = emit_expression(b_, prologue_, point, nullptr).back();
    return counts ? b_.ir.CreateSelect(counts, value, identity()) : value;
  }

  std::vector<Value*> innermost(std::vector<Coordinate>& point, std::vector<Value*> accumulators) {
    const int axis = static_cast<int>(point.size()) - 1;
    const std::int64_t extent = reduction_.back(), step = std::int64_t{chains} * terms_, whole = extent / step * step;
    auto group = [&](Coordinate first, std::int64_t count, std::vector<Value*> into) {
      for (std::int64_t c = 0; c < count; ++c) {
        point.back() = first.plus(c * terms_);
        into[c] = combined(into[c], term(point));
      }
      return into;
    };
    if (terms_ > 1) b_.set_width(terms_, axis);
    if (whole == step)
      accumulators = group({nullptr, 0}, chains, std::move(accumulators));
    else
      accumulators = b_.loop(b_.index(0), b_.index(whole), step, std::move(accumulators),
                             [&](Value* i, std::span<Value* const> carried) {
                               return group({i, 0, step}, chains, {carried.begin(), carried.end()});
                             });
    accumulators = group({nullptr, whole}, (extent - whole) / terms_, std::move(accumulators));
    if (terms_ > 1) {
      b_.set_width(1);
      for (std::int64_t k = extent / terms_ * terms_; k < extent; ++k) {
        point.back() = {nullptr, k};
        accumulators.back() = combined(accumulators.back(), term(point));
      }
    }
    return accumulators;
  }

  LaneBuilder& b_;
  std::vector<std::int64_t> space_, reduction_;
  kernel::Expression prologue_, epilogue_;
  std::vector<kernel::Store> stores_;
  kernel::Access terms_at_;      // its guards say which terms count
  int terms_ = 1, outputs_ = 1;  // terms and outputs in a vector of a uniform nest
};

}  // namespace

std::int64_t emit_reduce(LaneBuilder& builder) { return ReduceEmitter(builder).emit(); }

}  // namespace qiln::codegen
