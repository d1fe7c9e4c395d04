#include "compiler/graph/rewrite.h"

namespace qiln::graph {

bool rewrite(Graph& graph, const std::function<ValueId(Builder&, const Node&)>& replacement) {
  Graph result;
  result.name = graph.name;
  result.paths = graph.paths;
  result.circuits = graph.circuits;
  result.blocks = graph.blocks;
  Builder builder(result);
  std::vector<ValueId> renamed;
  renamed.reserve(graph.nodes.size());
  bool changed = false;
  for (Node node : graph.nodes) {
    for (ValueId& operand : node.operands) operand = renamed[operand];
    builder.set_origin(node.origin);
    ValueId value = replacement(builder, node);
    if (value == no_value)
      value = builder.append(node.op, node.type, std::move(node.operands), std::move(node.attributes));
    else
      changed = true;
    renamed.push_back(value);
  }
  if (!changed) return false;
  for (Output output : graph.outputs) result.outputs.push_back({std::move(output.name), renamed[output.value]});
  graph = std::move(result);
  return true;
}

}  // namespace qiln::graph
