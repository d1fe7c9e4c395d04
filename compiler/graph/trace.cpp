#include "compiler/graph/trace.h"

#include <numeric>

namespace qiln::graph {
namespace {

/// Calls visit(coordinates) for each element in row-major order.
template <class Visit>
void each_element(const Shape& shape, Visit visit) {
  std::vector<std::int64_t> at(shape.size());
  for (std::int64_t left = element_count(shape); left > 0; --left) {
    visit(at);
    for (std::size_t d = shape.size(); d-- > 0;) {
      if (++at[d] < shape[d]) break;
      at[d] = 0;
    }
  }
}

std::int64_t flat(const std::vector<std::int64_t>& at, const Shape& shape) {
  std::int64_t index = 0;
  for (std::size_t d = 0; d < shape.size(); ++d) index = index * shape[d] + at[d];
  return index;
}

/// For each element of a movement's result, the element of its operand.
std::vector<std::int64_t> moved(const Node& node, const Shape& from) {
  std::vector<std::int64_t> result;
  each_element(node.type.shape, [&](const std::vector<std::int64_t>& at) {
    std::vector<std::int64_t> source(from.size());
    for (std::size_t d = 0; d < at.size(); ++d) {
      if (node.op == Primitive::permute)
        source[node.as<AxesAttributes>().axes[d]] = at[d];
      else
        source[d] = node.as<StrideAttributes>().start[d] + node.as<StrideAttributes>().step[d] * at[d];
    }
    result.push_back(flat(source, from));
  });
  return result;
}

/// The operand that a node maps element by element, with nothing else but constants.
ValueId only_operand(const Graph& graph, const Node& node) {
  ValueId only = no_value;
  for (ValueId operand : node.operands) {
    ValueId constant = operand;
    while (graph[constant].op == Primitive::broadcast || graph[constant].op == Primitive::reshape)
      constant = graph[constant].operands[0];
    if (graph[constant].op == Primitive::constant) continue;
    if (only != no_value) return no_value;
    only = operand;
  }
  return only;
}

/// Whether elements change their places.
bool moves(const Node& node) { return node.op == Primitive::slice || node.op == Primitive::permute; }

/// The operand that a trace goes on to, or no_value where it ends.
ValueId traced_operand(const Graph& graph, const Node& node) {
  if (moves(node) || node.op == Primitive::reshape || node.op == Primitive::stop_gradient) return node.operands[0];
  return is_pointwise(node.op) ? only_operand(graph, node) : no_value;
}

}  // namespace

Trace whole(const Graph& graph, ValueId id) {
  Trace trace{id, std::vector<std::int64_t>(element_count(graph.shape(id)))};
  std::iota(trace.elements.begin(), trace.elements.end(), 0);
  return trace;
}

std::optional<Trace> trace(const Graph& graph, ValueId id) {
  const Node& node = graph[id];
  if (node.op == Primitive::constant) return std::nullopt;
  const ValueId operand = traced_operand(graph, node);
  if (operand == no_value) return whole(graph, id);
  auto before = trace(graph, operand);
  if (!before || !moves(node)) return before;
  Trace result{before->root, {}};
  for (std::int64_t e : moved(node, graph.shape(operand))) result.elements.push_back(before->elements[e]);
  return result;
}

std::vector<ValueId> trace_roots(const Graph& graph) {
  std::vector<ValueId> roots;
  for (const Node& node : graph.nodes) {
    const ValueId operand = traced_operand(graph, node);
    if (node.op == Primitive::constant)
      roots.push_back(no_value);
    else
      roots.push_back(operand == no_value ? static_cast<ValueId>(roots.size()) : roots[operand]);
  }
  return roots;
}

}  // namespace qiln::graph
