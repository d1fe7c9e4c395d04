#include "compiler/codegen/state_vector.h"

#include <algorithm>
#include <cassert>
#include <numeric>

#include "compiler/codegen/expectation.h"
#include "compiler/codegen/phase_tables.h"
#include "compiler/codegen/state_chunks.h"
#include "compiler/codegen/state_tables.h"

namespace qiln::codegen {
namespace {

using llvm::Value;
using Kind = kernel::Nest::Kind;

kernel::Chunks chunks_of(const LaneBuilder& builder) {
  return state_chunks(builder.target, builder.nest.program.qubits);
}

void fill(LaneBuilder& builder, Value* to, std::int64_t vectors, const std::function<Value*(Value*)>& value) {
  builder.loop(builder.index(0), builder.index(vectors), 1,
               [&](Value* i) { builder.store_vector(value(i), builder.ir.CreateGEP(builder.vector, to, i)); });
}

void fill_zero(LaneBuilder& builder, Value* to, std::int64_t vectors) {
  fill(builder, to, vectors, [&](Value*) { return builder.splat(0); });
}

/// Whether an argument holds a lane vector an element.
bool has_lanes(const LaneBuilder& builder, int argument) {
  const kernel::Nest& nest = builder.nest;
  if (!kernel::places_in_lanes(nest)) return nest.arguments[argument].varying;
  const auto operands = static_cast<int>(nest.placed.size());
  return argument >= operands || nest.placed[argument];
}

/// Copies an argument lane by lane, times `factor` if there is one; a uniform one goes to all lanes.
void copy(LaneBuilder& builder, Value* to, int argument, std::int64_t vectors, Value* factor = nullptr) {
  Value* from = builder.argument(argument);
  const bool lanes = has_lanes(builder, argument);
  fill(builder, to, vectors, [&](Value* i) {
    Value* value = lanes ? builder.load_vector(builder.ir.CreateGEP(builder.vector, from, i))
                         : builder.load_broadcast(builder.ir.CreateGEP(builder.f32, from, i));
    return factor ? builder.ir.CreateFMul(factor, value) : value;
  });
}

/// The first `count` operands, of which the last are tables when there are any.
Operands operands_of(const LaneBuilder& builder, int count) {
  Operands operands;
  std::int64_t begin = 0;
  for (int k = 0; k < count; ++k) {
    operands.varying.push_back(has_lanes(builder, k));
    operands.cotangents.push_back(begin);
    begin += builder.nest.operand_elements[k];
  }
  operands.cotangents.push_back(begin);
  return operands;
}

/// A kernel's work: `stages` of 2^part_bits parts, one stage after the other. A tile is one of them, a stage's side by
/// side.
struct Tile {
  Value *stage, *part;
};
struct Staging {
  std::int64_t stages = 1;
  int part_bits = 0;
  std::int64_t tiles() const { return stages << part_bits; }
};

void fill_part(LaneBuilder& builder, Value* to, std::int64_t vectors, const Tile& tile, int part_bits,
               const std::function<Value*(Value*)>& value) {
  const std::int64_t size = vectors >> part_bits;
  Value* begin = builder.ir.CreateNSWMul(tile.part, builder.index(size));
  builder.loop(begin, builder.ir.CreateNSWAdd(begin, builder.index(size)), 1,
               [&](Value* i) { builder.store_vector(value(i), builder.ir.CreateGEP(builder.vector, to, i)); });
}

/// One of the two kernels on blocks.
class BlockKernel {
 public:
  BlockKernel(LaneBuilder& builder, bool adjoint)
      : b_(builder),
        ir_(builder.ir),
        program_(builder.nest.program),
        adjoint_(adjoint),
        plan_(kernel::plan_state(program_, chunks_of(builder))),
        vectors_(std::int64_t{2} << program_.qubits) {
    const int count = static_cast<int>(builder.nest.operand_elements.size()) - (adjoint ? 2 : 0);
    state_ = count;
    numbers_ = adjoint ? StateArguments{count - 1, count + 2, count + 7} : StateArguments{count - 1, count, count + 2};
    operands_ = operands_of(builder, adjoint && program_.table_elements() > 0 ? count - 1 : count);
    if (plan_.in_place) staging_.part_bits = kernel::part_bits(builder.nest);
  }

  /// The tiles from `begin` on, or all of them if that is null, for the arguments at `arguments`.
  Staging emit(Value* arguments, Value* begin, Value* end) {
    if (!plan_.in_place) {
      adjoint_ ? whole_adjoint(arguments) : whole(arguments);
      return staging_;
    }
    own_ = arguments;
    if (staging_.part_bits > 0) own_ = copy_of(arguments);
    StateTables tables(b_, plan_, operands_, numbers_, own_);
    adjoint_ ? tables.add_backward() : tables.add_forward();
    staging_.stages = 1 + tables.items() + (!adjoint_ ? 0 : staging_.part_bits > 0 ? 3 : 1);
    if (!begin) begin = b_.index(0), end = b_.index(staging_.tiles());
    b_.loop(begin, end, 1, [&](Value* number) {
      const Tile tile{ir_.CreateLShr(number, b_.index(staging_.part_bits)),
                      ir_.CreateAnd(number, b_.index((std::int64_t{1} << staging_.part_bits) - 1))};
      set_own(tile.part);
      Turns turns(b_, plan_, operands_, own_, own_area_);
      adjoint_ ? stages_adjoint(tables, turns, tile) : stages(tables, turns, tile);
    });
    return staging_;
  }

 private:
  using Values = std::vector<Value*>;
  Value* buffer(int k) { return b_.argument(state_ + 3 + k); }  // of the adjoint
  Value* is(Value* value, std::int64_t number) { return ir_.CreateICmpEQ(value, b_.index(number)); }

  void whole(Value* arguments) {
    StateTables tables(b_, plan_, operands_, numbers_, arguments);
    tables.add_forward();
    Value *state = b_.argument(numbers_.result), *other = b_.argument(numbers_.result + 1);
    if (tables.changes() % 2) std::swap(state, other);  // the last change ends in the result
    Turns turns(b_, plan_, operands_, arguments, b_.argument(numbers_.area));
    turns.prepare();
    if (program_.initial < 0)
      turns.product(state, b_.index(0), 0);
    else
      copy(b_, state, program_.initial, vectors_, turns.sign());
    tables.walk({state}, {other}, {});
  }

  void whole_adjoint(Value* arguments) {
    StateTables tables(b_, plan_, operands_, numbers_, arguments);
    Value* result = b_.argument(numbers_.result);
    fill_zero(b_, result, operands_.cotangents.back());
    tables.add_backward();
    Turns turns(b_, plan_, operands_, arguments, b_.argument(numbers_.area));
    turns.prepare();
    Values sources{b_.argument(state_), b_.argument(state_ + 1)};
    for (int k = 0; k < 2; ++k) {
      if (!spreads(k)) continue;
      sources[k] = buffer(k);  // where the first item does not write
      copy(b_, sources[k], state_ + k, vectors_);
    }
    tables.walk({buffer(0), buffer(1)}, {buffer(2), buffer(3)}, sources);
    const int now = tables.changes() % 2 ? 2 : 0, free = 2 - now;  // where the states are, and where they are not
    if (program_.initial < 0)
      turns.product_adjoint(buffer(now + 1), buffer(free), buffer(free + 1), nullptr, 0);
    else
      initial_cotangent(turns, buffer(now + 1), {b_.index(0), b_.index(0)});
    turns.gradients(result);
  }

  /// Whether the adjoint's state or cotangent is one for all lanes, and has to be copied to each.
  bool spreads(int k) const { return b_.nest.varying && !has_lanes(b_, state_ + k); }

  void initial_cotangent(Turns& turns, Value* cotangent, const Tile& tile) {
    Value* to = ir_.CreateConstGEP1_64(b_.vector, b_.argument(numbers_.result), operands_.cotangents[program_.initial]);
    Value* sign = turns.sign();
    fill_part(b_, to, vectors_, tile, staging_.part_bits,
              [&](Value* i) { return ir_.CreateFMul(sign, b_.load_vector(ir_.CreateGEP(b_.vector, cotangent, i))); });
  }

  void stages(StateTables& tables, Turns& turns, const Tile& tile) {
    // In place, the last sweep leaves its chunks in the result.
    Value *state = b_.argument(numbers_.result + 1), *result = b_.argument(numbers_.result);
    b_.when(is(tile.stage, 0), [&] {
      turns.prepare();
      if (program_.initial < 0)
        turns.product(state, tile.part, staging_.part_bits);
      else
        copy(b_, state, program_.initial, vectors_, turns.sign());
    });
    b_.when(ir_.CreateICmpSGE(tile.stage, b_.index(1)), [&] {
      Value* item = ir_.CreateNSWSub(tile.stage, b_.index(1));
      tables.walk_in_place(item, tile.part, staging_.part_bits, {state}, {turns.chunk(0)}, {}, {result});
    });
  }

  void stages_adjoint(StateTables& tables, Turns& turns, const Tile& tile) {
    const std::int64_t last = 1 + tables.items();
    const int bits = staging_.part_bits;
    Values sources{b_.argument(state_), b_.argument(state_ + 1)};
    for (int k = 0; k < 2; ++k)
      if (spreads(k)) sources[k] = buffer(2 + k);
    b_.when(is(tile.stage, 0), [&] {
      fill_zero(b_, own_result_, operands_.cotangents.back());
      turns.prepare();
      for (int k = 0; k < 2; ++k) {
        if (!spreads(k)) continue;
        Value* from = b_.argument(state_ + k);
        fill_part(b_, sources[k], vectors_, tile, bits,
                  [&](Value* i) { return b_.load_broadcast(ir_.CreateGEP(b_.f32, from, i)); });
      }
    });
    Value* sweeps =
        ir_.CreateAnd(ir_.CreateICmpSGE(tile.stage, b_.index(1)), ir_.CreateICmpSLT(tile.stage, b_.index(last)));
    b_.when(sweeps, [&] {
      Value* item = ir_.CreateNSWSub(tile.stage, b_.index(1));
      tables.walk_in_place(item, tile.part, bits, {buffer(0), buffer(1)}, {turns.chunk(0), turns.chunk(1)}, sources,
                           {});
    });
    Value *cotangent = buffer(1), *partial = buffer(2), *grown = buffer(3);
    auto finish = [&](Value* contracted) {
      if (program_.initial < 0)
        turns.product_adjoint(cotangent, partial, grown, contracted, bits);
      else
        initial_cotangent(turns, cotangent, tile);
      turns.gradients(b_.argument(numbers_.result));
    };
    if (bits == 0) return b_.when(is(tile.stage, last), [&] { finish(nullptr); });
    Value* contracted = ir_.CreateConstGEP1_64(b_.vector, b_.argument(numbers_.area), turns.chunk_offset());
    Value* alone = is(tile.part, 0);
    b_.when(ir_.CreateAnd(is(tile.stage, last), alone), [&] {
      add_parts(turns);
      turns.grow_product(grown, bits);
    });
    b_.when(is(tile.stage, last + 1),
            [&] { turns.contract_product(cotangent, partial, grown, contracted, tile.part, bits); });
    b_.when(ir_.CreateAnd(is(tile.stage, last + 2), alone), [&] { finish(contracted); });
  }

  /// An array of the same pointers, in which each part puts those of its own.
  Value* copy_of(Value* arguments) {
    const std::size_t count = b_.nest.arguments.size();
    Value* own = ir_.CreateAlloca(llvm::ArrayType::get(b_.pointer, count));
    for (std::size_t k = 0; k < count; ++k) {
      Value* from = ir_.CreateConstGEP1_64(b_.pointer, arguments, k);
      Value* pointer = ir_.CreateAlignedLoad(b_.pointer, from, llvm::Align(8));
      ir_.CreateAlignedStore(pointer, ir_.CreateConstGEP1_64(b_.pointer, own, k), llvm::Align(8));
    }
    return own;
  }

  /// Each part has an area and, for the adjoint, cotangents of its own, side by side in the area's buffer.
  void set_own(Value* part) {
    own_area_ = b_.argument(numbers_.area);
    own_result_ = b_.argument(numbers_.result);
    if (staging_.part_bits == 0) return;
    own_area_ = of_part(part, 0);
    auto set = [&](int k, Value* pointer) {
      ir_.CreateAlignedStore(pointer, ir_.CreateConstGEP1_64(b_.pointer, own_, k), llvm::Align(8));
    };
    set(numbers_.area, own_area_);
    if (!adjoint_) return;
    own_result_ = of_part(part, 1);
    set(numbers_.result, own_result_);
  }
  Value* of_part(Value* part, int which) {
    const std::int64_t area = kernel::TurnArea(program_).elements,
                       stride = area + (adjoint_ ? operands_.cotangents.back() : 0);
    Value* offset = ir_.CreateNSWAdd(ir_.CreateNSWMul(part, b_.index(stride)), b_.index(which == 0 ? 0 : area));
    return ir_.CreateGEP(b_.vector, b_.argument(numbers_.area), offset);
  }

  /// Sums of all parts to those of the first, cotangents of entries to the result; in the order of parts.
  void add_parts(Turns& turns) {
    Value* result = b_.argument(numbers_.result);
    fill_zero(b_, result, operands_.cotangents.back());
    b_.loop(b_.index(0), b_.index(std::int64_t{1} << staging_.part_bits), 1, [&](Value* part) {
      b_.when(ir_.CreateICmpSGE(part, b_.index(1)), [&] { turns.add_sums(of_part(part, 0)); });
      Value* from = of_part(part, 1);
      fill(b_, result, operands_.cotangents.back(), [&](Value* i) {
        auto load = [&](Value* at) { return b_.load_vector(ir_.CreateGEP(b_.vector, at, i)); };
        return ir_.CreateFAdd(load(result), load(from));
      });
    });
  }

  LaneBuilder& b_;
  llvm::IRBuilder<>& ir_;
  const circuit::BlockProgram& program_;
  bool adjoint_;
  kernel::StatePlan plan_;
  std::int64_t vectors_;  // of a state
  int state_ = 0;         // the adjoint's argument
  StateArguments numbers_;
  Operands operands_;
  Staging staging_;
  Value *own_ = nullptr, *own_area_ = nullptr, *own_result_ = nullptr;
};

/// Elements of the result at one place.
std::int64_t result_elements(const kernel::Nest& nest) {
  switch (nest.kind) {
    case Kind::expval:
      return static_cast<std::int64_t>(nest.program.readout.size());
    case Kind::apply_blocks_adjoint: {
      const std::size_t others = nest.program.table_elements() > 0 ? 3 : 2;  // tables, state, cotangent
      return std::accumulate(nest.operand_elements.begin(), nest.operand_elements.end() - others, std::int64_t{0});
    }
    default:
      return std::int64_t{2} << nest.program.qubits;
  }
}

/// Between `elements` floats of each of the places from `first` on, the last one repeated, and lane vectors.
void transpose(LaneBuilder& builder, Value* by_place, Value* by_lane, Value* first, std::int64_t elements, bool out) {
  auto& ir = builder.ir;
  const int lanes = builder.target.lanes;
  std::vector<Value*> from;
  for (int lane = 0; lane < lanes; ++lane) {
    Value* last = builder.index(builder.nest.places - 1);
    Value* place = ir.CreateBinaryIntrinsic(llvm::Intrinsic::smin, ir.CreateNSWAdd(first, builder.index(lane)), last);
    from.push_back(ir.CreateGEP(builder.f32, by_place, ir.CreateNSWMul(place, builder.index(elements))));
  }
  builder.loop(builder.index(0), builder.index(elements), 1, [&](Value* e) {
    Value* vector = ir.CreateGEP(builder.vector, by_lane, e);
    Value* all = out ? builder.load_vector(vector) : builder.splat(0);
    for (int lane = 0; lane < lanes; ++lane) {
      Value* one = ir.CreateGEP(builder.f32, from[lane], e);
      if (out)
        ir.CreateAlignedStore(ir.CreateExtractElement(all, builder.index(lane)), one, llvm::Align(4));
      else
        all = ir.CreateInsertElement(all, ir.CreateAlignedLoad(builder.f32, one, llvm::Align(4)), builder.index(lane));
    }
    if (!out) builder.store_vector(all, vector);
  });
}

/// Runs `body` for as many places at once as there are lanes.
void over_places_in_lanes(LaneBuilder& builder, const std::function<void(Value* arguments)>& body) {
  const kernel::Nest& nest = builder.nest;
  auto& ir = builder.ir;
  builder.set_width(builder.target.lanes);
  const auto count = static_cast<int>(nest.arguments.size()), result = static_cast<int>(nest.placed.size());
  Value* own = ir.CreateAlloca(llvm::ArrayType::get(builder.pointer, static_cast<std::uint64_t>(count)));
  std::vector<Value*> whole, now;
  std::vector<std::int64_t> elements;
  std::int64_t offset = 0;
  for (int k = 0; k < count; ++k) {
    const bool placed = k == result || (k < result && nest.placed[k]);
    elements.push_back(!placed ? 0 : k == result ? result_elements(nest) : nest.operand_elements[k]);
    whole.push_back(builder.argument(k));
    now.push_back(placed ? ir.CreateConstGEP1_64(builder.vector, builder.argument(count - 1), offset) : whole[k]);
    offset += elements.back();
    ir.CreateAlignedStore(now[k], ir.CreateConstGEP1_64(builder.pointer, own, k), llvm::Align(8));
  }
  builder.loop(builder.index(0), builder.index(nest.places), builder.target.lanes, [&](Value* first) {
    for (int k = 0; k < result; ++k)
      if (elements[k] > 0) transpose(builder, whole[k], now[k], first, elements[k], false);
    for (int k = 0; k < count; ++k) builder.set_argument(k, now[k]);
    body(own);
    for (int k = 0; k < count; ++k) builder.set_argument(k, whole[k]);
    transpose(builder, whole[result], now[result], first, elements[result], true);
  });
}

/// Runs `body` for each place, `arguments` being pointers to what belongs to the place.
void over_places(LaneBuilder& builder, const std::function<void(Value* arguments)>& body) {
  const kernel::Nest& nest = builder.nest;
  if (nest.places == 0) return body(builder.function->getArg(0));
  if (kernel::places_in_lanes(nest)) return over_places_in_lanes(builder, body);
  auto& ir = builder.ir;
  const auto count = static_cast<int>(nest.arguments.size()), result = static_cast<int>(nest.placed.size());
  Value* own = ir.CreateAlloca(llvm::ArrayType::get(builder.pointer, static_cast<std::uint64_t>(count)));
  std::vector<Value*> whole;
  for (int k = 0; k < count; ++k) whole.push_back(builder.argument(k));
  builder.loop(builder.index(0), builder.index(nest.places), 1, [&](Value* place) {
    for (int k = 0; k < count; ++k) {
      std::int64_t elements = 0;
      if (k < result && nest.placed[k]) elements = nest.operand_elements[k];
      if (k == result) elements = result_elements(nest);
      const bool lanes = nest.varying && nest.arguments[k].varying;
      Value* shift = ir.CreateNSWMul(place, builder.index(elements * (lanes ? builder.target.lanes : 1)));
      Value* pointer = elements == 0 ? whole[k] : ir.CreateGEP(builder.f32, whole[k], shift);
      builder.set_argument(k, pointer);
      ir.CreateAlignedStore(pointer, ir.CreateConstGEP1_64(builder.pointer, own, k), llvm::Align(8));
    }
    body(own);
  });
  for (int k = 0; k < count; ++k) builder.set_argument(k, whole[k]);
}

/// Readings of each part, then their sum.
Tiles emit_expval_parts(LaneBuilder& builder) {
  const int bits = kernel::part_bits(builder.nest);
  const std::int64_t parts = std::int64_t{1} << bits,
                     readings = static_cast<std::int64_t>(builder.nest.program.readout.size());
  auto& ir = builder.ir;
  Value *result = builder.argument(1), *all = builder.argument(2);
  auto of_part = [&](Value* part) {
    return ir.CreateGEP(builder.vector, all, ir.CreateNSWMul(part, builder.index(readings)));
  };
  builder.loop(builder.begin, builder.end, 1, [&](Value* tile) {
    builder.when(ir.CreateICmpSLT(tile, builder.index(parts)),
                 [&] { emit_expval(builder, tile, static_cast<int>(parts), of_part(tile)); });
    builder.when(ir.CreateICmpEQ(tile, builder.index(parts)), [&] {
      fill_zero(builder, result, readings);
      builder.loop(builder.index(0), builder.index(parts), 1, [&](Value* part) {
        fill(builder, result, readings, [&](Value* i) {
          auto load = [&](Value* at) { return builder.load_vector(ir.CreateGEP(builder.vector, at, i)); };
          return ir.CreateFAdd(load(result), load(of_part(part)));
        });
      });
    });
  });
  return {2 * parts, 2};
}

Tiles emit_blocks(LaneBuilder& builder, bool adjoint) {
  Tiles tiles;
  if (builder.nest.places > 0) {
    over_places(builder, [&](Value* arguments) { BlockKernel(builder, adjoint).emit(arguments, nullptr, nullptr); });
    return tiles;
  }
  BlockKernel kernel(builder, adjoint);
  const Staging staging = kernel.emit(builder.function->getArg(0), builder.begin, builder.end);
  return {staging.tiles(), staging.stages};
}

}  // namespace

Tiles emit_state_vector(LaneBuilder& builder) {
  const int parts = 1 << kernel::part_bits(builder.nest);
  switch (builder.nest.kind) {
    case Kind::apply_blocks:
      return emit_blocks(builder, false);
    case Kind::apply_blocks_adjoint:
      return emit_blocks(builder, true);
    case Kind::phase_tables:
      return {emit_phase_tables(builder, kernel::plan_state(builder.nest.program, chunks_of(builder))), 1};
    case Kind::expval:
      if (parts > 1) return emit_expval_parts(builder);
      over_places(builder, [&](Value*) { emit_expval(builder, builder.index(0), 1, builder.argument(1)); });
      return {};
    case Kind::expval_adjoint:
      if (parts == 1) {
        over_places(builder, [&](Value*) { emit_expval_adjoint(builder, builder.index(0), 1); });
        return {};
      }
      builder.loop(builder.begin, builder.end, 1, [&](Value* part) { emit_expval_adjoint(builder, part, parts); });
      return {parts, 1};
    default:
      assert(false && "not a circuit's nest");
      return {};
  }
}

}  // namespace qiln::codegen
