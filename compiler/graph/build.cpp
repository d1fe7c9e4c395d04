#include "compiler/graph/build.h"

#include <algorithm>
#include <cassert>
#include <functional>
#include <numeric>

namespace qiln::graph {

std::int64_t element_count(const Shape& shape) {
  return std::accumulate(shape.begin(), shape.end(), std::int64_t{1}, std::multiplies<>());
}

ValueId Graph::output(std::string_view wanted) const {
  for (const auto& output : outputs)
    if (output.name == wanted) return output.value;
  return no_value;
}

std::int32_t Builder::path(std::string_view path) {
  auto& paths = graph_.paths;
  for (std::size_t k = path_index_.size(); k < paths.size(); ++k)
    path_index_.emplace(paths[k], static_cast<std::int32_t>(k));
  const auto [found, added] = path_index_.emplace(path, static_cast<std::int32_t>(paths.size()));
  if (added) paths.push_back(found->first);
  return found->second;
}

bool Builder::any_varying(std::span<const ValueId> operands) const {
  return std::any_of(operands.begin(), operands.end(), [&](ValueId id) { return graph_.varying(id); });
}

ValueId Builder::append(Primitive op, Type type, std::vector<ValueId> operands, Attributes attributes) {
  for ([[maybe_unused]] ValueId id : operands) assert(id < graph_.nodes.size() && "operands stand before their users");
  graph_.nodes.push_back(Node{op, std::move(type), std::move(operands), std::move(attributes), origin_});
  return static_cast<ValueId>(graph_.nodes.size() - 1);
}

ValueId Builder::input(std::string name, Type type, std::int64_t classes) {
  return append(Primitive::input, std::move(type), {}, InputAttributes{std::move(name), classes});
}

ValueId Builder::param(ParamAttributes attributes, Shape shape) {
  return append(Primitive::param, {std::move(shape), false}, {}, std::move(attributes));
}

ValueId Builder::constant(double value, Shape shape) {
  return append(Primitive::constant, {std::move(shape), false}, {}, ConstantAttributes{{value}});
}

ValueId Builder::constant(std::vector<double> values, Shape shape) {
  assert(values.size() == 1 || static_cast<std::int64_t>(values.size()) == element_count(shape));
  return append(Primitive::constant, {std::move(shape), false}, {}, ConstantAttributes{std::move(values)});
}

ValueId Builder::random(RandomAttributes attributes, Shape shape) {
  return append(Primitive::random, {std::move(shape), true}, {}, std::move(attributes));
}

ValueId Builder::pointwise(Primitive op, std::initializer_list<ValueId> operands) {
  return pointwise(op, std::span(operands.begin(), operands.size()));
}

ValueId Builder::pointwise(Primitive op, std::span<const ValueId> operands) {
  assert(is_pointwise(op) && primitive(op).arity == static_cast<int>(operands.size()));
  Shape shape = graph_.shape(operands[0]);
  for ([[maybe_unused]] ValueId id : operands) assert(graph_.shape(id) == shape && "pointwise operands have one shape");
  return append(op, {std::move(shape), any_varying(operands)}, {operands.begin(), operands.end()});
}

ValueId Builder::scale(ValueId a, double factor) {
  ValueId constant_factor = constant(factor, graph_.shape(a));
  return multiply(a, constant_factor);
}

ValueId Builder::reduce(Primitive op, ValueId a, std::vector<int> axes) {
  if (axes.empty()) return a;
  Shape shape;
  for (int i = 0; i < static_cast<int>(graph_.shape(a).size()); ++i)
    if (std::find(axes.begin(), axes.end(), i) == axes.end()) shape.push_back(graph_.shape(a)[i]);
  return append(op, {std::move(shape), graph_.varying(a)}, {a}, AxesAttributes{std::move(axes)});
}

ValueId Builder::contract(ContractAttributes attributes, std::vector<ValueId> operands, Shape result) {
  assert(attributes.operands.size() == operands.size() && attributes.output.size() == result.size());
  bool varying = any_varying(operands);
  return append(Primitive::contract, {std::move(result), varying}, std::move(operands), std::move(attributes));
}

ValueId Builder::reshape(ValueId a, Shape shape) {
  assert(element_count(shape) == element_count(graph_.shape(a)));
  if (shape == graph_.shape(a)) return a;
  return append(Primitive::reshape, {std::move(shape), graph_.varying(a)}, {a});
}

ValueId Builder::permute(ValueId a, std::vector<int> axes) {
  if (std::is_sorted(axes.begin(), axes.end())) return a;
  Shape shape;
  for (int axis : axes) shape.push_back(graph_.shape(a)[axis]);
  return append(Primitive::permute, {std::move(shape), graph_.varying(a)}, {a}, AxesAttributes{std::move(axes)});
}

ValueId Builder::slice(ValueId a, std::vector<std::int64_t> start, std::vector<std::int64_t> step, Shape shape) {
  for (std::size_t i = 0; i < shape.size(); ++i)
    assert(start[i] >= 0 && (shape[i] == 0 || start[i] + step[i] * (shape[i] - 1) < graph_.shape(a)[i]));
  if (shape == graph_.shape(a)) return a;
  return append(Primitive::slice, {std::move(shape), graph_.varying(a)}, {a},
                StrideAttributes{std::move(start), std::move(step)});
}

ValueId Builder::pad(ValueId a, std::vector<std::int64_t> start, std::vector<std::int64_t> step, Shape shape) {
  if (shape == graph_.shape(a)) return a;
  return append(Primitive::pad, {std::move(shape), graph_.varying(a)}, {a},
                StrideAttributes{std::move(start), std::move(step)});
}

ValueId Builder::concat(std::vector<ValueId> parts, int axis) {
  if (parts.size() == 1) return parts[0];
  Shape shape = graph_.shape(parts[0]);
  shape[axis] = 0;
  for (ValueId part : parts) shape[axis] += graph_.shape(part)[axis];
  bool varying = any_varying(parts);
  return append(Primitive::concat, {std::move(shape), varying}, std::move(parts), AxesAttributes{{axis}});
}

ValueId Builder::broadcast(ValueId a, Shape shape, std::vector<int> axes) {
  assert(axes.size() == graph_.shape(a).size());
  if (shape == graph_.shape(a)) return a;
  return append(Primitive::broadcast, {std::move(shape), graph_.varying(a)}, {a}, AxesAttributes{std::move(axes)});
}

ValueId Builder::broadcast_left(ValueId a, const Shape& shape) {
  std::vector<int> axes(graph_.shape(a).size());
  std::iota(axes.begin(), axes.end(), 0);
  return broadcast(a, shape, std::move(axes));
}

ValueId Builder::batch_sum(ValueId a) {
  assert(graph_.varying(a) && "only varying values are summed over the batch");
  return append(Primitive::batch_sum, {graph_.shape(a), false}, {a});
}

ValueId Builder::stop_gradient(ValueId a) { return append(Primitive::stop_gradient, graph_.type(a), {a}); }

ValueId Builder::circuit(circuit::Circuit circuit, std::vector<ValueId> operands, std::int64_t places,
                         std::vector<int> mapped) {
  Type type{{circuit.outputs()}, any_varying(operands)};
  if (places > 0) type.shape.insert(type.shape.begin(), places);
  graph_.circuits.push_back(std::move(circuit));
  auto index = static_cast<std::int32_t>(graph_.circuits.size() - 1);
  return append(Primitive::circuit, std::move(type), std::move(operands),
                CircuitAttributes{index, places, std::move(mapped)});
}

}  // namespace qiln::graph
