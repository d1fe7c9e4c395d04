#include "compiler/codegen/pointwise.h"

#include <algorithm>
#include <cassert>

#include "compiler/codegen/random.h"
#include "compiler/codegen/space.h"
#include "compiler/codegen/vector_math.h"

namespace qiln::codegen {
namespace {

using kernel::Instruction;
using llvm::Value;

constexpr std::int64_t varying_points = 1024, uniform_points = 8192;  // a tile

/// The nest over collapsed axes.
struct Pointwise {
  std::vector<std::int64_t> extents;
  kernel::Expression epilogue;
  std::vector<kernel::Store> stores;

  explicit Pointwise(const kernel::Nest& nest) : extents(nest.space), epilogue(nest.epilogue), stores(nest.stores) {
    auto accesses = accesses_of(epilogue);
    for (auto& store : stores) accesses.push_back(&store.access);
    collapse(extents, accesses);
  }

  bool has_random() const {
    return std::any_of(epilogue.begin(), epilogue.end(),
                       [](const auto& i) { return i.kind == Instruction::Kind::random; });
  }

  /// Long expressions fill the pipeline by themselves.
  int unroll() const { return has_random() || epilogue.size() <= 32 ? 4 : epilogue.size() <= 96 ? 2 : 1; }

  /// Whether neighbours along the last axis can be one vector of a uniform nest.
  bool vectorises() const {
    const int last = static_cast<int>(extents.size()) - 1;
    return codegen::vectorises(epilogue, last) &&
           std::all_of(stores.begin(), stores.end(), [&](const auto& s) { return s.access.strides[last] == 1; });
  }
};

class PointwiseEmitter {
 public:
  explicit PointwiseEmitter(LaneBuilder& builder) : b_(builder), work_(builder.nest) {}

  std::int64_t emit() {
    const auto& extents = work_.extents;
    for (auto extent : extents)
      if (extent == 0) return 0;
    const bool vectors = !b_.nest.varying && extents.back() >= b_.target.lanes && work_.vectorises();
    const int width = vectors ? b_.target.lanes : 1;
    const std::int64_t granule = std::int64_t{4} * width;
    const TilePlan plan = sums_are_disjoint(work_.stores, extents)
                              ? plan_tiles(extents, b_.nest.varying ? varying_points : uniform_points, granule)
                              : single_tile(extents);
    for_rows(b_, extents, plan, granule, [&](std::vector<Coordinate>& at, Value* from, Value* to) {
      Value* rest = from;
      if (vectors) {
        Value* distance = b_.ir.CreateSub(to, from);
        rest = b_.ir.CreateAdd(from, b_.ir.CreateSub(distance, b_.ir.CreateSRem(distance, b_.index(width))));
        b_.set_width(width, static_cast<int>(extents.size()) - 1);
        run(at, from, rest, width, work_.unroll());
        b_.set_width(1);
      }
      run(at, rest, to, 1, vectors ? 1 : work_.unroll());
    });
    return plan.tiles;
  }

 private:
  void run(std::vector<Coordinate>& at, Value* from, Value* to, int step, int unroll) {
    for_groups(b_, from, to, step, unroll, std::int64_t{4} * step, [&](std::span<const Coordinate> group) {
      std::vector<std::vector<Coordinate>> points;
      std::vector<std::vector<Value*>> values;
      for (const Coordinate& last : group) {
        at.back() = last;
        points.push_back(at);
        values.push_back(emit_expression(b_, work_.epilogue, at, nullptr));
      }
      for (const auto& store : work_.stores) {
        std::vector<Value*> stored;
        for (const auto& v : values) stored.push_back(v[store.value]);
        store_points(b_, store, stored, points);
      }
    });
  }

  LaneBuilder& b_;
  Pointwise work_;
};

}  // namespace

std::vector<Value*> emit_expression(LaneBuilder& builder, const kernel::Expression& expression,
                                    std::span<const Coordinate> at, Value* accumulator) {
  std::vector<Value*> values;
  values.reserve(expression.size());
  for (const auto& instruction : expression) {
    switch (instruction.kind) {
      case Instruction::Kind::load:
        values.push_back(builder.load(instruction.access, at));
        break;
      case Instruction::Kind::constant:
        values.push_back(builder.splat(instruction.value));
        break;
      case Instruction::Kind::random:
        values.push_back(emit_random(builder, instruction, at));
        break;
      case Instruction::Kind::accumulator:
        assert(accumulator && "only a reduction or contraction has an accumulator");
        values.push_back(accumulator);
        break;
      case Instruction::Kind::compute: {
        std::array<Value*, 3> operands{};
        std::size_t count = 0;
        while (count < 3 && instruction.operands[count] >= 0) {
          operands[count] = values[instruction.operands[count]];
          ++count;
        }
        values.push_back(emit_primitive(builder, instruction.op, std::span(operands).first(count)));
        break;
      }
    }
  }
  return values;
}

std::int64_t emit_pointwise(LaneBuilder& builder) { return PointwiseEmitter(builder).emit(); }

}  // namespace qiln::codegen
