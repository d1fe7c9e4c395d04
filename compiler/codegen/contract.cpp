#include "compiler/codegen/contract.h"

#include <algorithm>
#include <optional>
#include <set>

#include "compiler/codegen/contract_phase.h"
#include "compiler/codegen/pointwise.h"
#include "compiler/codegen/space.h"
#include "compiler/codegen/winograd.h"

namespace qiln::codegen {
namespace {

using kernel::Phase;
using llvm::Value;

/// One request a cache line that the points of a tile touch.
void prefetch(LaneBuilder& b, const kernel::Access& access, bool written,
              std::span<const std::vector<Coordinate>> points) {
  constexpr std::int64_t line = 16;
  const std::int64_t floats = b.varying(access.argument) ? b.target.lanes : 1;
  if (floats == 1 && !written) return;
  std::set<std::int64_t> lines;
  for (const auto& point : points) {
    std::int64_t offset = 0;
    for (std::size_t d = 0; d < point.size(); ++d)
      offset += access.strides[d] * (point[d].offset - points[0][d].offset);
    if (!lines.insert(offset * floats / line).second) continue;
    Value* address = b.address(access, point);
    b.ir.CreateIntrinsic(llvm::Intrinsic::prefetch, {address->getType()},
                         {address, b.ir.getInt32(written), b.ir.getInt32(3), b.ir.getInt32(1)});
  }
}

/// What the epilogue reads and writes lies beyond the caches as often as not, and no processor looks past a whole sum
/// for it: it is sent for while the sum runs.
void prefetch_epilogue(LaneBuilder& b, std::int64_t multiply_adds, std::span<const std::vector<Coordinate>> points) {
  constexpr std::int64_t enough = 200;  // multiply-adds, some hundred cycles
  if (multiply_adds < enough) return;
  for (const auto& i : b.nest.epilogue)
    if (i.kind == kernel::Instruction::Kind::load && i.access.guards.empty()) prefetch(b, i.access, false, points);
  for (const auto& store : b.nest.stores) prefetch(b, store.access, true, points);
}

/// The tiles of one phase of the nest, with its epilogue.
class PhaseTiles {
 public:
  PhaseTiles(LaneBuilder& builder, const Phase& phase, int outermost = -1)
      : phase_(phase), emitter_(builder, phase, outermost), b_(builder) {}
  std::int64_t tiles() const { return emitter_.tiles(); }
  int outermost() const { return emitter_.outermost(); }

  void emit(Value* begin, Value* end) {
    emitter_.emit(
        begin, end,
        [&](std::span<const std::vector<Coordinate>> members) {
          prefetch_epilogue(b_, graph::element_count(phase_.reduction) * static_cast<std::int64_t>(members.size()),
                            points(members));
        },
        [&](std::span<Value* const> sums, std::span<const std::vector<Coordinate>> members) {
          emit_epilogue(b_, sums, points(members));
        });
  }

 private:
  /// Members of a tile among the nest's output coordinates.
  std::vector<std::vector<Coordinate>> points(std::span<const std::vector<Coordinate>> members) {
    std::vector<std::vector<Coordinate>> points(members.begin(), members.end());
    for (auto& point : points)
      for (std::size_t d = 0; d < point.size(); ++d) {
        const std::int64_t step = phase_.step[d];
        if (point[d].base && step != 1) point[d].base = b_.ir.CreateMul(point[d].base, b_.index(step));
        point[d].offset = phase_.start[d] + step * point[d].offset;
      }
    return points;
  }

  const Phase& phase_;
  PhaseEmitter emitter_;
  LaneBuilder& b_;
};

/// Phases of scattered outputs write every other element of the same cache lines: they take turns, piece by piece,
/// while the lines are near. Nothing if their pieces do not match.
std::optional<std::int64_t> emit_in_turns(LaneBuilder& builder, const std::vector<const Phase*>& phases) {
  const Phase* heaviest = *std::max_element(phases.begin(), phases.end(), [](const Phase* a, const Phase* b) {
    return graph::element_count(a->reduction) < graph::element_count(b->reduction);
  });
  const int outermost = PhaseTiles(builder, *heaviest).outermost();
  std::vector<PhaseTiles> emitters;
  for (const Phase* phase : phases) emitters.emplace_back(builder, *phase, outermost);
  const std::int64_t tiles = emitters[0].tiles();
  for (const PhaseTiles& emitter : emitters)
    if (emitter.outermost() != outermost || emitter.tiles() != tiles) return std::nullopt;
  builder.loop(builder.begin, builder.end, 1, [&](Value* tile) {
    for (PhaseTiles& emitter : emitters) emitter.emit(tile, builder.ir.CreateAdd(tile, builder.index(1)));
  });
  return tiles;
}

}  // namespace

void emit_epilogue(LaneBuilder& b, std::span<Value* const> sums, std::span<const std::vector<Coordinate>> points) {
  std::vector<std::vector<Value*>> values;
  for (std::size_t m = 0; m < points.size(); ++m)
    values.push_back(emit_expression(b, b.nest.epilogue, points[m], sums[m]));
  std::vector<Value*> stored(points.size());
  for (const auto& store : b.nest.stores) {
    for (std::size_t m = 0; m < points.size(); ++m) stored[m] = values[m][store.value];
    store_points(b, store, stored, points);
  }
}

std::int64_t emit_contract(LaneBuilder& builder) {
  if (builder.nest.winograd) return emit_winograd(builder);
  std::vector<const Phase*> phases;
  for (const Phase& phase : builder.nest.phases)
    if (std::all_of(phase.extents.begin(), phase.extents.end(), [](auto e) { return e > 0; })) phases.push_back(&phase);
  if (phases.size() > 1 && !phases[0]->extents.empty())
    if (const auto tiles = emit_in_turns(builder, phases)) return *tiles;
  std::int64_t tiles = 0;
  for (const Phase* phase : phases) {
    PhaseTiles emitter(builder, *phase);
    emitter.emit(builder.ir.CreateSub(builder.begin, builder.index(tiles)),
                 builder.ir.CreateSub(builder.end, builder.index(tiles)));
    tiles += emitter.tiles();
  }
  return tiles;
}

}  // namespace qiln::codegen
