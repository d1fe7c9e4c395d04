#include "compiler/codegen/state_tables.h"

#include <fmt/format.h>

#include <algorithm>
#include <bit>
#include <cassert>

#include "dsl/error.h"

namespace qiln::codegen {

using circuit::Block;
using kernel::Sweep;
using llvm::Value;
using Op = StepKind::Op;

StateTables::StateTables(LaneBuilder& builder, const kernel::StatePlan& plan, const Operands& operands,
                         StateArguments numbers, Value* arguments)
    : builder_(builder),
      plan_(plan),
      program_(builder.nest.program),
      operands_(operands),
      numbers_(numbers),
      arguments_(arguments),
      layout_(program_),
      amplitudes_(std::int64_t{1} << program_.qubits) {
  mask_table_ = new llvm::GlobalVariable(builder.module, builder.i64, true, llvm::GlobalValue::PrivateLinkage,
                                         builder.ir.getInt64(0), "masks");
  std::int64_t table = 0;
  for (const Block& block : program_.blocks) {
    table_of_.push_back(table);
    if (block.kind == Block::Kind::phases) table += 2 * amplitudes_;
    if (static_cast<int>(block.qubits.size()) > kernel::max_block_qubits)
      throw Error(fmt::format("a gate on {} qubits; the state vector takes gates on up to {}", block.qubits.size(),
                              kernel::max_block_qubits),
                  1);
  }
}

/// Matrices of turns stand in the area, others in operands.
void StateTables::set_operand(Step& step, int k, int block) {
  const Block& of = program_.blocks[block];
  const bool turns = of.kind == Block::Kind::turns;
  step.row[StepRow::operand + 2 * k] = turns ? numbers_.area : of.operand;
  step.row[StepRow::element + 2 * k] = turns ? layout_.matrix[block] : of.element;
  step.row[StepRow::gradient + 2 * k] = turns ? numbers_.area : numbers_.result;
  step.row[StepRow::gradient + 2 * k + 1] =
      turns ? layout_.matrix[block] + kernel::TurnArea::sum : operands_.cotangents[of.operand] + of.element;
  (k == 0 ? step.kind.varying : step.kind.varying_second) = turns || operands_.varying[of.operand];
}

StateTables::Step StateTables::step_of(const Sweep& sweep, const std::vector<int>& blocks, bool backward) {
  const Block& first = program_.blocks[blocks[0]];
  if (first.kind == Block::Kind::phases) return phase_step(sweep, blocks[0], backward);
  const bool rotation = kernel::is_rotation(first);
  Step step;
  step.kind.op = rotation                              ? backward ? Op::unrotate : Op::rotate
                 : first.kind == Block::Kind::diagonal ? Op::diagonal
                 : blocks.size() == 2                  ? Op::pair
                                                       : Op::dense;
  step.kind.adjoint = backward && !rotation;
  step.row[StepRow::states] = backward ? 3 : 1;
  std::vector<std::int32_t> qubits;
  for (std::size_t k = 0; k < blocks.size(); ++k) {
    set_operand(step, static_cast<int>(k), blocks[k]);
    const auto& of = program_.blocks[blocks[k]].qubits;
    qubits.insert(qubits.end(), of.begin(), of.end());
    // Of a rotation's sum one number is enough: the imbalance of its off-diagonal elements.
    if (rotation) step.row[StepRow::gradient + 2 * k + 1] += 4;
  }
  step.kind.qubits = static_cast<int>(qubits.size());
  const std::vector<std::int64_t> strides = kernel::strides(program_, sweep, qubits);
  std::copy(strides.begin(), strides.end(), step.row.begin() + StepRow::strides);
  const auto levels = kernel::levels(plan_.chunk_bits, strides);
  for (std::size_t l = 0; l < levels.size(); ++l) {
    step.row[StepRow::levels + 2 * l] = levels[l].count;
    step.row[StepRow::levels + 2 * l + 1] = levels[l].stride;
  }
  return step;
}

StateTables::Step StateTables::phase_step(const Sweep& sweep, int block, bool backward) {
  Step step;
  step.kind.op = backward ? Op::unphase : Op::phases;
  step.kind.qubits = std::min(plan_.chunk_bits, kernel::max_block_qubits);
  step.row[StepRow::operand] = numbers_.tables;
  step.row[StepRow::element] = table_of_[block];
  step.row[StepRow::gradient] = numbers_.area;
  step.row[StepRow::gradient + 1] = layout_.first_phase[block];
  step.row[StepRow::levels] = std::int64_t{1} << plan_.chunk_bits;
  step.row[StepRow::plane] = amplitudes_;
  const auto& phases = program_.blocks[block].phases;
  step.row[StepRow::terms] = static_cast<std::int64_t>(masks_.size());
  step.row[StepRow::terms + 1] = static_cast<std::int64_t>(phases.size());
  for (const circuit::Phase& phase : phases)
    masks_.push_back(static_cast<std::int64_t>(kernel::placed(phase.mask, sweep)));
  return step;
}

void StateTables::add_cross(const Sweep& sweep, int block, std::vector<Step>& steps) {
  const Block& of = program_.blocks[block];
  Step step = step_of(sweep, {block}, false);
  step.kind.varying = true;  // no entries are read
  const bool diagonal = of.kind == Block::Kind::diagonal;
  if (!diagonal && of.qubits.size() == 1) {
    step.kind.op = Op::cross;
    steps.push_back(step);
    return;
  }
  step.kind.op = diagonal ? Op::cross_element : Op::cross_row;
  if (diagonal) step.kind.qubits = 1;  // one function does for any number
  const std::vector<std::int64_t> strides = kernel::strides(program_, sweep, of.qubits);
  const int side = 1 << of.qubits.size(), together = diagonal ? 1 : 4;
  auto corner = [&](int value) {
    std::int64_t offset = 0;
    for (std::size_t q = 0; q < strides.size(); ++q)
      if (value >> (strides.size() - 1 - q) & 1) offset += strides[q];
    return offset;
  };
  for (int i = 0; i < side; ++i)
    for (int j = 0; j < side; j += together) {
      if (diagonal && i != j) continue;
      step.row[StepRow::corners] = corner(i);
      step.row[StepRow::corners + 1] = corner(j);
      steps.push_back(step);
      step.row[StepRow::gradient + 1] += 2 * together;
    }
}

std::int64_t StateTables::add_map(const kernel::BitMap& map) {
  const std::int64_t number = static_cast<std::int64_t>(maps_.size()) / map_words(program_.qubits);
  std::uint64_t all = 0;
  for (std::uint64_t column : map.columns) maps_.push_back(static_cast<std::int64_t>(all ^= column));
  for (std::uint64_t column : map.columns) maps_.push_back(static_cast<std::int64_t>(column));
  maps_.push_back(static_cast<std::int64_t>(map.flip));
  return number;
}

void StateTables::add_item(const std::vector<Step>& steps, const kernel::BitMap* fetch, const kernel::BitMap* store) {
  const std::int64_t fetches = fetch ? add_map(*fetch) : -1;
  items_.insert(items_.end(),
                {fetches, store ? add_map(*store) : -1, static_cast<std::int64_t>(steps_.size()) / StepRow::size,
                 static_cast<std::int64_t>(steps.size())});
  if (fetch && !store) ++changes_;
  for (Step step : steps) {
    step.row[StepRow::function] = function_of(step.kind);
    steps_.insert(steps_.end(), step.row.begin(), step.row.end());
  }
}

void StateTables::add_forward() {
  for (const Sweep& sweep : plan_.sweeps) {
    std::vector<Step> steps;
    for (const kernel::SweepStep& step : sweep.steps) steps.push_back(step_of(sweep, step.blocks, false));
    if (!plan_.in_place) {
      add_item(steps, sweep.moves ? &sweep.fetch : nullptr);
      continue;
    }
    const kernel::BitMap store =
        &sweep == &plan_.sweeps.back() ? kernel::compose(plan_.index, sweep.fetch) : sweep.fetch;
    add_item(steps, &sweep.fetch, &store);
  }
}

/// The cotangent of the entries is the cotangent behind the block times the conjugate of the state in front of it.
void StateTables::undo_entries(const Sweep& sweep, int block, std::vector<Step>& steps) {
  Step undo = step_of(sweep, {block}, true);
  undo.row[StepRow::states] = 1;
  steps.push_back(undo);
  add_cross(sweep, block, steps);
  undo.row[StepRow::states] = 2;
  steps.push_back(undo);
}

std::vector<StateTables::Step> StateTables::undoing(const Sweep& sweep) {
  std::vector<Step> steps;
  for (std::size_t s = sweep.steps.size(); s-- > 0;) {
    const auto& blocks = sweep.steps[s].blocks;
    if (program_.blocks[blocks[0]].has_entries()) {
      for (std::size_t k = blocks.size(); k-- > 0;) undo_entries(sweep, blocks[k], steps);
      continue;
    }
    // Sums of turns are those behind the block.
    const Step undo = step_of(sweep, blocks, true);
    if (undo.kind.op != Op::unrotate && undo.kind.op != Op::unphase)
      for (int block : blocks) add_cross(sweep, block, steps);
    steps.push_back(undo);
  }
  return steps;
}

void StateTables::add_backward() {
  if (plan_.in_place) {
    for (std::size_t i = plan_.sweeps.size(); i-- > 0;) {
      const Sweep& sweep = plan_.sweeps[i];
      const bool first = i + 1 == plan_.sweeps.size();
      const kernel::BitMap fetch = first ? kernel::compose(plan_.index, sweep.fetch) : sweep.fetch;
      add_item(undoing(sweep), &fetch, &sweep.fetch);
    }
    return;
  }
  const kernel::BitMap identity = kernel::identity_map(program_.qubits);
  kernel::BitMap pending = identity;
  for (std::size_t i = plan_.sweeps.size(); i-- > 0;) {
    const Sweep& sweep = plan_.sweeps[i];
    if (const std::vector<Step> steps = undoing(sweep); !steps.empty()) {
      add_item(steps, items_.empty() || pending != identity ? &pending : nullptr);
      pending = identity;
    }
    if (sweep.moves) pending = kernel::compose(pending, kernel::inverse(sweep.fetch));
  }
  if (items_.empty() || pending != identity) add_item({}, &pending);
}

std::int64_t StateTables::function_of(const StepKind& kind) {
  for (std::size_t k = 0; k < functions_.size(); ++k)
    if (functions_[k].first == kind) return static_cast<std::int64_t>(k);
  const std::int64_t plane = plan_.in_place ? std::int64_t{1} << plan_.chunk_bits : amplitudes_;
  functions_.emplace_back(kind, emit_step(builder_, kind, plane, mask_table_));
  return static_cast<std::int64_t>(functions_.size() - 1);
}

void StateTables::dispatch(Value* row, std::span<Value* const> chunk, Value* offset) {
  auto& ir = builder_.ir;
  auto& context = builder_.module.getContext();
  Value* which = load_word(builder_, row, StepRow::function);
  auto* done = llvm::BasicBlock::Create(context, "done", builder_.function);
  auto* choice = ir.CreateSwitch(which, done, static_cast<unsigned>(functions_.size()));
  for (std::size_t k = 0; k < functions_.size(); ++k) {
    auto* block = llvm::BasicBlock::Create(context, "case", builder_.function);
    choice->addCase(ir.getInt64(k), block);
    ir.SetInsertPoint(block);
    const auto& [kind, function] = functions_[k];
    if (kind.adjoint) {
      Value* states = load_word(builder_, row, StepRow::states);
      Value* first = ir.CreateSelect(ir.CreateICmpEQ(states, builder_.index(2)), chunk.back(), chunk[0]);
      ir.CreateCall(function, {first, chunk.back(), arguments_, row, offset});
      builder_.when(ir.CreateICmpEQ(states, builder_.index(3)), [&] {
        ir.CreateCall(function, {chunk.back(), chunk.back(), arguments_, row, offset});
      });
    } else {
      ir.CreateCall(function, {chunk[0], chunk.back(), arguments_, row, offset});
    }
    ir.CreateBr(done);
  }
  ir.SetInsertPoint(done);
}

void StateTables::make_tables() {
  mask_table_->replaceAllUsesWith(make_table(builder_, masks_));
  mask_table_->eraseFromParent();
  item_table_ = make_table(builder_, items_);
  step_table_ = make_table(builder_, steps_);
  map_table_ = make_table(builder_, maps_);
}

Value* StateTables::map_at(Value* index) {
  auto& ir = builder_.ir;
  return ir.CreateGEP(builder_.i64, map_table_, ir.CreateNSWMul(index, builder_.index(map_words(program_.qubits))));
}

void StateTables::move(llvm::Function* function, const std::vector<Value*>& chunks, const std::vector<Value*>& states,
                       Value* map, Value* offset) {
  std::vector<Value*> arguments;
  for (std::size_t s = 0; s < states.size(); ++s) arguments.insert(arguments.end(), {chunks[s], states[s]});
  arguments.insert(arguments.end(), {map_at(map), offset});
  builder_.ir.CreateCall(function, arguments);
}

void StateTables::run_steps(Value* item, const std::vector<Value*>& chunks, Value* offset) {
  auto& ir = builder_.ir;
  Value* first = load_word(builder_, item, ItemRow::first);
  Value* last = ir.CreateNSWAdd(first, load_word(builder_, item, ItemRow::count));
  builder_.loop(first, last, 1, [&](Value* s) {
    dispatch(ir.CreateGEP(builder_.i64, step_table_, ir.CreateNSWMul(s, builder_.index(StepRow::size))), chunks,
             offset);
  });
}

void StateTables::walk(const std::vector<Value*>& states, const std::vector<Value*>& others,
                       const std::vector<Value*>& sources) {
  auto& ir = builder_.ir;
  make_tables();
  const std::size_t live = states.size();
  llvm::Function* gather = nullptr;
  if (changes_ > 0)
    gather = emit_move(builder_,
                       {program_.qubits, plan_.chunk_bits, static_cast<int>(live), amplitudes_, Move::Kind::fetch});
  const std::int64_t count = static_cast<std::int64_t>(items_.size()) / ItemRow::size;
  std::vector<Value*> carried = states;
  carried.insert(carried.end(), others.begin(), others.end());
  builder_.loop(builder_.index(0), builder_.index(count), 1, carried, [&](Value* i, std::span<Value* const> now) {
    Value* item = ir.CreateGEP(builder_.i64, item_table_, ir.CreateNSWMul(i, builder_.index(ItemRow::size)));
    Value* map = load_word(builder_, item, ItemRow::fetch);
    Value* fetches = ir.CreateICmpSGE(map, builder_.index(0));
    Value* first_item = ir.CreateICmpEQ(i, builder_.index(0));
    std::vector<Value*> from, to, next;
    for (std::size_t s = 0; s < live; ++s) {
      from.push_back(sources.empty() ? now[s] : ir.CreateSelect(first_item, sources[s], now[s]));
      to.push_back(ir.CreateSelect(fetches, now[live + s], now[s]));
    }
    next = to;
    for (std::size_t s = 0; s < live; ++s) next.push_back(ir.CreateSelect(fetches, now[s], now[live + s]));
    if (gather) builder_.when(fetches, [&] { move(gather, to, from, map, builder_.index(0)); });
    run_steps(item, to, builder_.index(0));
    return next;
  });
}

void StateTables::walk_in_place(Value* item_index, Value* part, int part_bits, const std::vector<Value*>& states,
                                const std::vector<Value*>& chunks, const std::vector<Value*>& sources,
                                const std::vector<Value*>& results) {
  auto& ir = builder_.ir;
  make_tables();
  const std::int64_t chunk = std::int64_t{1} << plan_.chunk_bits;
  Move kind{program_.qubits, plan_.chunk_bits, static_cast<int>(states.size()), chunk, Move::Kind::fetch};
  llvm::Function* fetch = emit_move(builder_, kind);
  kind.kind = Move::Kind::put_back;
  llvm::Function* put_back = emit_move(builder_, kind);
  kind.kind = Move::Kind::prefetch;
  llvm::Function* prefetch = emit_move(builder_, kind);
  Value* item = ir.CreateGEP(builder_.i64, item_table_, ir.CreateNSWMul(item_index, builder_.index(ItemRow::size)));
  Value* first = ir.CreateICmpEQ(item_index, builder_.index(0));
  Value* last = ir.CreateICmpEQ(item_index, builder_.index(items() - 1));
  std::vector<Value*> from = states, to = states;
  for (std::size_t s = 0; s < sources.size(); ++s) from[s] = ir.CreateSelect(first, sources[s], states[s]);
  for (std::size_t s = 0; s < results.size(); ++s) to[s] = ir.CreateSelect(last, results[s], states[s]);
  const std::int64_t positions = amplitudes_ >> part_bits;
  Value* begin = ir.CreateNSWMul(part, builder_.index(positions));
  builder_.loop(begin, ir.CreateNSWAdd(begin, builder_.index(positions)), chunk, [&](Value* offset) {
    move(fetch, chunks, from, load_word(builder_, item, ItemRow::fetch), offset);
    // The next chunk arrives while this one is worked on; behind the last comes the first again.
    move(prefetch, chunks, from, load_word(builder_, item, ItemRow::fetch),
         ir.CreateNSWAdd(offset, builder_.index(chunk)));
    run_steps(item, chunks, offset);
    move(put_back, chunks, to, load_word(builder_, item, ItemRow::store), offset);
  });
}

}  // namespace qiln::codegen
