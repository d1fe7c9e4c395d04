#include "compiler/codegen/space.h"

#include <algorithm>
#include <bit>
#include <cassert>
#include <numeric>

namespace qiln::codegen {
namespace {

using llvm::Value;

/// Whether axes d and d + 1 (extents a and b) act as one under these strides.
bool joins(const std::vector<std::int64_t>& strides, int d, std::int64_t a, std::int64_t b) {
  return a == 1 || b == 1 || strides[d] == strides[d + 1] * b;
}

void join(std::vector<std::int64_t>& strides, int d, std::int64_t b) {
  if (b != 1) strides[d] = strides[d + 1];
  strides.erase(strides.begin() + d + 1);
}

bool constants(Value* from, Value* to, std::int64_t& low, std::int64_t& high) {
  auto *a = llvm::dyn_cast<llvm::ConstantInt>(from), *b = llvm::dyn_cast<llvm::ConstantInt>(to);
  if (!a || !b) return false;
  low = a->getSExtValue();
  high = b->getSExtValue();
  return true;
}

}  // namespace

std::vector<kernel::Access*> accesses_of(kernel::Expression& expression) {
  std::vector<kernel::Access*> accesses;
  for (auto& instruction : expression)
    if (instruction.kind == kernel::Instruction::Kind::load || instruction.kind == kernel::Instruction::Kind::random)
      accesses.push_back(&instruction.access);
  return accesses;
}

void collapse(std::vector<std::int64_t>& extents, std::span<kernel::Access* const> accesses, int first) {
  auto for_all = [&](auto&& action) {
    for (auto* access : accesses) {
      action(access->strides);
      for (auto& guard : access->guards) action(guard.coefficients);
    }
  };
  for (int d = static_cast<int>(extents.size()) - 2; d >= 0; --d) {
    bool all = true;
    for_all([&](auto& strides) { all = all && joins(strides, first + d, extents[d], extents[d + 1]); });
    if (!all) continue;
    for_all([&](auto& strides) { join(strides, first + d, extents[d + 1]); });
    extents[d] *= extents[d + 1];
    extents.erase(extents.begin() + d + 1);
  }
  if (!extents.empty()) return;
  extents.push_back(1);
  for_all([&](auto& strides) { strides.insert(strides.begin() + first, 0); });
}

bool vectorises(const kernel::Expression& expression, int axis) {
  return std::all_of(expression.begin(), expression.end(), [&](const kernel::Instruction& instruction) {
    if (instruction.kind == kernel::Instruction::Kind::random) return false;
    if (instruction.kind != kernel::Instruction::Kind::load) return true;
    const auto& access = instruction.access;
    for (const auto& guard : access.guards)
      if (guard.coefficients[axis] != 0) return false;
    return access.strides[axis] == 0 || access.strides[axis] == 1;
  });
}

TilePlan plan_tiles(std::span<const std::int64_t> extents, std::int64_t points, std::int64_t granule) {
  TilePlan plan;
  std::int64_t inner = 1;
  plan.axis = static_cast<int>(extents.size()) - 1;
  while (plan.axis > 0 && inner * extents[plan.axis] <= points) inner *= extents[plan.axis--];
  std::int64_t extent = std::max<std::int64_t>(extents[plan.axis], 1);
  std::int64_t chunks = std::clamp<std::int64_t>((extent * inner + points - 1) / points, 1, extent);
  plan.size = (extent + chunks - 1) / chunks;
  bool last = plan.axis + 1 == static_cast<int>(extents.size());
  if (last && plan.size < extent) plan.size = (plan.size + granule - 1) / granule * granule;
  plan.chunks = (extent + plan.size - 1) / plan.size;
  plan.tiles = plan.chunks;
  for (int d = 0; d < plan.axis; ++d) plan.tiles *= extents[d];
  return plan;
}

TilePlan single_tile(std::span<const std::int64_t> extents) { return {0, std::max<std::int64_t>(extents[0], 1), 1, 1}; }

void for_rows(LaneBuilder& b, std::span<const std::int64_t> extents, const TilePlan& plan, std::int64_t granule,
              const Row& body) {
  int last = static_cast<int>(extents.size()) - 1;
  b.loop(b.begin, b.end, 1, [&](Value* tile) {
    std::vector<Coordinate> at(extents.size());
    Value* rest = tile;
    Value* chunk = rest;
    if (plan.axis > 0) {
      chunk = b.ir.CreateURem(rest, b.index(plan.chunks));
      rest = b.ir.CreateUDiv(rest, b.index(plan.chunks));
      for (int d = plan.axis - 1; d >= 0; --d) {
        at[d].base = d == 0 ? rest : b.ir.CreateURem(rest, b.index(extents[d]));
        if (d > 0) rest = b.ir.CreateUDiv(rest, b.index(extents[d]));
      }
    }
    Value *from = b.index(0), *to = b.index(extents[plan.axis]);
    if (plan.chunks > 1) {
      from = b.ir.CreateNSWMul(chunk, b.index(plan.size));
      Value* next = b.ir.CreateNSWAdd(from, b.index(plan.size));
      if (extents[plan.axis] % plan.size != 0) next = b.ir.CreateSelect(b.ir.CreateICmpSLT(next, to), next, to);
      to = next;
    }
    auto descend = [&](auto& self, int axis, Value* low, Value* high) -> void {
      if (axis == last) {
        body(at, low, high);
        return;
      }
      b.loop(low, high, 1, [&](Value* i) {
        at[axis] = {i, 0};
        self(self, axis + 1, b.index(0), b.index(extents[axis + 1]));
      });
    };
    descend(descend, plan.axis, from, to);
  });
}

void for_groups(LaneBuilder& b, Value* from, Value* to, std::int64_t step, int count, std::int64_t multiple,
                const std::function<void(std::span<const Coordinate>)>& body) {
  const std::int64_t stride = step * count;
  if (multiple % stride != 0) multiple = 1;
  auto group = [&](Coordinate first, int size) {
    std::vector<Coordinate> points;
    for (int i = 0; i < size; ++i) points.push_back(first.plus(i * step));
    body(points);
  };
  std::int64_t low = 0, high = 0;
  if (constants(from, to, low, high)) {
    const std::int64_t whole = (high - low) / stride, rest = (high - low) % stride / step;
    const std::int64_t end = low + whole * stride;
    if (whole == 1)
      group({nullptr, low}, count);
    else if (whole > 1)
      b.loop(from, b.index(end), stride, [&](Value* i) { group({i, 0, low % stride == 0 ? stride : 1}, count); });
    if (rest > 0) group({nullptr, end}, static_cast<int>(rest));
    return;
  }
  Value* end = from;
  if (count > 1) {
    Value* distance = b.ir.CreateSub(to, from);
    end = b.ir.CreateAdd(from, b.ir.CreateSub(distance, b.ir.CreateSRem(distance, b.index(stride))));
    b.loop(from, end, stride, [&](Value* i) { group({i, 0, multiple > 1 ? stride : 1}, count); });
  }
  b.loop(end, to, step, [&](Value* i) { group({i, 0}, 1); });
}

namespace {

/// Whether a store writes the elements of the two points side by side.
bool side_by_side(const kernel::Store& store, const std::vector<Coordinate>& first,
                  const std::vector<Coordinate>& second) {
  std::int64_t distance = 0;
  for (std::size_t d = 0; d < store.access.strides.size(); ++d) {
    if (store.access.strides[d] != 0 && first[d].base != second[d].base) return false;
    distance += store.access.strides[d] * (second[d].offset - first[d].offset);
  }
  return distance == 1;
}

/// Adds entries `first` .. `last` - 1 of a vector of sums where the points lie, in runs of neighbours.
void add_sums(LaneBuilder& b, const kernel::Store& store, Value* sums,
              std::span<const std::vector<Coordinate>> points) {
  for (std::size_t first = 0; first < points.size();) {
    std::size_t last = first + 1;
    while (last < points.size() && side_by_side(store, points[last - 1], points[last])) ++last;
    Value* address = b.address(store.access, points[first]);
    if (last == first + 1) {
      b.add_to(address, b.ir.CreateExtractElement(sums, first));
    } else {
      std::vector<int> entries(last - first);
      std::iota(entries.begin(), entries.end(), static_cast<int>(first));
      b.add_to(address, b.ir.CreateShuffleVector(sums, entries));
    }
    first = last;
  }
}

}  // namespace

void store_points(LaneBuilder& b, const kernel::Store& store, std::span<Value* const> values,
                  std::span<const std::vector<Coordinate>> points) {
  if (!store.batch_sum || values.size() == 1) {
    for (std::size_t i = 0; i < values.size(); ++i) b.store(store, values[i], points[i]);
    return;
  }
  const auto together = static_cast<std::size_t>(b.target.lanes);
  for (std::size_t first = 0; first < values.size(); first += together) {
    const std::size_t count = std::min(together, values.size() - first);
    std::vector<Value*> masked(std::bit_ceil(count), b.splat(0));
    for (std::size_t i = 0; i < count; ++i) masked[i] = b.ir.CreateSelect(b.mask(), values[first + i], b.splat(0));
    if (count == 1)
      b.add_to(b.address(store.access, points[first]), b.lane_sum(masked[0]));
    else
      add_sums(b, store, b.lane_sums(masked), points.subspan(first, count));
  }
}

bool sums_are_disjoint(std::span<const kernel::Store> stores, std::span<const std::int64_t> extents) {
  for (const auto& store : stores) {
    if (!store.batch_sum) continue;
    for (std::size_t d = 0; d < extents.size(); ++d)
      if (extents[d] > 1 && store.access.strides[d] == 0) return false;
  }
  return true;
}

}  // namespace qiln::codegen
