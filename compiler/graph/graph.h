// The graph: SSA over tensors of real numbers with static shapes, primitives only. Every value is uniform (one for the
// whole batch: weights, constants, the optimiser's state) or varying (one per sample); shapes never mention the batch.
// Nodes stand in topological order: a value's id is larger than those of its operands.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "compiler/circuit/circuit.h"
#include "compiler/graph/affine.h"
#include "dsl/primitives.h"

namespace qiln::graph {

using Shape = std::vector<std::int64_t>;
std::int64_t element_count(const Shape& shape);

struct Type {
  Shape shape;
  bool varying = false;
  bool operator==(const Type&) const = default;
};

using ValueId = std::uint32_t;
inline constexpr ValueId no_value = ~ValueId{0};

/// Where a node comes from: a byte range of a source file (file -1: none) and the instance path (an index into
/// Graph::paths: "e1.conv"; -1: none).
struct Origin {
  std::int32_t file = -1;
  std::uint32_t begin = 0, end = 0;
  std::int32_t path = -1;
  bool gradient = false;  // a cotangent of what is written there
};

struct InputAttributes {
  std::string name;
  std::int64_t classes = 0;  // of a label, whose number it is; 0: no label
  bool operator==(const InputAttributes&) const = default;
};

enum class Initialiser : std::uint8_t { uniform, normal, constant };  // (low, high), (mean, deviation), (value, -)

struct ParamAttributes {
  std::string path;       // "e1.conv.weight", unique in a graph
  bool trainable = true;  // false: frozen, or a buffer
  Initialiser initialiser = Initialiser::constant;
  double a = 0, b = 0;
  bool operator==(const ParamAttributes&) const = default;
};

struct ConstantAttributes {
  std::vector<double> values;  // one value: a splat; else element_count(shape) values in row-major order
  bool operator==(const ConstantAttributes&) const = default;
};

enum class Distribution : std::uint8_t { uniform, normal, integer };  // (0, 1); mean 0, deviation 1; 0 .. bound - 1

struct RandomAttributes {
  Distribution distribution = Distribution::uniform;
  std::string site;        // hashed into the Philox counter (runtime/random/philox.h)
  std::int64_t bound = 0;  // of `integer`
  bool operator==(const RandomAttributes&) const = default;
};

/// reduce_*: the axes reduced, ascending, absent from the result. permute: result axis i is operand axis axes[i].
/// broadcast: operand axis i is result axis axes[i] (ascending, equal extents), the result's other axes repeat.
/// concat: axes[0] is the axis joined.
struct AxesAttributes {
  std::vector<int> axes;
  bool operator==(const AxesAttributes&) const = default;
};

/// slice: result[j] = operand[start + step * j]; the result's extents are in its type.
/// pad: result[start + step * j] = operand[j], zero elsewhere. Each is the other's adjoint.
struct StrideAttributes {
  std::vector<std::int64_t> start, step;  // one an axis; step >= 1
  bool operator==(const StrideAttributes&) const = default;
};

/// For every point p of the space: result[output(p)] += product over k of operand_k[operands[k](p)]. A point at which
/// any map leaves its tensor contributes nothing. The adjoint in operand k has the same space, with the roles of
/// `output` and `operands[k]` swapped.
struct ContractAttributes {
  std::vector<std::int64_t> space;  // extents of the indices
  std::vector<AffineMap> operands;  // one map an operand, one expression a tensor axis
  AffineMap output;
  bool operator==(const ContractAttributes&) const = default;
};

/// circuit: an index into Graph::circuits. apply_blocks, expval and their adjoints: an index into Graph::blocks.
/// places P > 0: run once a place; operands numbered in `mapped` (ascending) have a leading axis P, results too. States
/// and cotangents always have it, whether `mapped` names them or not.
struct CircuitAttributes {
  std::int32_t index = 0;
  std::int64_t places = 0;
  std::vector<int> mapped;
  bool operator==(const CircuitAttributes&) const = default;
};

using Attributes = std::variant<std::monostate, InputAttributes, ParamAttributes, ConstantAttributes, RandomAttributes,
                                AxesAttributes, StrideAttributes, ContractAttributes, CircuitAttributes>;

struct Node {
  Primitive op{};
  Type type;
  std::vector<ValueId> operands;
  Attributes attributes;
  Origin origin;

  template <class T>
  const T& as() const {
    return std::get<T>(attributes);
  }
};

struct Output {
  std::string name;
  ValueId value = no_value;
};

struct Graph {
  std::string name = "main";
  std::vector<Node> nodes;
  std::vector<Output> outputs;
  std::vector<std::string> paths;
  std::vector<circuit::Circuit> circuits;
  std::vector<circuit::BlockProgram> blocks;

  const Node& operator[](ValueId id) const { return nodes[id]; }
  const Type& type(ValueId id) const { return nodes[id].type; }
  const Shape& shape(ValueId id) const { return nodes[id].type.shape; }
  bool varying(ValueId id) const { return nodes[id].type.varying; }
  /// The output called `name`, or no_value.
  ValueId output(std::string_view name) const;
};

}  // namespace qiln::graph
