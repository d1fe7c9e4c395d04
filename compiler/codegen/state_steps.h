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
  static constexpr int operand = 1;   // argument and first element of the entries, twice for a pair
  static constexpr int element = 2;
  static constexpr int gradient = 5;  // argument and first element of the entries' cotangents (or sums), twice too
  static constexpr int strides = 9;   // in amplitudes, of each qubit
  static constexpr int levels = 13;   // count and stride of each
  static constexpr int corners = 23;  // of cross steps: the offsets of row and column
  static constexpr int plane = 23;    // of phases: from the real to the imaginary parts of the table
  static constexpr int terms = 25;    // of phases: first and number of masks in the table of masks
  static constexpr int states = 27;   // of dense, pair, diagonal: 1 for x, 2 for y, 3 for both
  static constexpr int size = 28;
};

struct StepKind {
  enum class Op : std::uint8_t {
    dense,      // x <- M x
    pair,       // x <- (M on the first qubit, N on the second) x
    diagonal,   // x <- D x
    cross,      // R += y x^dagger on one qubit, all 2 x 2 elements
    cross_row,  // of R on k >= 2 qubits, 4 elements: y at the row's corner times conj(x from the column's corner on)
    cross_element,  // one element of R, on any qubits: y at the row's corner times conj(x at the column's)
    rotate,         // x <- M x, M real, on one qubit or M and N on two, up to a sign of all of x
    unrotate,       // the sums of one or two rotations, then both x and y undone
    phases,         // x <- D x, D from a table
    unphase,        // the sums of phases, then both x and y undone
  } op{};
  int qubits = 1;
  bool varying = true, varying_second = true;  // the entries, lane by lane
  bool adjoint = false;                        // dense, pair, diagonal: the adjoint of the matrices
  auto operator<=>(const StepKind&) const = default;
};

/// What a step function is called with.
struct StepArguments {
  llvm::Value *x, *y;      // the chunk's first real parts; the imaginary parts stand `plane` vectors further
  llvm::Value* arguments;  // the nest's
  llvm::Value* row;        // of the step table
  llvm::Value* offset;     // i64: the position of the chunk's first amplitude
  static constexpr int count = 5;
};

/// An internal function of StepArguments. `masks` is the table of masks of phases, as positions.
llvm::Function* emit_step(LaneBuilder& builder, const StepKind& kind, std::int64_t plane, llvm::Value* masks);
/// Those of rotations and phases, into the function that the builder stands in.
void emit_rotation(LaneBuilder& builder, const StepKind& kind, std::int64_t plane, const StepArguments& step);
void emit_phases(LaneBuilder& builder, const StepKind& kind, std::int64_t plane, const StepArguments& step,
                 llvm::Value* masks);

/// Loops over the amplitudes of a chunk whose bits in a step's k qubits are 0, innermost the longest run; `body` gets
/// the index and carried values and returns their next ones.
std::vector<llvm::Value*> over_amplitudes(
    LaneBuilder& builder, llvm::Value* row, int qubits, std::vector<llvm::Value*> carried,
    const std::function<std::vector<llvm::Value*>(llvm::Value* index, std::span<llvm::Value* const>)>& body);

/// Word `index` of a table of i64.
llvm::Value* load_word(LaneBuilder& builder, llvm::Value* table, llvm::Value* index);
llvm::Value* load_word(LaneBuilder& builder, llvm::Value* table, std::int64_t index);
/// Element `element` (lane vectors or, if not `varying`, floats) of the nest's argument number `argument`.
llvm::Value* argument_element(LaneBuilder& builder, llvm::Value* arguments, llvm::Value* argument, llvm::Value* element,
                              bool varying);

/// A row of the item table, all i64: a sweep over chunks.
struct ItemRow {
  static constexpr int fetch = 0;  // the map that a chunk is fetched through; -1: it is worked on where it is
  static constexpr int store = 1;  // in place: the map that it is put back through
  static constexpr int first = 2;  // steps
  static constexpr int count = 3;
  static constexpr int size = 4;
};

/// Words of a map of the map table: for each bit t the exclusive or of columns 0 to t, then the columns, then the flip.
constexpr std::int64_t map_words(int qubits) { return 2 * qubits + 1; }

/// How a chunk moves: between states of 2^qubits amplitudes, found through a map, and neighbours whose imaginary parts
/// stand `plane` vectors behind the real ones.
struct Move {
  int qubits = 0, chunk_bits = 0, states = 1;
  std::int64_t plane = 0;
  enum class Kind : std::uint8_t { fetch, put_back, prefetch } kind = Kind::fetch;  // put back: into the states
};
/// An internal function (neighbours, state of each, map, offset): neighbour p is amplitude map(offset + p). A prefetch
/// only asks for the amplitudes.
llvm::Function* emit_move(LaneBuilder& builder, const Move& move);

/// Emits an internal function with the builder standing in its body.
llvm::Function* emit_function(LaneBuilder& builder, const char* name, const std::vector<llvm::Type*>& parameters,
                              const std::function<void(std::span<llvm::Value* const>)>& body);

}  // namespace qiln::codegen
