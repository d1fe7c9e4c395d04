// What all emitters share: a function of the kernel ABI under construction, lane vectors, addresses, loops.
#pragma once

#include <llvm/IR/IRBuilder.h>
#include <llvm/IR/Module.h>

#include <functional>
#include <span>
#include <vector>

#include "compiler/codegen/target.h"
#include "compiler/kernel/kernel.h"

namespace qiln::codegen {

/// A loop coordinate: a run-time part (null: zero), known to be a multiple of `multiple`, plus a constant, so that
/// unrolled code has constant offsets.
struct Coordinate {
  llvm::Value* base = nullptr;
  std::int64_t offset = 0;
  std::int64_t multiple = 1;
  Coordinate plus(std::int64_t delta) const { return {base, offset + delta, multiple}; }
};

/// Values of a varying nest are `lanes`-wide vectors; of a uniform nest they are `width`-wide vectors of neighbouring
/// elements, or scalars when width is 1. What callers of kernels must keep: varying buffers are aligned to a lane
/// vector, and an argument that is not written overlaps no written one. Uniform pointwise nests alone may update in
/// place through two arguments, where each element is written by the point that reads it.
class LaneBuilder {
 public:
  /// Starts the function "kernel", with the target's attributes; `ir` stands in its entry block, after the argument
  /// pointers have been loaded.
  LaneBuilder(llvm::Module& module, const kernel::Nest& nest, const Target& target);
  /// Ends the function with a return.
  void finish();

  llvm::IRBuilder<> ir;
  llvm::Module& module;
  const kernel::Nest& nest;
  const Target& target;
  llvm::Function* function;
  llvm::Value *begin, *end;  // i64: the tile range
  llvm::Type *f32, *i32, *i64, *pointer;
  int width;           // floats in a value here: the lanes in a varying nest, else 1 until set_width
  llvm::Type* vector;  // <width x float>, or float when width is 1
  /// In a uniform nest only: from now on values are `width` neighbours along coordinate `axis`. Accesses must have
  /// stride 1 or 0 there and no guard that depends on it.
  void set_width(int width, int axis = -1);

  llvm::Value* argument(int index) const { return arguments_[index]; }
  /// Whether an element of the argument is a vector of lanes.
  bool varying(int index) const { return varying_[index]; }
  /// From now on argument `index` lies there.
  void set_argument(int index, llvm::Value* pointer) { arguments_[index] = pointer; }
  /// One more argument of lane vectors, `floats` floats into the thread's scratch memory; returns its index.
  int add_scratch(std::int64_t floats);
  llvm::Value* seed();          // i64
  llvm::Value* step();          // i32
  llvm::Value* first_sample();  // i32
  llvm::Value* mask();          // <lanes x i1>: lanes that hold a sample

  llvm::Value* index(std::int64_t value) { return ir.getInt64(value); }
  llvm::Value* value(const Coordinate& coordinate);  // i64
  llvm::Value* splat(double value);                  // of `vector`

  /// The pointer to the element of an access: constant parts are folded into one offset.
  llvm::Value* address(const kernel::Access& access, std::span<const Coordinate> at);
  /// i1 that is true where all guards hold; null when there is nothing to test (none, or decided at compile time as
  /// true).
  llvm::Value* in_bounds(const kernel::Access& access, std::span<const Coordinate> at);
  /// A lane vector from a varying argument, a broadcast scalar from a uniform one; zero out of bounds.
  llvm::Value* load(const kernel::Access& access, std::span<const Coordinate> at);
  llvm::Value* load_vector(llvm::Value* address);     // aligned to the lanes in a varying nest, else to a float
  llvm::Value* load_broadcast(llvm::Value* address);  // one float to all lanes
  void store_vector(llvm::Value* value, llvm::Value* address);
  /// Adds one float, or neighbouring ones, to what stands there.
  void add_to(llvm::Value* address, llvm::Value* value);
  /// Makes one store: plain, or summed over the valid lanes and added to what is there.
  void store(const kernel::Store& store, llvm::Value* value, std::span<const Coordinate> at);
  /// The sum over the lanes of each value, as a vector of values.size() floats (a power of two): in a fixed tree order,
  /// the same for any number of values.
  llvm::Value* lane_sums(std::span<llvm::Value* const> values);
  llvm::Value* lane_sum(llvm::Value* value);                         // float
  llvm::Value* fma(llvm::Value* a, llvm::Value* b, llvm::Value* c);  // a * b + c, rounded once where the target can

  /// for (i = from; i < to; i += by) body(i); `carried` are loop-carried values, body returns their next values.
  std::vector<llvm::Value*> loop(
      llvm::Value* from, llvm::Value* to, std::int64_t by, std::vector<llvm::Value*> carried,
      const std::function<std::vector<llvm::Value*>(llvm::Value*, std::span<llvm::Value* const>)>& body);
  void loop(llvm::Value* from, llvm::Value* to, std::int64_t by, const std::function<void(llvm::Value*)>& body);
  /// if (condition) body(); a null condition is true.
  void when(llvm::Value* condition, const std::function<void()>& body);

 private:
  bool is_vector(const kernel::Access& access) const;
  /// Says what the access may alias, from the argument that its address is derived from.
  template <class Memory>
  Memory* annotated(Memory* access, llvm::Value* address);
  llvm::Value* transposed_sums(std::vector<llvm::Value*> values);

  std::vector<llvm::Value*> arguments_;
  std::vector<bool> varying_;
  std::vector<llvm::MDNode*> scope_, other_scopes_;  // one an argument
  std::vector<bool> read_only_;
  bool may_update_in_place_;
  llvm::Value *seed_, *step_, *first_sample_, *scratch_, *mask_ = nullptr;
  int vector_axis_ = -1;
};

}  // namespace qiln::codegen
