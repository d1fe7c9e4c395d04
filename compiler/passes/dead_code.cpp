#include "compiler/passes/dead_code.h"

#include <map>
#include <utility>

#include "compiler/passes/rewrite.h"

namespace qiln::passes {
namespace {

using namespace graph;

std::vector<bool> needed_values(const Graph& graph) {
  std::vector<bool> needed(graph.nodes.size());
  for (const Output& output : graph.outputs) needed[output.value] = true;
  for (ValueId id = static_cast<ValueId>(graph.nodes.size()); id-- > 0;) {
    if (graph[id].op == Primitive::input) needed[id] = true;
    if (!needed[id]) continue;
    for (ValueId operand : graph[id].operands) needed[operand] = true;
  }
  return needed;
}

/// Keeps the entries that nodes name, in order, and renumbers the nodes.
template <class T>
bool compact(Graph& graph, std::vector<T>& table, bool whole_circuits) {
  std::map<std::int32_t, std::int32_t> numbers;
  auto each = [&](auto visit) {
    for (Node& node : graph.nodes)
      if (auto* attributes = std::get_if<CircuitAttributes>(&node.attributes))
        if ((node.op == Primitive::circuit) == whole_circuits) visit(attributes->index);
  };
  each([&](std::int32_t index) { numbers.emplace(index, 0); });
  if (numbers.size() == table.size()) return false;
  std::vector<T> kept;
  for (auto& [index, number] : numbers) {
    number = static_cast<std::int32_t>(kept.size());
    kept.push_back(std::move(table[index]));
  }
  each([&](std::int32_t& index) { index = numbers.at(index); });
  table = std::move(kept);
  return true;
}

}  // namespace

bool dead_code(Graph& graph) {
  const std::vector<bool> needed = needed_values(graph);
  bool changed = false;
  for (bool is_needed : needed) changed = changed || !is_needed;
  if (changed) {
    Rewrite rewrite(graph);
    for (ValueId id = 0; id < graph.nodes.size(); ++id)
      if (needed[id]) rewrite.map(id, rewrite.append(rewrite.mapped(id)));
    rewrite.finish();
  }
  changed |= compact(graph, graph.circuits, true);
  changed |= compact(graph, graph.blocks, false);
  return changed;
}

}  // namespace qiln::passes
