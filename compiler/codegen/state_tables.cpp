#include "compiler/codegen/state_tables.h"

#include <fmt/format.h>

#include <algorithm>
#include <bit>
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
  const std::int64_t maps = static_cast<std::int64_t>(maps_.size()) / map_words(program_.qubits);
  items_.insert(items_.end(), {map_waits_ ? maps - 1 : -1, static_cast<std::int64_t>(steps_.size()) / StepRow::size,
                               static_cast<std::int64_t>(steps.size())});
  changes_ += map_waits_;
  map_waits_ = false;
  for (const kernel::Level& level : item.chunks) items_.insert(items_.end(), {level.count, level.stride});
  const int run = std::countr_one(item.local);
  const std::uint64_t rows = item.local >> run << run;
  items_.insert(items_.end(), {std::int64_t{1} << std::popcount(rows),
                               rows ? std::int64_t{1} << std::countr_zero(rows) : 0, std::int64_t{1} << run});
  for (Step step : steps) {
    step.row[StepRow::function] = function_of(step.kind);
    steps_.insert(steps_.end(), step.row.begin(), step.row.end());
  }
}

void StateTables::fetch_through(const kernel::BitMap& map) {
  flush_map();
  std::uint64_t all = 0;
  for (std::uint64_t column : map.columns) maps_.push_back(static_cast<std::int64_t>(all ^= column));
  for (std::uint64_t column : map.columns) maps_.push_back(static_cast<std::int64_t>(column));
  maps_.push_back(static_cast<std::int64_t>(map.flip));
  map_waits_ = true;
}

void StateTables::flush_map() {
  if (!map_waits_) return;
  StateItem item;
  item.local = static_cast<std::uint64_t>(amplitudes_) - 1;
  add_item(item, {});
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
      fetch_through(inverse(kernel::bit_map(program_.blocks[item.permutation])));
      continue;
    }
    std::vector<Step> steps;
    for (const kernel::SweepStep& step : item.steps) steps.push_back(step_of(item, step.blocks, false));
    add_item(item, steps);
  }
  flush_map();
}

std::vector<StateTables::Step> StateTables::without_last_undoing(const std::vector<Step>& steps) {
  // Undoing a block leaves the R of blocks on other qubits as it is.
  std::uint64_t needed = 0;
  std::vector<Step> kept;
  for (std::size_t s = steps.size(); s-- > 0;) {
    if (steps[s].kind.adjoint && (steps[s].bits & needed) == 0) continue;
    needed |= steps[s].bits;
    kept.push_back(steps[s]);
  }
  return {kept.rbegin(), kept.rend()};
}

void StateTables::add_backward(const std::vector<StateItem>& items) {
  const bool whole = program_.initial >= 0;  // the initial state's cotangent is wanted
  const auto last = std::find_if(items.begin(), items.end(),
                                 [&](const StateItem& item) { return whole || item.permutation < 0; });
  kernel::BitMap identity;
  for (int bit = 0; bit < program_.qubits; ++bit) identity.columns.push_back(std::uint64_t{1} << bit);
  bool found = false;  // the states have been fetched from where they were found
  for (auto item = items.end(); item != last;) {
    --item;
    if (item->permutation >= 0) {
      fetch_through(kernel::bit_map(program_.blocks[item->permutation]));
      found = true;
      continue;
    }
    if (!found) fetch_through(identity);
    found = true;
    std::vector<Step> steps;
    for (std::size_t s = item->steps.size(); s-- > 0;) {
      for (int block : item->steps[s].blocks) add_cross(*item, block, steps);
      steps.push_back(step_of(*item, item->steps[s].blocks, true));
    }
    add_item(*item, item == last && !whole ? without_last_undoing(steps) : steps);
  }
  flush_map();
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

void StateTables::walk(const std::vector<Value*>& states, const std::vector<Value*>& others,
                       const std::vector<Value*>& sources, Value* result) {
  auto& ir = builder_.ir;
  Value *items = table(items_), *steps = table(steps_), *maps = table(maps_);
  llvm::Function* gather = changes_ > 0 ? emit_gather(builder_, program_.qubits) : nullptr;
  const std::size_t live = states.size();
  const std::int64_t count = static_cast<std::int64_t>(items_.size()) / ItemRow::size;
  std::vector<Value*> carried = states;
  carried.insert(carried.end(), others.begin(), others.end());
  builder_.loop(builder_.index(0), builder_.index(count), 1, carried, [&](Value* i, std::span<Value* const> now) {
    Value* item = ir.CreateGEP(builder_.i64, items, ir.CreateNSWMul(i, builder_.index(ItemRow::size)));
    auto field = [&](int k) { return word(item, builder_.index(k)); };
    Value* map = field(ItemRow::map);
    Value* fetches = ir.CreateICmpSGE(map, builder_.index(0));
    Value* first_item = ir.CreateICmpEQ(i, builder_.index(0));
    std::vector<Value*> from, to, next;
    for (std::size_t s = 0; s < live; ++s) {
      from.push_back(sources.empty() ? now[s] : ir.CreateSelect(first_item, sources[s], now[s]));
      to.push_back(ir.CreateSelect(fetches, now[live + s], now[s]));
    }
    next = to;
    for (std::size_t s = 0; s < live; ++s) next.push_back(ir.CreateSelect(fetches, now[s], now[live + s]));

    Value *first = field(ItemRow::first), *last = ir.CreateNSWAdd(first, field(ItemRow::count));
    over_chunks(item, [&](Value* offset) {
      if (gather)
        builder_.when(fetches, [&] {
          Value* words =
              ir.CreateGEP(builder_.i64, maps, ir.CreateNSWMul(map, builder_.index(map_words(program_.qubits))));
          for (std::size_t s = 0; s < live; ++s) ir.CreateCall(gather, {to[s], from[s], words, item, offset});
        });
      std::vector<Value*> chunk;
      for (Value* state : to) chunk.push_back(ir.CreateGEP(builder_.vector, state, offset));
      builder_.loop(first, last, 1, [&](Value* s) {
        Value* row = ir.CreateGEP(builder_.i64, steps, ir.CreateNSWMul(s, builder_.index(StepRow::size)));
        dispatch(row, chunk, result);
      });
    });
    return next;
  });
}

void StateTables::over_chunks(Value* item, const std::function<void(Value*)>& body) {
  auto field = [&](int k) { return word(item, builder_.index(ItemRow::chunks + k)); };
  auto& ir = builder_.ir;
  builder_.loop(builder_.index(0), field(0), 1, [&](Value* outer) {
    Value* base = ir.CreateNSWMul(outer, field(1));
    builder_.loop(builder_.index(0), field(2), 1,
                  [&](Value* inner) { body(ir.CreateNSWAdd(base, ir.CreateNSWMul(inner, field(3)))); });
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
