// The kernel level: loop nests over lane vectors, with buffers, a memory plan and an order. One nest becomes one
// function. A varying buffer is [block][element][lane], block = ceil(batch / lanes), lane = sample; a uniform buffer is
// a plain array of elements. A nest is a per-sample program: it sees one block at a time.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "compiler/circuit/circuit.h"
#include "compiler/graph/graph.h"

namespace qiln::kernel {

using BufferId = std::int32_t;
using NestId = std::int32_t;

enum class Storage : std::uint8_t {
  input,     // filled by the caller: varying [blocks][elements][lanes], or uniform
  param,     // a range of the parameter arena (uniform), filled by the caller
  constant,  // literal values (uniform)
  uniform,   // uniform results: a range of the uniform arena
  group,     // varying results that live within one block's pass: a range of the group's arena, [elements][lanes]
  batch,     // varying results kept for the whole batch: outputs, and what a later varying stage reads
  partial,   // accumulators of a batch sum: one copy a group, added in group order into `total`
};

struct Buffer {
  std::string name;  // "e1.conv.weight", "%12"
  Storage storage{};
  bool varying = false;
  std::int64_t elements = 0;   // per sample if varying
  std::int64_t offset = 0;     // in elements, in the arena of its storage (param, uniform, group, partial)
  BufferId total = -1;         // partial: the uniform buffer that receives the sum
  std::vector<double> values;  // constant: one value (splat) or `elements` values
};

/// In bounds where 0 <= offset + coefficients . indices < extent; elsewhere the access reads as zero.
struct Guard {
  std::vector<std::int64_t> coefficients;
  std::int64_t offset = 0;
  std::int64_t extent = 0;
  bool operator==(const Guard&) const = default;
};

/// Element offset + strides . indices of the nest's argument `argument`.
struct Access {
  std::int32_t argument = 0;
  std::vector<std::int64_t> strides;  // one an index
  std::int64_t offset = 0;
  std::vector<Guard> guards;
  bool operator==(const Access&) const = default;
};

/// One instruction of a scalar expression; operands are indices of earlier instructions of the same list.
struct Instruction {
  enum class Kind : std::uint8_t {
    load,         // access
    constant,     // value
    random,       // random; access.strides and offset give the element within the random tensor
    accumulator,  // what the nest's reduction or contraction gave at this point
    compute,      // op(operands...): a pointwise primitive
  } kind = Kind::compute;
  Primitive op{};
  std::array<std::int32_t, 3> operands{-1, -1, -1};
  Access access;
  double value = 0;
  graph::RandomAttributes random;
  bool operator==(const Instruction&) const = default;
};
using Expression = std::vector<Instruction>;

/// Writes instruction `value` of the epilogue at `access` (no guards).
struct Store {
  std::int32_t value = 0;
  Access access;
  /// The value is summed over the valid lanes and added into the (uniform, partial) argument.
  bool batch_sum = false;
  bool operator==(const Store&) const = default;
};

/// A contraction in gather form over a lattice of output points: output coordinate = start + step * j, one j an output
/// axis. Factors are accessed by (j..., k...), k the indices summed over; a point at which any factor is out of bounds
/// contributes nothing. The phases of a nest cover each output point exactly once (scattered outputs are split by
/// residue, so that no zero is ever inserted); `reduction` may hold a zero extent: the sum is then 0.
struct Phase {
  std::vector<std::int64_t> extents;      // of j
  std::vector<std::int64_t> start, step;  // one an output axis
  std::vector<std::int64_t> reduction;    // extents of k
  std::vector<Access> factors;
  bool operator==(const Phase&) const = default;
};

/// How a contraction of graph/winograd.h runs: strips of tile rows, whose 4x4 pieces are transformed into scratch
/// memory of the thread, multiplied point by point, and transformed back. Tiles are counted over `rows` x `columns`.
struct Winograd {
  bool of_weights = false;  // the result is the gradient in the transformed weights, else a response
  bool turned = false;      // U is that of weights read with both coordinates backwards
  std::int64_t inputs = 0, outputs = 0, height = 0, width = 0;
  Access image;  // [inputs, height, width]
  Access other;  // of_weights: the response's cotangent [outputs, height, width]; else U [16, outputs, inputs]
  std::int64_t strip = 1;  // tile rows of a strip; the last may reach beyond the image
  std::int64_t block = 1;  // outputs that are multiplied together, a divisor of all
  std::int64_t chunk = 1;  // tiles that lie together when multiplied, a divisor of a strip's
  bool by_rows = false;    // responses: four points at a time for all outputs, else all points for a block of them
  std::int64_t rows() const { return (height + 1) / 2; }
  std::int64_t columns() const { return (width + 1) / 2; }
  std::int64_t strips() const { return (rows() + strip - 1) / strip; }
  std::int64_t strip_tiles() const { return strip * columns(); }
  bool operator==(const Winograd&) const = default;
};

struct Argument {
  BufferId buffer = -1;
  bool varying = false;
  bool written = false;
};

/// What one function computes. For every point of `space`: the epilogue is evaluated (its `accumulator` is the result
/// of the reduction or contraction there) and the stores are made. Epilogue and store accesses are by the coordinates
/// of `space`; prologue accesses by (space..., reduction...).
struct Nest {
  enum class Kind : std::uint8_t {
    pointwise,
    reduce,
    contract,
    phase_tables,
    apply_blocks,
    apply_blocks_adjoint,
    expval,
    expval_adjoint
  };
  Kind kind = Kind::pointwise;
  std::string label;     // for people: "e1.conv forward"
  bool varying = false;  // false: lanes play no role, runs once a step
  std::vector<Argument> arguments;
  std::vector<std::int64_t> space;  // extents of the output coordinates
  // reduce
  std::vector<std::int64_t> reduction;
  Primitive combiner = Primitive::reduce_sum;
  Expression prologue;        // its last instruction is reduced
  std::vector<Guard> guards;  // by (space..., reduction...): what is out of bounds is left out
  // contract
  std::vector<Phase> phases;
  std::optional<Winograd> winograd;  // the same sums with fewer multiplications
  // all but the circuit kinds
  Expression epilogue;
  std::vector<Store> stores;
  // circuit kinds: arguments are, in order, the operands, then the result, then `scratch` buffers (state_vector.h)
  circuit::BlockProgram program;
  std::int32_t scratch = 0;
  std::vector<std::int64_t> operand_elements;  // one an operand, of one place
  std::int64_t places = 0;                     // as in graph::CircuitAttributes
  std::vector<bool> placed;                    // one an operand: whether each place has its own; results always do
  graph::Origin origin;
  std::vector<std::string> notes;  // for people: why it is a nest of its own
};

/// What a uniform result depends on beside earlier ones, and hence when it has to be computed: once, when parameters
/// have changed, or in every run (inputs, random numbers, sums over the batch).
enum class Dependence : std::uint8_t { constants, params, run };

/// A uniform stage runs its nests once; a varying stage runs its nests block by block, groups in parallel. Uniform
/// stages that do not depend on the run may be left out of a run while what they depend on stays the same: their
/// results keep memory of their own.
struct Stage {
  bool varying = false;
  Dependence dependence = Dependence::run;  // of the results of all its nests; varying stages: run
  std::vector<NestId> nests;
};

/// A named value that the caller feeds or reads.
struct Port {
  std::string name;
  BufferId buffer = -1;
  graph::Shape shape;
};

struct Program {
  std::string name;
  int lanes = 8;
  std::vector<Buffer> buffers;
  std::vector<Nest> nests;
  std::vector<Stage> stages;
  std::vector<Port> inputs, params, outputs;
  std::int64_t param_elements = 0;  // sizes of the arenas, in elements (group: per sample)
  std::int64_t uniform_elements = 0;
  std::int64_t group_elements = 0;
  std::int64_t partial_elements = 0;
};

}  // namespace qiln::kernel
