// What circuits of turns need beside the state: their matrices, the product state that the first ones make, and the
// cotangents of their angles. All of it walks tables, so that code does not grow with the number of turns.
#pragma once

#include <vector>

#include "compiler/codegen/lane_builder.h"
#include "compiler/kernel/state_plan.h"

namespace qiln::codegen {

/// Where an operand of apply_blocks stands: the number of its argument is its own.
struct Operands {
  std::vector<bool> varying;             // lane by lane
  std::vector<std::int64_t> cotangents;  // first element in the adjoint's result
};

class Turns {
 public:
  /// `area` is the argument with the numbers of kernel::TurnArea, `arguments` the array of the nest's argument
  /// pointers.
  Turns(LaneBuilder& builder, const kernel::StatePlan& plan, const Operands& operands, llvm::Value* arguments,
        llvm::Value* area);

  /// Matrices, cosines and sines, and the sign of all of the state that rotations leave out; sums are set to zero.
  void prepare();
  /// Room for a chunk of state k of two.
  llvm::Value* chunk(int k) {
    return at(area_, builder_.index(layout_.chunk + k * (std::int64_t{2} << plan_.chunk_bits)));
  }
  std::int64_t chunk_offset() const { return layout_.chunk; }
  llvm::Value* sign() { return load(area_, builder_.index(layout_.sign)); }
  /// Writes part `part` of 2^part_bits of the product state that the plan's start makes of |0...0>.
  void product(llvm::Value* state, llvm::Value* part, int part_bits);
  /// Adds the sums of another area.
  void add_sums(llvm::Value* area);
  /// Sums of the blocks of the start, from the cotangent of the product state; overwrites both scratch states. In three
  /// steps, of which each part of 2^part_bits takes the second one: the product of the bits below the parts' is grown;
  /// each part is contracted with that, and amplitude by amplitude all parts with the product of the bits above, which
  /// leaves `contracted`, 2^part_bits amplitudes, and some of `partial`; then the sums of both halves of the bits.
  /// Behind `contracted`, which all parts share, there is room for twice as much again.
  void grow_product(llvm::Value* grown, int part_bits);
  void contract_product(llvm::Value* cotangent, llvm::Value* partial, llvm::Value* grown, llvm::Value* contracted,
                        llvm::Value* part, int part_bits);
  void product_adjoint(llvm::Value* cotangent, llvm::Value* partial, llvm::Value* grown, llvm::Value* contracted,
                       int part_bits);
  /// Adds the cotangents of all angles, from the sums, to the adjoint's result.
  void gradients(llvm::Value* result);

 private:
  struct Complex {
    llvm::Value *re, *im;
  };
  llvm::Value* at(llvm::Value* base, llvm::Value* index);
  llvm::Value* load(llvm::Value* base, llvm::Value* index) { return builder_.load_vector(at(base, index)); }
  Complex amplitude(llvm::Value* state, llvm::Value* index);
  void set_amplitude(llvm::Value* state, llvm::Value* index, Complex value);
  Complex multiply(Complex a, Complex b);
  Complex multiply_conjugate(Complex a, Complex b);  // a conj(b)
  Complex add(Complex a, Complex b);
  llvm::Value* half_angle(llvm::Value* row);
  llvm::Value* number(llvm::Value* row, int field);  // a float of a row
  /// Element e of the first column of a start's matrix; (1, 0) where the bit has none.
  /// Over the bits from `first` to last - 1, or back.
  void over_start(std::int64_t first, std::int64_t last, bool upwards,
                  const std::function<void(llvm::Value* bit, llvm::Value* matrix)>& body);
  /// Sums of the blocks of these bits. Their cotangent stands at `whole`, or if that is null where contraction with the
  /// bits above left it in `partial`; `one` is what the product starts from.
  void sums_of_start(std::int64_t first, std::int64_t last, llvm::Value* whole, llvm::Value* partial,
                     llvm::Value* grown, llvm::Value* one);
  void grow(llvm::Value* state, std::int64_t first, std::int64_t last);
  Complex column(llvm::Value* matrix, int element);
  void turn_rows(llvm::Value* matrix, llvm::Value* y_turn, llvm::Value* c, llvm::Value* s);
  void undo_sum(llvm::Value* sum, llvm::Value* y_turn, llvm::Value* c, llvm::Value* s);

  LaneBuilder& builder_;
  llvm::IRBuilder<>& ir_;
  const kernel::StatePlan& plan_;
  const circuit::BlockProgram& program_;
  kernel::TurnArea layout_;
  llvm::Value *arguments_, *area_;
  std::int64_t amplitudes_;
  std::int64_t plane_;  // from real to imaginary parts, of the states now worked on
  llvm::Value *turns_ = nullptr, *phases_ = nullptr, *start_ = nullptr;  // tables
  std::int64_t turn_count_ = 0, phase_count_ = 0;
};

/// A constant array of i64 in the builder's module.
llvm::Value* make_table(LaneBuilder& builder, const std::vector<std::int64_t>& words);
/// The bits of a float, as a word of a table.
std::int64_t float_word(double value);

}  // namespace qiln::codegen
