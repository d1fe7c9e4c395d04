// The tables that a state-vector kernel walks, and the functions their rows call.
#pragma once

#include <vector>

#include "compiler/codegen/state_steps.h"
#include "compiler/codegen/state_turns.h"

namespace qiln::codegen {

/// The numbers of a kernel's arguments.
struct StateArguments {
  int tables = 0;  // of phases
  int result = 0;  // of the adjoint: where cotangents go
  int area = 0;    // of kernel::TurnArea
};

class StateTables {
 public:
  StateTables(LaneBuilder& builder, const kernel::StatePlan& plan, const Operands& operands, StateArguments numbers,
              llvm::Value* arguments);

  void add_forward();
  /// The sweeps backwards, by the adjoints, from where the states are found back to where the first sweep found them;
  /// before a block is undone its sum is made.
  void add_backward();

  /// How often the walk changes to the other set of buffers; never in place.
  int changes() const { return changes_; }
  /// Walks the items on x (and y, backwards), which lie in `states` at first and, after each change, in the other of
  /// `states` and `others`; the first item of a backward walk reads `sources` and writes `others`.
  void walk(const std::vector<llvm::Value*>& states, const std::vector<llvm::Value*>& others,
            const std::vector<llvm::Value*>& sources);
  /// Walks item `item` of a plan that works in place on `states`, over the chunks of part `part` of 2^part_bits of the
  /// positions: chunks are worked on in `chunks`, the first item fetches them from `sources` and the last one puts them
  /// back to `results`, if there are any.
  void walk_in_place(llvm::Value* item, llvm::Value* part, int part_bits, const std::vector<llvm::Value*>& states,
                     const std::vector<llvm::Value*>& chunks, const std::vector<llvm::Value*>& sources,
                     const std::vector<llvm::Value*>& results);
  std::int64_t items() const { return static_cast<std::int64_t>(items_.size()) / ItemRow::size; }

 private:
  using Row = std::array<std::int64_t, StepRow::size>;
  struct Step {
    Row row{};
    StepKind kind;
  };
  void set_operand(Step& step, int k, int block);
  Step step_of(const kernel::Sweep& sweep, const std::vector<int>& blocks, bool backward);
  Step phase_step(const kernel::Sweep& sweep, int block, bool backward);
  void undo_entries(const kernel::Sweep& sweep, int block, std::vector<Step>& steps);
  void add_cross(const kernel::Sweep& sweep, int block, std::vector<Step>& steps);
  std::vector<Step> undoing(const kernel::Sweep& sweep);
  void add_item(const std::vector<Step>& steps, const kernel::BitMap* fetch, const kernel::BitMap* store = nullptr);
  std::int64_t add_map(const kernel::BitMap& map);
  llvm::Value* map_at(llvm::Value* index);
  void make_tables();
  /// Calls a move of chunks.
  void move(llvm::Function* function, const std::vector<llvm::Value*>& chunks, const std::vector<llvm::Value*>& states,
            llvm::Value* map, llvm::Value* offset);
  void run_steps(llvm::Value* item, const std::vector<llvm::Value*>& chunks, llvm::Value* offset);
  std::int64_t function_of(const StepKind& kind);
  /// Calls the function of a row; an undoing one acts on both x and y.
  void dispatch(llvm::Value* row, std::span<llvm::Value* const> chunk, llvm::Value* offset);

  LaneBuilder& builder_;
  const kernel::StatePlan& plan_;
  const circuit::BlockProgram& program_;
  const Operands& operands_;
  StateArguments numbers_;
  llvm::Value* arguments_;
  kernel::TurnArea layout_;
  std::int64_t amplitudes_;
  std::vector<std::int64_t> table_of_;  // first element of each block of phases in the tables
  std::vector<std::int64_t> items_, steps_, maps_, masks_;
  llvm::GlobalVariable* mask_table_;  // replaced by the table of masks once that is known
  llvm::Value *item_table_ = nullptr, *step_table_ = nullptr, *map_table_ = nullptr;
  int changes_ = 0;
  std::vector<std::pair<StepKind, llvm::Function*>> functions_;
};

}  // namespace qiln::codegen
