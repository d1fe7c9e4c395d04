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
        stores_(builder.nest.stores) {
    auto inner = accesses_of(prologue_), all = accesses_of(epilogue_);
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
    const TilePlan plan =
        sums_are_disjoint(stores_, space_)
            ? plan_tiles(space_, std::max<std::int64_t>(1, points_per_tile / std::max<std::int64_t>(length, 1)), 1)
            : single_tile(space_);
    for_rows(b_, space_, plan, 1, [&](std::vector<Coordinate>& at, Value* from, Value* to) {
      b_.loop(from, to, 1, [&](Value* i) {
        at.back() = {i, 0};
        output(at);
      });
    });
    return plan.tiles;
  }

 private:
  bool sums() const { return b_.nest.combiner == Primitive::reduce_sum; }
  Value* identity() { return b_.splat(sums() ? 0.0 : -std::numeric_limits<double>::infinity()); }
  Value* combined(Value* a, Value* c) {
    return sums() ? b_.ir.CreateFAdd(a, c) : b_.ir.CreateSelect(b_.ir.CreateFCmpOGT(a, c), a, c);
  }

  void output(const std::vector<Coordinate>& at) {
    std::vector<Coordinate> point = at;
    point.resize(at.size() + reduction_.size());
    std::vector<Value*> accumulators = reduced(point, 0, std::vector<Value*>(chains, identity()));
    for (int size = chains / 2; size > 0; size /= 2)
      for (int c = 0; c < size; ++c) accumulators[c] = combined(accumulators[c], accumulators[c + size]);
    const auto values = emit_expression(b_, epilogue_, at, accumulators[0]);
    for (const auto& store : stores_) b_.store(store, values[store.value], at);
  }

  std::vector<Value*> reduced(std::vector<Coordinate>& point, std::size_t axis, std::vector<Value*> accumulators) {
    const std::size_t position = space_.size() + axis;
    const std::int64_t extent = reduction_[axis];
    if (axis + 1 < reduction_.size())
      return b_.loop(b_.index(0), b_.index(extent), 1, std::move(accumulators),
                     [&](Value* i, std::span<Value* const> carried) {
                       point[position] = {i, 0};
                       return reduced(point, axis + 1, {carried.begin(), carried.end()});
                     });
    const std::int64_t whole = extent / chains * chains;
    auto group = [&](Coordinate first, std::int64_t count, std::vector<Value*> into) {
      for (std::int64_t c = 0; c < count; ++c) {
        point[position] = first.plus(c);
        into[c] = combined(into[c], emit_expression(b_, prologue_, point, nullptr).back());
      }
      return into;
    };
    if (whole == chains)
      accumulators = group({nullptr, 0}, chains, std::move(accumulators));
    else
      accumulators = b_.loop(b_.index(0), b_.index(whole), chains, std::move(accumulators),
                             [&](Value* i, std::span<Value* const> carried) {
                               return group({i, 0, chains}, chains, {carried.begin(), carried.end()});
                             });
    return group({nullptr, whole}, extent - whole, std::move(accumulators));
  }

  LaneBuilder& b_;
  std::vector<std::int64_t> space_, reduction_;
  kernel::Expression prologue_, epilogue_;
  std::vector<kernel::Store> stores_;
};

}  // namespace

std::int64_t emit_reduce(LaneBuilder& builder) { return ReduceEmitter(builder).emit(); }

}  // namespace qiln::codegen
