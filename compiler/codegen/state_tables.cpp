#include "compiler/codegen/state_tables.h"

#include <fmt/format.h>

#include <algorithm>
#include <cassert>

#include "dsl/error.h"

namespace qiln::codegen {

using circuit::Block;
using kernel::StateItem;
using llvm::Value;
using Op = StepKind::Op;

StateTables::StateTables(LaneBuilder& builder, int entry_operands)
    : builder_(builder), program_(builder.nest.program), amplitudes_(std::int64_t{1} << program_.qubits) {
  std::int64_t begin = 0;
  for (int k = 0; k < entry_operands; ++k) {
    operand_begin_.push_back(begin);
    operand_varying_.push_back(builder.nest.arguments[k].varying);
    begin += builder.nest.operand_elements[k];
  }
  for (const Block& block : program_.blocks)
    if (static_cast<int>(block.qubits.size()) > kernel::max_block_qubits)
      throw Error(fmt::format("a gate on {} qubits; the state vector takes gates on up to {}", block.qubits.size(),
                              kernel::max_block_qubits),
                  1);
}

StateTables::Step StateTables::step_of(const StateItem& item, const std::vector<int>& blocks, bool adjoint) {
  const Block& first = program_.blocks[blocks[0]];
  Step step;
  step.kind.op = first.kind == Block::Kind::diagonal ? Op::diagonal : blocks.size() == 2 ? Op::pair : Op::dense;
  step.kind.adjoint = adjoint;
  std::vector<std::int32_t> qubits = first.qubits;
  step.kind.varying = operand_varying_[first.operand];
  for (std::size_t k = 0; k < blocks.size(); ++k) {
    const Block& block = program_.blocks[blocks[k]];
    step.row[StepRow::operand + 2 * k] = block.operand;
    step.row[StepRow::element + 2 * k] = block.element;
    if (k == 1) {
      qubits.push_back(block.qubits[0]);
      step.kind.varying_second = operand_varying_[block.operand];
    }
  }
  step.kind.qubits = static_cast<int>(qubits.size());
  step.row[StepRow::gradient] = operand_begin_[first.operand] + first.element;
  const std::vector<std::int64_t> strides = kernel::strides(program_, qubits);
  for (std::size_t k = 0; k < strides.size(); ++k) {
    step.row[StepRow::strides + k] = strides[k];
    step.bits |= static_cast<std::uint64_t>(strides[k]);
  }
  const auto levels = kernel::levels(item.local, strides);
  for (std::size_t l = 0; l < levels.size(); ++l) {
    step.row[StepRow::levels + 2 * l] = levels[l].count;
    step.row[StepRow::levels + 2 * l + 1] = levels[l].stride;
  }
  return step;
}

void StateTables::add_cross(const StateItem& item, int block, std::vector<Step>& steps) {
  const Block& of = program_.blocks[block];
  Step step = step_of(item, {block}, false);
  step.kind.adjoint = false;
  step.kind.varying = true;  // no entries are read
  const bool diagonal = of.kind == Block::Kind::diagonal;
  if (!diagonal && of.qubits.size() == 1) {
    step.kind.op = Op::cross;
    steps.push_back(step);
    return;
  }
  step.kind.op = Op::cross_element;
  step.kind.qubits = 1;  // one function does for any number
  const std::vector<std::int64_t> strides = kernel::strides(program_, of.qubits);
  const int side = 1 << of.qubits.size();
  auto corner = [&](int value) {
    std::int64_t offset = 0;
    for (std::size_t q = 0; q < strides.size(); ++q)
      if (value >> (strides.size() - 1 - q) & 1) offset += strides[q];
    return offset;
  };
  for (int i = 0; i < side; ++i)
    for (int j = 0; j < side; ++j) {
      if (diagonal && i != j) continue;
      step.row[StepRow::corners] = corner(i);
      step.row[StepRow::corners + 1] = corner(j);
      steps.push_back(step);
      step.row[StepRow::gradient] += 2;
    }
}

void StateTables::add_item(const StateItem& item, const std::vector<Step>& steps) {
  items_.insert(items_.end(), {-1, static_cast<std::int64_t>(steps_.size()) / StepRow::size,
                               static_cast<std::int64_t>(steps.size())});
  for (const kernel::Level& level : item.chunks) items_.insert(items_.end(), {level.count, level.stride});
  for (Step step : steps) {
    step.row[StepRow::function] = function_of(step.kind);
    steps_.insert(steps_.end(), step.row.begin(), step.row.end());
  }
}

void StateTables::add_map(const kernel::BitMap& map) {
  items_.insert(items_.end(), {static_cast<std::int64_t>(maps_.size()), 0, 0, 1, 0, 1, 0});
  maps_.push_back(static_cast<int>(maps_words_.size()));
  std::uint64_t all = 0;
  for (std::uint64_t column : map.columns) maps_words_.push_back(static_cast<std::int64_t>(all ^= column));
  maps_words_.push_back(static_cast<std::int64_t>(map.flip));
}

void StateTables::add_product(const std::vector<int>& blocks) {
  StateItem item;  // one chunk; the bits of earlier blocks vary
  std::vector<Step> steps;
  for (int block : blocks) {
    steps.push_back(step_of(item, {block}, false));
    steps.back().kind.op = Op::grow;
    item.local |= steps.back().bits;
  }
  if (!steps.empty()) add_item(item, steps);
}

void StateTables::add_forward(const std::vector<StateItem>& items) {
  for (const StateItem& item : items) {
    if (item.permutation >= 0) {
      add_map(inverse(kernel::bit_map(program_.blocks[item.permutation])));
      continue;
    }
    std::vector<Step> steps;
    for (const kernel::SweepStep& step : item.steps) steps.push_back(step_of(item, step.blocks, false));
    add_item(item, steps);
  }
}

void StateTables::add_backward(const std::vector<StateItem>& items) {
  for (std::size_t i = items.size(); i-- > 0;) {
    const StateItem& item = items[i];
    if (item.permutation >= 0) {
      add_map(kernel::bit_map(program_.blocks[item.permutation]));
      continue;
    }
    std::vector<Step> steps;
    for (std::size_t s = item.steps.size(); s-- > 0;) {
      for (int block : item.steps[s].blocks) add_cross(item, block, steps);
      steps.push_back(step_of(item, item.steps[s].blocks, true));
    }
    if (i == 0) {
      // Nothing reads the states behind the last R; undoing a block leaves the R of blocks on other qubits as it is.
      std::uint64_t needed = 0;
      std::vector<Step> kept;
      for (std::size_t s = steps.size(); s-- > 0;) {
        const bool undoes = steps[s].kind.adjoint;
        if (undoes && (steps[s].bits & needed) == 0) continue;
        needed |= steps[s].bits;
        kept.push_back(steps[s]);
      }
      steps.assign(kept.rbegin(), kept.rend());
    }
    add_item(item, steps);
  }
}

std::int64_t StateTables::function_of(const StepKind& kind) {
  for (std::size_t k = 0; k < functions_.size(); ++k)
    if (functions_[k].first == kind) return static_cast<std::int64_t>(k);
  functions_.emplace_back(kind, emit_step(builder_, kind, amplitudes_));
  return static_cast<std::int64_t>(functions_.size() - 1);
}

Value* StateTables::table(const std::vector<std::int64_t>& words) {
  std::vector<std::uint64_t> bits(std::max<std::size_t>(1, words.size()));  // a kernel without blocks has empty ones
  std::copy(words.begin(), words.end(), bits.begin());
  auto* data = llvm::ConstantDataArray::get(builder_.module.getContext(), bits);
  auto* global = new llvm::GlobalVariable(builder_.module, data->getType(), true, llvm::GlobalValue::PrivateLinkage,
                                          data, "table");
  global->setAlignment(llvm::Align(8));
  return global;
}

Value* StateTables::word(Value* table, Value* index) {
  return builder_.ir.CreateAlignedLoad(builder_.i64, builder_.ir.CreateGEP(builder_.i64, table, index), llvm::Align(8));
}

void StateTables::dispatch(Value* row, std::span<Value* const> chunk, Value* result) {
  auto& ir = builder_.ir;
  auto& context = builder_.module.getContext();
  Value* arguments = builder_.function->getArg(0);
  Value* which = word(row, builder_.index(StepRow::function));
  auto* done = llvm::BasicBlock::Create(context, "done", builder_.function);
  auto* choice = ir.CreateSwitch(which, done, static_cast<unsigned>(functions_.size()));
  for (std::size_t k = 0; k < functions_.size(); ++k) {
    auto* block = llvm::BasicBlock::Create(context, "case", builder_.function);
    choice->addCase(ir.getInt64(k), block);
    ir.SetInsertPoint(block);
    const auto& [kind, function] = functions_[k];
    ir.CreateCall(function, {chunk[0], chunk.back(), result, arguments, row});
    if (kind.adjoint) ir.CreateCall(function, {chunk.back(), chunk.back(), result, arguments, row});
    ir.CreateBr(done);
  }
  ir.SetInsertPoint(done);
}

std::vector<Value*> StateTables::walk(std::vector<Value*> states, Value* result) {
  auto& ir = builder_.ir;
  Value *items = table(items_), *steps = table(steps_), *maps = table(maps_words_);
  llvm::Function* permute = maps_.empty() ? nullptr : emit_permutation(builder_, program_.qubits);
  const std::size_t live = states.size() - 1;
  const std::int64_t count = static_cast<std::int64_t>(items_.size()) / ItemRow::size;
  return builder_.loop(builder_.index(0), builder_.index(count), 1, states, [&](Value* i, std::span<Value* const> now) {
    std::vector<Value*> at(now.begin(), now.end());
    Value* item = ir.CreateGEP(builder_.i64, items, ir.CreateNSWMul(i, builder_.index(ItemRow::size)));
    auto field = [&](int k) { return word(item, builder_.index(k)); };
    Value* map = field(ItemRow::permutation);
    Value* permutes = ir.CreateICmpSGE(map, builder_.index(0));
    if (permute) {
      builder_.when(permutes, [&] {
        Value* words = ir.CreateGEP(builder_.i64, maps, ir.CreateNSWMul(map, builder_.index(program_.qubits + 1)));
        Value* free = at.back();
        for (std::size_t s = 0; s < live; ++s) {
          ir.CreateCall(permute, {free, at[s], words});
          free = at[s];
        }
      });
    }
    builder_.when(ir.CreateNot(permutes), [&] {
      auto chunk_loop = [&](int level, Value* base, const std::function<void(Value*)>& body) {
        builder_.loop(builder_.index(0), field(ItemRow::chunks + 2 * level), 1, [&, base](Value* c) {
          body(ir.CreateNSWAdd(base, ir.CreateNSWMul(c, field(ItemRow::chunks + 2 * level + 1))));
        });
      };
      Value *first = field(ItemRow::first), *last = ir.CreateNSWAdd(first, field(ItemRow::count));
      chunk_loop(0, builder_.index(0), [&](Value* outer) {
        chunk_loop(1, outer, [&](Value* offset) {
          std::vector<Value*> chunk;
          for (std::size_t s = 0; s < live; ++s) chunk.push_back(ir.CreateGEP(builder_.vector, at[s], offset));
          builder_.loop(first, last, 1, [&](Value* s) {
            Value* row = ir.CreateGEP(builder_.i64, steps, ir.CreateNSWMul(s, builder_.index(StepRow::size)));
            dispatch(row, chunk, result);
          });
        });
      });
    });
    // A permutation took each state into the buffer that the one before it had left.
    std::vector<Value*> next;
    for (std::size_t s = 0; s < at.size(); ++s) {
      Value* moved = s == 0 ? at.back() : at[s - 1];
      next.push_back(ir.CreateSelect(permutes, moved, at[s]));
    }
    return next;
  });
}

void StateTables::finish(Value* result) {
  // Entries that several blocks share are finished once.
  std::vector<std::array<std::int64_t, 3>> finished;
  std::vector<std::int64_t> rows;
  const std::size_t first = functions_.size();
  for (const Block& block : program_.blocks) {
    if (block.kind == Block::Kind::permutation) continue;
    const std::array<std::int64_t, 3> entries{block.operand, block.element, static_cast<std::int64_t>(block.kind)};
    if (std::find(finished.begin(), finished.end(), entries) != finished.end()) continue;
    finished.push_back(entries);
    StateItem item;
    Step step = step_of(item, {static_cast<int>(&block - program_.blocks.data())}, false);
    step.kind.op = block.kind == Block::Kind::diagonal ? Op::finish_diagonal : Op::finish_dense;
    step.row[StepRow::function] = function_of(step.kind);
    rows.insert(rows.end(), step.row.begin(), step.row.end());
  }
  if (rows.empty()) return;
  functions_.erase(functions_.begin(), functions_.begin() + static_cast<std::ptrdiff_t>(first));
  for (std::size_t r = StepRow::function; r < rows.size(); r += StepRow::size)
    rows[r] -= static_cast<std::int64_t>(first);
  Value* steps = table(rows);
  const auto count = static_cast<std::int64_t>(rows.size()) / StepRow::size;
  builder_.loop(builder_.index(0), builder_.index(count), 1, [&](Value* s) {
    Value* row = builder_.ir.CreateGEP(builder_.i64, steps, builder_.ir.CreateNSWMul(s, builder_.index(StepRow::size)));
    Value* const none[] = {result};
    dispatch(row, none, result);
  });
}

}  // namespace qiln::codegen
