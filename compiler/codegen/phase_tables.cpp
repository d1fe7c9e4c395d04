#include "compiler/codegen/phase_tables.h"

#include <algorithm>
#include <bit>
#include <cassert>

#include "compiler/codegen/state_steps.h"
#include "compiler/codegen/state_turns.h"
#include "compiler/codegen/vector_math.h"

namespace qiln::codegen {
namespace {

using circuit::Block;
using llvm::Value;

/// A row of the table of phases, all i64; numbers are floats in the low half.
struct Row {
  static constexpr int argument = 0, element = 1;  // argument -1: a constant
  static constexpr int scale = 2, offset = 3;      // of half the angle
  static constexpr int mask = 4;                   // over positions
  static constexpr int size = 5;
};

constexpr int most_run_bits = 5;

const kernel::Sweep& sweep_of(const kernel::StatePlan& plan, int block) {
  for (const kernel::Sweep& sweep : plan.sweeps)
    for (const kernel::SweepStep& step : sweep.steps)
      if (std::find(step.blocks.begin(), step.blocks.end(), block) != step.blocks.end()) return sweep;
  assert(false && "every block of phases is in a sweep");
  return plan.sweeps[0];
}

/// The signs that Z on each mask gives to the amplitudes of a run.
llvm::GlobalVariable* sign_table(LaneBuilder& builder, std::int64_t run) {
  std::vector<float> signs;
  for (std::int64_t mask = 0; mask < run; ++mask)
    for (std::int64_t i = 0; i < run; ++i)
      signs.push_back(std::popcount(static_cast<std::uint64_t>(mask & i)) & 1 ? -1.0f : 1.0f);
  auto* data = llvm::ConstantDataArray::get(builder.module.getContext(), signs);
  auto* table =
      new llvm::GlobalVariable(builder.module, data->getType(), true, llvm::GlobalValue::PrivateLinkage, data, "signs");
  table->setAlignment(llvm::Align(64));
  return table;
}

}  // namespace

std::int64_t emit_phase_tables(LaneBuilder& builder, const kernel::StatePlan& plan) {
  const auto& program = builder.nest.program;
  auto& ir = builder.ir;
  const int run_bits = std::min(most_run_bits, program.qubits);
  const std::int64_t run = std::int64_t{1} << run_bits, amplitudes = std::int64_t{1} << program.qubits;
  const int width = static_cast<int>(std::min<std::int64_t>(run, builder.target.lanes));
  std::vector<std::int64_t> rows, blocks;
  for (int b = 0; b < static_cast<int>(program.blocks.size()); ++b) {
    const Block& block = program.blocks[b];
    if (block.kind != Block::Kind::phases) continue;
    blocks.push_back(static_cast<std::int64_t>(rows.size()) / Row::size);
    for (const circuit::Phase& phase : block.phases) {
      const bool constant = phase.angle.operand < 0;
      rows.insert(rows.end(), {phase.angle.operand, constant ? 0 : phase.angle.element,
                               float_word(constant ? 0 : phase.angle.scale / 2), float_word(phase.angle.offset / 2),
                               static_cast<std::int64_t>(kernel::placed(phase.mask, sweep_of(plan, b)))});
    }
  }
  const auto tables = static_cast<std::int64_t>(blocks.size());
  blocks.push_back(static_cast<std::int64_t>(rows.size()) / Row::size);
  Value *terms = make_table(builder, rows), *firsts = make_table(builder, blocks), *signs = sign_table(builder, run);
  Value* arguments = builder.function->getArg(0);
  Value* result = builder.argument(static_cast<int>(builder.nest.operand_elements.size()));
  builder.set_width(width);
  const std::int64_t runs = amplitudes / run;  // of a table; each is a tile
  builder.loop(builder.begin, builder.end, 1, [&](Value* tile) {
    Value* table = ir.CreateUDiv(tile, builder.index(runs));
    Value* position = ir.CreateShl(ir.CreateURem(tile, builder.index(runs)), builder.index(run_bits));
    const std::vector<Value*> none(static_cast<std::size_t>(run / width), builder.splat(0));
    Value* last = load_word(builder, firsts, ir.CreateNSWAdd(table, builder.index(1)));
    const auto angles =
        builder.loop(load_word(builder, firsts, table), last, 1, none, [&](Value* t, std::span<Value* const> carried) {
          Value* row = ir.CreateGEP(builder.i64, terms, ir.CreateNSWMul(t, builder.index(Row::size)));
          auto number = [&](int field) {
            return ir.CreateBitCast(ir.CreateTrunc(load_word(builder, row, field), builder.i32), builder.f32);
          };
          Value* argument = load_word(builder, row, Row::argument);
          Value* constant = ir.CreateICmpSLT(argument, builder.index(0));
          Value* from = argument_element(builder, arguments, ir.CreateSelect(constant, builder.index(0), argument),
                                         load_word(builder, row, Row::element), false);
          // A constant reads any number, and takes it zero times: the scale itself, which is zero.
          from = ir.CreateSelect(constant, ir.CreateConstGEP1_64(builder.i64, row, Row::scale), from);
          Value* value = ir.CreateAlignedLoad(builder.f32, from, llvm::Align(4));
          value = builder.fma(number(Row::scale), value, number(Row::offset));
          Value* mask = load_word(builder, row, Row::mask);
          Value* ones = ir.CreateUnaryIntrinsic(llvm::Intrinsic::ctpop, ir.CreateAnd(mask, position));
          value = ir.CreateSelect(ir.CreateTrunc(ones, ir.getInt1Ty()), ir.CreateFNeg(value), value);
          Value* all = width == 1 ? value : ir.CreateVectorSplat(width, value);
          Value* low = ir.CreateAnd(mask, builder.index(run - 1));
          Value* pattern = ir.CreateGEP(builder.f32, signs, ir.CreateShl(low, builder.index(run_bits)));
          std::vector<Value*> next;
          for (std::size_t v = 0; v < carried.size(); ++v) {
            Value* at = ir.CreateConstGEP1_64(builder.f32, pattern, static_cast<std::int64_t>(v) * width);
            next.push_back(builder.fma(all, builder.load_vector(at), carried[v]));
          }
          return next;
        });
    Value* to = ir.CreateGEP(builder.f32, result,
                             ir.CreateNSWAdd(ir.CreateNSWMul(table, builder.index(2 * amplitudes)), position));
    for (std::size_t v = 0; v < angles.size(); ++v) {
      Value* at = ir.CreateConstGEP1_64(builder.f32, to, static_cast<std::int64_t>(v) * width);
      Value* angle = angles[v];
      builder.store_vector(emit_primitive(builder, Primitive::cos, {&angle, 1}), at);
      builder.store_vector(ir.CreateFNeg(emit_primitive(builder, Primitive::sin, {&angle, 1})),
                           ir.CreateConstGEP1_64(builder.f32, at, amplitudes));
    }
  });
  return tables * runs;
}

}  // namespace qiln::codegen
