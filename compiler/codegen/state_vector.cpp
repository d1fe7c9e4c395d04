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

void emit_apply(LaneBuilder& builder, Value* arguments) {
  const auto& program = builder.nest.program;
  const int count = static_cast<int>(builder.nest.operand_elements.size());
  const StateArguments numbers{count - 1, count, count + 2};
  Value *result = builder.argument(count), *scratch = builder.argument(count + 1);
  const kernel::StatePlan plan = kernel::plan_state(program, chunks_of(builder));
  const Operands operands = operands_of(builder, count);
  StateTables tables(builder, plan, operands, numbers, arguments);
  tables.add_forward();
  Value *state = result, *other = scratch;
  // The last change ends in the result; in place, it is the last sweep's.
  if (plan.in_place || tables.changes() % 2) std::swap(state, other);
  Turns turns(builder, plan, operands, arguments, builder.argument(numbers.area));
  turns.prepare();
  if (program.initial < 0)
    turns.product(state);
  else
    copy(builder, state, program.initial, std::int64_t{2} << program.qubits, turns.sign());
  if (plan.in_place)
    tables.walk_in_place({state}, {turns.chunk(0)}, {}, {other});
  else
    tables.walk({state}, {other}, {});
}

void emit_apply_adjoint(LaneBuilder& builder, Value* arguments) {
  const auto& program = builder.nest.program;
  const int count = static_cast<int>(builder.nest.operand_elements.size()) - 2, state = count;
  const StateArguments numbers{count - 1, count + 2, count + 7};
  const std::int64_t vectors = std::int64_t{2} << program.qubits;
  const Operands operands = operands_of(builder, program.table_elements() > 0 ? count - 1 : count);
  std::vector<Value*> buffers, sources{builder.argument(state), builder.argument(state + 1)};
  for (int k = 0; k < 4; ++k) buffers.push_back(builder.argument(count + 3 + k));
  Value* result = builder.argument(numbers.result);
  fill_zero(builder, result, operands.cotangents.back());
  const kernel::StatePlan plan = kernel::plan_state(program, chunks_of(builder));
  StateTables tables(builder, plan, operands, numbers, arguments);
  tables.add_backward();
  Turns turns(builder, plan, operands, arguments, builder.argument(numbers.area));
  turns.prepare();
  for (int k = 0; k < 2; ++k) {
    if (!builder.nest.varying || has_lanes(builder, state + k)) continue;
    // To all lanes, where the first item does not write.
    sources[k] = buffers[plan.in_place ? 2 + k : k];
    copy(builder, sources[k], state + k, vectors);
  }
  const std::vector<Value*> states{buffers[0], buffers[1]}, others{buffers[2], buffers[3]};
  if (plan.in_place)
    tables.walk_in_place(states, {turns.chunk(0), turns.chunk(1)}, sources, {});
  else
    tables.walk(states, others, sources);
  const int now = tables.changes() % 2 ? 2 : 0, free = 2 - now;  // where the states are, and where they are not
  if (program.initial < 0) {
    turns.product_adjoint(buffers[now + 1], buffers[free], buffers[free + 1]);
  } else {
    Value* to = builder.ir.CreateConstGEP1_64(builder.vector, result, operands.cotangents[program.initial]);
    Value* sign = turns.sign();
    fill(builder, to, vectors, [&](Value* i) {
      Value* value = builder.load_vector(builder.ir.CreateGEP(builder.vector, buffers[now + 1], i));
      return builder.ir.CreateFMul(sign, value);
    });
  }
  turns.gradients(result);
}

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

}  // namespace

std::int64_t emit_state_vector(LaneBuilder& builder) {
  switch (builder.nest.kind) {
    case Kind::apply_blocks:
      over_places(builder, [&](Value* arguments) { emit_apply(builder, arguments); });
      break;
    case Kind::apply_blocks_adjoint:
      over_places(builder, [&](Value* arguments) { emit_apply_adjoint(builder, arguments); });
      break;
    case Kind::phase_tables:
      return emit_phase_tables(builder, kernel::plan_state(builder.nest.program, chunks_of(builder)));
    case Kind::expval:
      over_places(builder, [&](Value*) { emit_expval(builder); });
      break;
    case Kind::expval_adjoint:
      over_places(builder, [&](Value*) { emit_expval_adjoint(builder); });
      break;
    default:
      assert(false && "not a circuit's nest");
  }
  return 1;
}

}  // namespace qiln::codegen
