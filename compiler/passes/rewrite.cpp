#include "compiler/passes/rewrite.h"

#include <cassert>

namespace qiln::passes {

using namespace graph;

Rewrite::Rewrite(Graph& graph) : graph_(graph), builder_(fresh_), values_(graph.nodes.size(), no_value) {
  fresh_.name = graph.name;
  fresh_.paths = graph.paths;
  fresh_.nodes.reserve(graph.nodes.size());
}

Node Rewrite::mapped(ValueId id) {
  Node node = graph_[id];
  for (ValueId& operand : node.operands) {
    operand = values_[operand];
    assert(operand != no_value && "an operand that was not kept");
  }
  builder_.set_origin(node.origin);
  return node;
}

ValueId Rewrite::append(Node node) {
  return builder_.append(node.op, std::move(node.type), std::move(node.operands), std::move(node.attributes));
}

void Rewrite::finish() {
  for (const Output& output : graph_.outputs) fresh_.outputs.push_back({output.name, values_[output.value]});
  if (fresh_.circuits.empty()) fresh_.circuits = std::move(graph_.circuits);
  if (fresh_.blocks.empty()) fresh_.blocks = std::move(graph_.blocks);
  graph_ = std::move(fresh_);
}

}  // namespace qiln::passes
