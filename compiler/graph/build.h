// Appends nodes to a graph. Each function derives the result type and asserts that the operands fit (what the user
// wrote has been checked before). A result is varying when any operand is.
#pragma once

#include <initializer_list>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>

#include "compiler/graph/graph.h"

namespace qiln::graph {

class Builder {
 public:
  explicit Builder(Graph& graph) : graph_(graph) {}
  Graph& graph() { return graph_; }
  /// Nodes appended from now on carry this origin.
  void set_origin(Origin origin) { origin_ = origin; }
  Origin origin() const { return origin_; }
  /// The index of `path` in Graph::paths, added if new.
  std::int32_t path(std::string_view path);

  ValueId input(std::string name, Type type, std::int64_t classes = 0);
  ValueId param(ParamAttributes attributes, Shape shape);
  ValueId constant(double value, Shape shape = {});  // a splat
  ValueId constant(std::vector<double> values, Shape shape);
  ValueId random(RandomAttributes attributes, Shape shape);

  /// Operands of one shape.
  ValueId pointwise(Primitive op, std::span<const ValueId> operands);
  ValueId pointwise(Primitive op, std::initializer_list<ValueId> operands);
  ValueId add(ValueId a, ValueId b) { return pointwise(Primitive::add, {a, b}); }
  ValueId subtract(ValueId a, ValueId b) { return pointwise(Primitive::subtract, {a, b}); }
  ValueId multiply(ValueId a, ValueId b) { return pointwise(Primitive::multiply, {a, b}); }
  ValueId divide(ValueId a, ValueId b) { return pointwise(Primitive::divide, {a, b}); }
  ValueId negate(ValueId a) { return pointwise(Primitive::negate, {a}); }
  /// a * factor, the factor a constant.
  ValueId scale(ValueId a, double factor);

  ValueId reduce(Primitive op, ValueId a, std::vector<int> axes);  // `a` itself when there are no axes
  ValueId reduce_sum(ValueId a, std::vector<int> axes) { return reduce(Primitive::reduce_sum, a, std::move(axes)); }
  ValueId contract(ContractAttributes attributes, std::vector<ValueId> operands, Shape result);
  // Movement; each gives `a` itself when nothing would change.
  ValueId reshape(ValueId a, Shape shape);
  ValueId permute(ValueId a, std::vector<int> axes);
  ValueId slice(ValueId a, std::vector<std::int64_t> start, std::vector<std::int64_t> step, Shape shape);
  ValueId pad(ValueId a, std::vector<std::int64_t> start, std::vector<std::int64_t> step, Shape shape);
  ValueId concat(std::vector<ValueId> parts, int axis = 0);
  /// Operand axis i becomes result axis axes[i].
  ValueId broadcast(ValueId a, Shape shape, std::vector<int> axes);
  /// Aligned from the left: operand axis i is result axis i.
  ValueId broadcast_left(ValueId a, const Shape& shape);
  ValueId batch_sum(ValueId a);
  ValueId stop_gradient(ValueId a);
  /// A circuit with its operands -> [outputs], or [places, outputs] where the operands `mapped` have a leading axis.
  ValueId circuit(circuit::Circuit circuit, std::vector<ValueId> operands, std::int64_t places = 0,
                  std::vector<int> mapped = {});

  /// What the others call: appends a node whose type the caller knows.
  ValueId append(Primitive op, Type type, std::vector<ValueId> operands, Attributes attributes = {});

 private:
  bool any_varying(std::span<const ValueId> operands) const;
  Graph& graph_;
  Origin origin_;
  std::unordered_map<std::string, std::int32_t> path_index_;  // of the paths that `path` has seen so far
};

}  // namespace qiln::graph
