// The primitive core: everything the compiler knows how to compute. The rest of the standard library is written in the
// language (dsl/prelude.qiln). One row a primitive; the parser's names, the printer, the verifier, the differentiation
// rules, the reference and the emitters are indexed by `Primitive`.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace qiln {

enum class Primitive : std::uint8_t {
  // leaves
  input,     // fed by the runtime
  param,     // stored; trained unless frozen or a buffer
  constant,  // literal values
  random,    // Philox, keyed by seed, step, sample, site and element
  // pointwise: operands and result have one shape
  add,
  subtract,
  multiply,
  divide,
  negate,
  maximum,
  minimum,
  power,
  exp,
  log,
  sqrt,
  sin,
  cos,
  tanh,
  erf,
  relu,
  abs,
  floor,
  less,    // 1 where a < b, else 0
  equal,   // 1 where a = b, else 0
  select,  // a nonzero ? b : c
  // reductions over axes
  reduce_sum,
  reduce_max,
  // products over an iteration space
  contract,
  // movement
  reshape,
  permute,
  slice,
  pad,
  concat,
  broadcast,
  // varying -> uniform: the sum over the samples of the batch
  batch_sum,
  // identity whose cotangent is zero
  stop_gradient,
  // circuits
  circuit,               // tensors of angles -> readout
  phase_tables,          // angles -> what apply_blocks reads for its blocks of phases
  apply_blocks,          // angles, matrix entries, tables -> state vector [2, 2^n] (re, im), from |0...0>
  apply_blocks_adjoint,  // the same, state, cotangent of the state -> cotangent of angles and entries
  expval,                // state vector -> expectation values
  expval_adjoint,        // state vector, cotangent of the expectation values -> cotangent of the state
};
inline constexpr int primitive_count = static_cast<int>(Primitive::expval_adjoint) + 1;

enum class PrimitiveKind : std::uint8_t { leaf, pointwise, reduce, contract, movement, batch, identity, circuit };

struct PrimitiveRow {
  Primitive id;
  std::string_view name;  // in graph text
  PrimitiveKind kind;
  int arity;                   // -1: any number
  std::string_view call;       // name of the function in the language, empty: not callable
  std::string_view help = "";  // one line
};

/// The row of `id`; rows are in enumerator order.
const PrimitiveRow& primitive(Primitive id);
/// By graph-text name.
std::optional<Primitive> primitive_named(std::string_view name);
/// By the name a model file calls it with.
std::optional<Primitive> primitive_called(std::string_view call);

inline bool is_pointwise(Primitive id) { return primitive(id).kind == PrimitiveKind::pointwise; }
/// Movement that only relabels elements of its operand (no arithmetic, one operand).
inline bool is_view(Primitive id) {
  return id == Primitive::reshape || id == Primitive::permute || id == Primitive::slice || id == Primitive::broadcast;
}

}  // namespace qiln
