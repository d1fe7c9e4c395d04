#include "compiler/codegen/state_vector.h"

#include <algorithm>
#include <bit>
#include <cassert>

#include "compiler/codegen/expectation.h"
#include "compiler/codegen/state_tables.h"

namespace qiln::codegen {
namespace {

using llvm::Value;
using Kind = kernel::Nest::Kind;

/// Amplitudes, as a power of two, of a chunk of `states` states that fills half of the second-level cache.
int chunk_bits(const LaneBuilder& builder, int states) {
  const std::int64_t amplitude = std::int64_t{2} * 4 * builder.width * states;
  const auto fitting = static_cast<std::uint64_t>(std::max<std::int64_t>(1, builder.target.l2_bytes / 2 / amplitude));
  return std::max(6, static_cast<int>(std::bit_width(fitting)) - 1);
}

void fill(LaneBuilder& builder, Value* to, std::int64_t vectors, const std::function<Value*(Value*)>& value) {
  builder.loop(builder.index(0), builder.index(vectors), 1,
               [&](Value* i) { builder.store_vector(value(i), builder.ir.CreateGEP(builder.vector, to, i)); });
}

void fill_zero(LaneBuilder& builder, Value* to, std::int64_t vectors) {
  fill(builder, to, vectors, [&](Value*) { return builder.splat(0); });
}

/// Copies an argument lane by lane; a uniform one goes to all lanes.
void copy(LaneBuilder& builder, Value* to, int argument, std::int64_t vectors) {
  Value* from = builder.argument(argument);
  const bool lanes = builder.nest.arguments[argument].varying;
  fill(builder, to, vectors, [&](Value* i) {
    return lanes ? builder.load_vector(builder.ir.CreateGEP(builder.vector, from, i))
                 : builder.load_broadcast(builder.ir.CreateGEP(builder.f32, from, i));
  });
}

void emit_apply(LaneBuilder& builder) {
  const auto& program = builder.nest.program;
  const int entries = static_cast<int>(builder.nest.operand_elements.size());
  Value *result = builder.argument(entries), *scratch = builder.argument(entries + 1);
  StateTables tables(builder, entries);
  const std::vector<int> start = program.initial < 0 ? kernel::product_start(program) : std::vector<int>{};
  tables.add_product(start);
  tables.add_forward(kernel::plan_state(program, chunk_bits(builder, 1), start));
  Value *state = result, *other = scratch;
  if (tables.changes() % 2) std::swap(state, other);  // so that the last one ends in the result
  if (program.initial >= 0) {
    copy(builder, state, program.initial, std::int64_t{2} << program.qubits);
  } else if (static_cast<int>(start.size()) < program.qubits) {
    fill_zero(builder, state, std::int64_t{2} << program.qubits);
  } else {
    builder.store_vector(builder.splat(0),
                         builder.ir.CreateGEP(builder.vector, state, builder.index(std::int64_t{1} << program.qubits)));
  }
  if (program.initial < 0) builder.store_vector(builder.splat(1), state);
  tables.walk({state}, {other}, {}, result);
}

void emit_apply_adjoint(LaneBuilder& builder) {
  const auto& program = builder.nest.program;
  const auto& sizes = builder.nest.operand_elements;
  const int entries = static_cast<int>(sizes.size()) - 2, state = entries, cotangent = entries + 1;
  Value* result = builder.argument(entries + 2);
  const std::int64_t vectors = std::int64_t{2} << program.qubits;
  std::int64_t total = 0;
  for (int k = 0; k < entries; ++k) total += sizes[k];
  std::vector<Value*> buffers, sources{builder.argument(state), builder.argument(cotangent)};
  for (int k = 0; k < 4; ++k) buffers.push_back(builder.argument(entries + 3 + k));
  for (int k = 0; k < 2; ++k) {
    if (!builder.nest.varying || builder.nest.arguments[entries + k].varying) continue;
    copy(builder, buffers[k], entries + k, vectors);  // to all lanes
    sources[k] = buffers[k];
  }
  fill_zero(builder, result, total);
  StateTables tables(builder, entries);
  tables.add_backward(kernel::plan_state(program, chunk_bits(builder, 2)));
  tables.walk({buffers[0], buffers[1]}, {buffers[2], buffers[3]}, sources, result);
  if (program.initial >= 0) {
    // Where the cotangent has come to: that of the initial state.
    std::int64_t begin = 0;
    for (int k = 0; k < program.initial; ++k) begin += sizes[k];
    Value* to = builder.ir.CreateGEP(builder.vector, result, builder.index(begin));
    if (tables.changes() == 0)
      copy(builder, to, cotangent, vectors);
    else
      fill(builder, to, vectors, [&](Value* i) {
        Value* from = buffers[tables.changes() % 2 ? 3 : 1];
        return builder.load_vector(builder.ir.CreateGEP(builder.vector, from, i));
      });
  }
  tables.finish(result);
}

}  // namespace

std::int64_t emit_state_vector(LaneBuilder& builder) {
  switch (builder.nest.kind) {
    case Kind::apply_blocks:
      emit_apply(builder);
      break;
    case Kind::apply_blocks_adjoint:
      emit_apply_adjoint(builder);
      break;
    case Kind::expval:
      emit_expval(builder);
      break;
    case Kind::expval_adjoint:
      emit_expval_adjoint(builder);
      break;
    default:
      assert(false && "not a circuit's nest");
  }
  return 1;
}

}  // namespace qiln::codegen
