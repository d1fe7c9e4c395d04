// The functions that work on one chunk of a state vector: one for each kind of block, whatever its qubits and place,
// which it reads from a row of the step table.
#pragma once

#include <compare>

#include "compiler/codegen/lane_builder.h"
#include "compiler/kernel/state_plan.h"

namespace qiln::codegen {

/// A row of the step table, all i64.
struct StepRow {
  static constexpr int function = 0;  // which of the step functions
  static constexpr int operand = 1;   // argument index and first element of the entries, twice for a pair
  static constexpr int element = 2;
  static constexpr int gradient = 5;  // first element of the entries' cotangents
  static constexpr int strides = 6;   // in amplitudes, of each qubit
  static constexpr int levels = 10;   // count and stride of each
  static constexpr int corners = 22;  // of cross_element: the offsets of row and column
  static constexpr int size = 24;
};

struct StepKind {
  enum class Op : std::uint8_t {
    dense,          // x <- M x
    grow,           // x <- x times the first column of M on one qubit, for x that is 0 where that qubit is 1
    pair,           // x <- (M on the first qubit, N on the second) x
    diagonal,       // x <- D x
    cross,          // R += y x^dagger on one qubit, all 2 x 2 elements
    cross_element,  // one element of R, on any qubits: y at the row's corner times conj(x at the column's)
    finish_dense,   // R <- R M: the cotangent of M from R at the block's output, M being unitary
    finish_diagonal,
  } op{};
  int qubits = 1;
  bool varying = true, varying_second = true;  // the entries, lane by lane
  bool adjoint = false;                        // dense, pair, diagonal: the adjoint of the matrices
  auto operator<=>(const StepKind&) const = default;
};

/// An internal function (x, y, result, arguments, row): x and y point at the chunk's first real part, the imaginary
/// parts stand `amplitudes` further; result is the buffer of the cotangents; arguments are the kernel's.
llvm::Function* emit_step(LaneBuilder& builder, const StepKind& kind, std::int64_t amplitudes);

/// A row of the item table, all i64: a sweep over chunks, before which the chunk may be fetched through a map.
struct ItemRow {
  static constexpr int map = 0;    // which one; -1: the chunk is where it belongs
  static constexpr int first = 1;  // steps
  static constexpr int count = 2;
  static constexpr int chunks = 3;  // count and stride of the loops over chunks, twice
  static constexpr int rows = 7;    // a chunk is `rows` runs of neighbours, row_stride apart
  static constexpr int row_stride = 8;
  static constexpr int run = 9;
  static constexpr int size = 10;
};

/// Words of a map of the map table: for each bit t the exclusive or of columns 0 to t, then the columns, then the flip.
constexpr std::int64_t map_words(int qubits) { return 2 * qubits + 1; }

/// An internal function (to, from, map, item, offset): to[b] = from[map(b)] for the amplitudes b of the chunk at
/// `offset`.
llvm::Function* emit_gather(LaneBuilder& builder, int qubits);

/// Emits an internal function with the builder standing in its body.
llvm::Function* emit_function(LaneBuilder& builder, const char* name, const std::vector<llvm::Type*>& parameters,
                              const std::function<void(std::span<llvm::Value* const>)>& body);

}  // namespace qiln::codegen
