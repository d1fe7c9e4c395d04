// The tables that a state-vector kernel walks, and the functions their rows call.
#pragma once

#include <map>
#include <vector>

#include "compiler/codegen/state_steps.h"

namespace qiln::codegen {

/// A row of the item table, all i64.
struct ItemRow {
  static constexpr int permutation = 0;  // -1: a sweep; else which map
  static constexpr int first = 1;        // steps of a sweep
  static constexpr int count = 2;
  static constexpr int chunks = 3;  // count and stride, twice
  static constexpr int size = 7;
};

class StateTables {
 public:
  /// `entry_operands`: how many of the nest's arguments are entries.
  StateTables(LaneBuilder& builder, int entry_operands);

  /// Blocks of kernel::product_start, on |0...0>.
  void add_product(const std::vector<int>& blocks);
  void add_forward(const std::vector<kernel::StateItem>& items);
  /// The items backwards, by the adjoints; before a block is undone its R (state_steps.h) is summed up.
  void add_backward(const std::vector<kernel::StateItem>& items);

  /// Walks the items. states[0] is x, states[1] (backwards) y, the last one free; each permutation takes every state
  /// into the free one. Returns where the states then are.
  std::vector<llvm::Value*> walk(std::vector<llvm::Value*> states, llvm::Value* result);
  /// Makes cotangents of the entries from R.
  void finish(llvm::Value* result);

  int permutations() const { return static_cast<int>(maps_.size()); }

 private:
  using Row = std::array<std::int64_t, StepRow::size>;
  struct Step {
    Row row{};
    StepKind kind;
    std::uint64_t bits = 0;  // of the index that the step mixes or reads
  };
  Step step_of(const kernel::StateItem& item, const std::vector<int>& blocks, bool adjoint);
  void add_cross(const kernel::StateItem& item, int block, std::vector<Step>& steps);
  void add_item(const kernel::StateItem& item, const std::vector<Step>& steps);
  void add_map(const kernel::BitMap& map);
  std::int64_t function_of(const StepKind& kind);
  llvm::Value* table(const std::vector<std::int64_t>& words);
  llvm::Value* word(llvm::Value* table, llvm::Value* index);
  /// Calls the function of a row; an undoing one acts on both x and y.
  void dispatch(llvm::Value* row, std::span<llvm::Value* const> chunk, llvm::Value* result);

  LaneBuilder& builder_;
  const circuit::BlockProgram& program_;
  std::vector<std::int64_t> operand_begin_;  // of each entries operand in the flattened cotangents
  std::vector<bool> operand_varying_;
  std::int64_t amplitudes_;
  std::vector<std::int64_t> items_, steps_, maps_words_;
  std::vector<int> maps_;
  std::vector<std::pair<StepKind, llvm::Function*>> functions_;
};

}  // namespace qiln::codegen
