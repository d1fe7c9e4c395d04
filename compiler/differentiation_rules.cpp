#include "compiler/differentiation_rules.h"

#include <algorithm>
#include <array>
#include <cassert>
#include <numbers>
#include <optional>

namespace qiln {
namespace {

using graph::no_value;
using graph::Shape;
using graph::ValueId;
using Context = RuleContext;

ValueId apply(const Context& c, Primitive op, std::initializer_list<ValueId> operands) {
  return c.b.pointwise(op, operands);
}
ValueId splat(const Context& c, double value) { return c.b.constant(value, c.shape()); }

/// The value of a splat constant.
std::optional<double> splat_value(const Context& c, ValueId id) {
  const graph::Node& node = c.b.graph()[id];
  if (node.op != Primitive::constant) return std::nullopt;
  const auto& values = node.as<graph::ConstantAttributes>().values;
  return values.size() == 1 ? std::optional(values[0]) : std::nullopt;
}

ValueId add_rule(const Context& c, int) { return c.cotangent; }
ValueId subtract_rule(const Context& c, int k) { return k == 0 ? c.cotangent : c.b.negate(c.cotangent); }
ValueId multiply_rule(const Context& c, int k) { return c.b.multiply(c.cotangent, c.operand(1 - k)); }
ValueId divide_rule(const Context& c, int k) {
  if (k == 0) return c.b.divide(c.cotangent, c.operand(1));
  return c.b.negate(c.b.divide(c.b.multiply(c.cotangent, c.self), c.operand(1)));
}
ValueId negate_rule(const Context& c, int) { return c.b.negate(c.cotangent); }

/// `loses` is 1 where the first operand is not the result.
ValueId winner(const Context& c, int k, ValueId loses) {
  const ValueId zero = splat(c, 0);
  return k == 0 ? apply(c, Primitive::select, {loses, zero, c.cotangent})
                : apply(c, Primitive::select, {loses, c.cotangent, zero});
}
ValueId maximum_rule(const Context& c, int k) {
  return winner(c, k, apply(c, Primitive::less, {c.operand(0), c.operand(1)}));
}
ValueId minimum_rule(const Context& c, int k) {
  return winner(c, k, apply(c, Primitive::less, {c.operand(1), c.operand(0)}));
}

ValueId power_base(const Context& c) {
  const ValueId base = c.operand(0), exponent = c.operand(1);
  if (const auto constant = splat_value(c, exponent)) {
    if (*constant == 0) return no_value;
    if (*constant == 1) return c.cotangent;
    if (*constant == 2) return c.b.multiply(c.cotangent, c.b.scale(base, 2));
    const ValueId lower = apply(c, Primitive::power, {base, splat(c, *constant - 1)});
    return c.b.multiply(c.cotangent, c.b.scale(lower, *constant));
  }
  const ValueId lower = apply(c, Primitive::power, {base, c.b.subtract(exponent, splat(c, 1))});
  return c.b.multiply(c.cotangent, c.b.multiply(exponent, lower));
}
ValueId power_rule(const Context& c, int k) {
  if (k == 0) return power_base(c);
  // The derivative in the exponent is 0 at base 0, where the logarithm is not finite.
  const ValueId base = c.operand(0);
  const ValueId logarithm = apply(c, Primitive::select, {base, apply(c, Primitive::log, {base}), splat(c, 0)});
  return c.b.multiply(c.cotangent, c.b.multiply(c.self, logarithm));
}

ValueId exp_rule(const Context& c, int) { return c.b.multiply(c.cotangent, c.self); }
ValueId log_rule(const Context& c, int) { return c.b.divide(c.cotangent, c.operand(0)); }
ValueId sqrt_rule(const Context& c, int) { return c.b.divide(c.b.scale(c.cotangent, 0.5), c.self); }
ValueId sin_rule(const Context& c, int) { return c.b.multiply(c.cotangent, apply(c, Primitive::cos, {c.operand(0)})); }
ValueId cos_rule(const Context& c, int) {
  return c.b.negate(c.b.multiply(c.cotangent, apply(c, Primitive::sin, {c.operand(0)})));
}
ValueId tanh_rule(const Context& c, int) {
  return c.b.multiply(c.cotangent, c.b.subtract(splat(c, 1), c.b.multiply(c.self, c.self)));
}
ValueId erf_rule(const Context& c, int) {
  const ValueId x = c.operand(0);
  const ValueId bell = apply(c, Primitive::exp, {c.b.negate(c.b.multiply(x, x))});
  return c.b.multiply(c.cotangent, c.b.scale(bell, 2 * std::numbers::inv_sqrtpi));
}
// By output: relu is nonzero exactly where its derivative is 1.
ValueId relu_rule(const Context& c, int) { return apply(c, Primitive::select, {c.self, c.cotangent, splat(c, 0)}); }
ValueId abs_rule(const Context& c, int) {
  const ValueId x = c.operand(0), zero = splat(c, 0);
  const ValueId positive = apply(c, Primitive::less, {zero, x}), negative = apply(c, Primitive::less, {x, zero});
  return c.b.multiply(c.cotangent, c.b.subtract(positive, negative));
}
ValueId select_rule(const Context& c, int k) {
  if (k == 0) return no_value;
  const ValueId zero = splat(c, 0), condition = c.operand(0);
  return k == 1 ? apply(c, Primitive::select, {condition, c.cotangent, zero})
                : apply(c, Primitive::select, {condition, zero, c.cotangent});
}

/// The axes 0 .. rank - 1 that `axes` does not list.
std::vector<int> other_axes(const std::vector<int>& axes, std::size_t rank) {
  std::vector<int> others;
  for (int i = 0; i < static_cast<int>(rank); ++i)
    if (std::find(axes.begin(), axes.end(), i) == axes.end()) others.push_back(i);
  return others;
}

/// A value of the shape of a reduction's result, repeated to the shape of its operand.
ValueId unreduce(const Context& c, ValueId value) {
  const Shape shape = c.b.graph().shape(c.operand(0));
  return c.b.broadcast(value, shape, other_axes(c.node().as<graph::AxesAttributes>().axes, shape.size()));
}
ValueId reduce_sum_rule(const Context& c, int) { return unreduce(c, c.cotangent); }
ValueId reduce_max_rule(const Context& c, int) {
  const ValueId hit = apply(c, Primitive::equal, {c.operand(0), unreduce(c, c.self)});
  const ValueId count = c.b.reduce_sum(hit, c.node().as<graph::AxesAttributes>().axes);
  return c.b.multiply(hit, unreduce(c, c.b.divide(c.cotangent, count)));
}

ValueId contract_rule(const Context& c, int k) {
  auto attributes = c.node().as<graph::ContractAttributes>();
  auto operands = c.node().operands;
  std::swap(attributes.output, attributes.operands[k]);
  const Shape result = c.b.graph().shape(operands[k]);
  operands[k] = c.cotangent;
  return c.b.contract(std::move(attributes), std::move(operands), result);
}

ValueId reshape_rule(const Context& c, int) { return c.b.reshape(c.cotangent, c.b.graph().shape(c.operand(0))); }
ValueId permute_rule(const Context& c, int) {
  const auto axes = c.node().as<graph::AxesAttributes>().axes;
  std::vector<int> inverse(axes.size());
  for (int i = 0; i < static_cast<int>(axes.size()); ++i) inverse[axes[i]] = i;
  return c.b.permute(c.cotangent, inverse);
}
ValueId slice_rule(const Context& c, int) {
  const auto strides = c.node().as<graph::StrideAttributes>();
  return c.b.pad(c.cotangent, strides.start, strides.step, c.b.graph().shape(c.operand(0)));
}
ValueId pad_rule(const Context& c, int) {
  const auto strides = c.node().as<graph::StrideAttributes>();
  return c.b.slice(c.cotangent, strides.start, strides.step, c.b.graph().shape(c.operand(0)));
}
ValueId concat_rule(const Context& c, int k) {
  const int axis = c.node().as<graph::AxesAttributes>().axes[0];
  const Shape shape = c.b.graph().shape(c.operand(k));
  std::vector<std::int64_t> start(shape.size(), 0);
  for (int part = 0; part < k; ++part) start[axis] += c.b.graph().shape(c.operand(part))[axis];
  return c.b.slice(c.cotangent, start, std::vector<std::int64_t>(shape.size(), 1), shape);
}
ValueId broadcast_rule(const Context& c, int) {
  return c.b.reduce_sum(c.cotangent, other_axes(c.node().as<graph::AxesAttributes>().axes, c.shape().size()));
}

// Every sample's operand gets the same cotangent; it stays typed uniform until it meets a varying value.
ValueId batch_sum_rule(const Context& c, int) { return c.cotangent; }

/// Whether operand k of a circuit primitive has a leading axis of places, and its elements behind that.
bool is_mapped(const Context& c, int k) {
  const auto mapped = c.node().as<graph::CircuitAttributes>().mapped;
  return std::find(mapped.begin(), mapped.end(), k) != mapped.end();
}
std::int64_t elements_of_place(const Context& c, int k) {
  const std::int64_t count = graph::element_count(c.b.graph().shape(c.operand(k)));
  return is_mapped(c, k) ? count / c.node().as<graph::CircuitAttributes>().places : count;
}

/// The cotangents of all entries come from one adjoint node, made for the first operand that asks.
ValueId block_adjoint(const Context& c) {
  auto operands = c.node().operands;
  operands.insert(operands.end(), {c.self, c.cotangent});
  const auto& nodes = c.b.graph().nodes;
  for (std::size_t id = nodes.size(); id-- > c.cotangent;)
    if (nodes[id].op == Primitive::apply_blocks_adjoint && nodes[id].operands == operands) return ValueId(id);

  const auto attributes = c.node().as<graph::CircuitAttributes>();
  const std::size_t others = c.b.graph().blocks[attributes.index].table_elements() > 0 ? 3 : 2;
  graph::Type type{{0}, false};
  for (std::size_t k = 0; k < operands.size(); ++k) {
    if (k + others < operands.size()) type.shape[0] += elements_of_place(c, static_cast<int>(k));
    type.varying |= c.b.graph().varying(operands[k]);
  }
  if (attributes.places > 0) type.shape.insert(type.shape.begin(), attributes.places);
  return c.b.append(Primitive::apply_blocks_adjoint, type, operands, c.node().attributes);
}
ValueId apply_blocks_rule(const Context& c, int k) {
  const std::int64_t places = c.node().as<graph::CircuitAttributes>().places;
  const bool shared = places > 0 && !is_mapped(c, k);
  std::int64_t start = 0;
  for (int before = 0; before < k; ++before) start += elements_of_place(c, before);
  const Shape shape = c.b.graph().shape(c.operand(k));
  const ValueId all = block_adjoint(c);
  if (places == 0) return c.b.reshape(c.b.slice(all, {start}, {1}, {graph::element_count(shape)}), shape);
  ValueId part = c.b.slice(all, {0, start}, {1, 1}, {places, elements_of_place(c, k)});
  if (shared) part = c.b.reduce_sum(part, {0});
  return c.b.reshape(part, shape);
}
ValueId expval_rule(const Context& c, int) {
  const graph::Node node = c.node();
  const graph::Type state = c.b.graph().type(node.operands[0]);
  const bool varying = state.varying || c.b.graph().varying(c.cotangent);
  return c.b.append(Primitive::expval_adjoint, {state.shape, varying}, {node.operands[0], c.cotangent},
                    node.attributes);
}

ValueId no_rule(const Context&, int) {
  assert(false && "this primitive has no derivative: lower circuits to blocks first, differentiate once");
  return no_value;
}

struct RuleRow {
  Primitive op;
  DerivativeRule rule;
};

using enum Primitive;
constexpr std::array<RuleRow, primitive_count> rows{{
    {input, nullptr},
    {param, nullptr},
    {constant, nullptr},
    {random, nullptr},
    {add, add_rule},
    {subtract, subtract_rule},
    {multiply, multiply_rule},
    {divide, divide_rule},
    {negate, negate_rule},
    {maximum, maximum_rule},
    {minimum, minimum_rule},
    {power, power_rule},
    {exp, exp_rule},
    {log, log_rule},
    {sqrt, sqrt_rule},
    {sin, sin_rule},
    {cos, cos_rule},
    {tanh, tanh_rule},
    {erf, erf_rule},
    {relu, relu_rule},
    {abs, abs_rule},
    {floor, nullptr},
    {less, nullptr},
    {equal, nullptr},
    {select, select_rule},
    {reduce_sum, reduce_sum_rule},
    {reduce_max, reduce_max_rule},
    {contract, contract_rule},
    {reshape, reshape_rule},
    {permute, permute_rule},
    {slice, slice_rule},
    {pad, pad_rule},
    {concat, concat_rule},
    {broadcast, broadcast_rule},
    {batch_sum, batch_sum_rule},
    {stop_gradient, nullptr},
    {circuit, no_rule},
    {phase_tables, nullptr},
    {apply_blocks, apply_blocks_rule},
    {apply_blocks_adjoint, no_rule},
    {expval, expval_rule},
    {expval_adjoint, no_rule},
}};

constexpr bool in_order() {
  for (int i = 0; i < primitive_count; ++i)
    if (static_cast<int>(rows[i].op) != i) return false;
  return true;
}
static_assert(in_order(), "rows stand in enumerator order");

}  // namespace

DerivativeRule derivative_rule(Primitive op) { return rows[static_cast<int>(op)].rule; }

}  // namespace qiln
