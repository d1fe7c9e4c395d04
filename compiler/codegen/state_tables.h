// The tables that a state-vector kernel walks, and the functions their rows call.
#pragma once

#include <map>
#include <vector>

#include "compiler/codegen/state_steps.h"

namespace qiln::codegen {

class StateTables {
 public:
  /// `entry_operands`: how many of the nest's arguments are entries.
  StateTables(LaneBuilder& builder, int entry_operands);

  /// Blocks of kernel::product_start, on |0...0>.
  void add_product(const std::vector<int>& blocks);
  void add_forward(const std::vector<kernel::StateItem>& items);
  /// The items backwards, by the adjoints, from where the states are found; before a block is undone its R
  /// (state_steps.h) is summed up.
  void add_backward(const std::vector<kernel::StateItem>& items);

  /// How often the walk changes to the other set of buffers.
  int changes() const { return changes_; }
  /// Walks the items on x (and y, backwards), which lie in `states` at first and, after each change, in the other of
  /// `states` and `others`; the first item of a backward walk reads `sources` and writes `others`. Sums go to `result`.
  void walk(const std::vector<llvm::Value*>& states, const std::vector<llvm::Value*>& others,
            const std::vector<llvm::Value*>& sources, llvm::Value* result);
  /// Makes cotangents of the entries from R.
  void finish(llvm::Value* result);

 private:
  using Row = std::array<std::int64_t, StepRow::size>;
  struct Step {
    Row row{};
    StepKind kind;
    std::uint64_t bits = 0;  // of the index that the step mixes or reads
  };
  Step step_of(const kernel::StateItem& item, const std::vector<int>& blocks, bool adjoint);
  void add_cross(const kernel::StateItem& item, int block, std::vector<Step>& steps);
  /// Steps without those whose effect nothing reads.
  static std::vector<Step> without_last_undoing(const std::vector<Step>& steps);
  void add_item(const kernel::StateItem& item, const std::vector<Step>& steps);
  /// The next item fetches its chunks through the map; one that is waiting already becomes an item of its own.
  void fetch_through(const kernel::BitMap& map);
  void flush_map();
  std::int64_t function_of(const StepKind& kind);
  llvm::Value* table(const std::vector<std::int64_t>& words);
  llvm::Value* word(llvm::Value* table, llvm::Value* index);
  void over_chunks(llvm::Value* item, const std::function<void(llvm::Value* offset)>& body);
  /// Calls the function of a row; an undoing one acts on both x and y.
  void dispatch(llvm::Value* row, std::span<llvm::Value* const> chunk, llvm::Value* result);

  LaneBuilder& builder_;
  const circuit::BlockProgram& program_;
  std::vector<std::int64_t> operand_begin_;  // of each entries operand in the flattened cotangents
  std::vector<bool> operand_varying_;
  std::int64_t amplitudes_;
  std::vector<std::int64_t> items_, steps_, maps_;
  int changes_ = 0;
  bool map_waits_ = false;  // the last one of maps_
  std::vector<std::pair<StepKind, llvm::Function*>> functions_;
};

}  // namespace qiln::codegen
