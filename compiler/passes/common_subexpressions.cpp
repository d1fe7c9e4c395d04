#include "compiler/passes/common_subexpressions.h"

#include <algorithm>
#include <string>
#include <unordered_map>

#include "compiler/bytes.h"
#include "compiler/passes/rewrite.h"

namespace qiln::passes {
namespace {

using namespace graph;

bool commutes(Primitive op) { return op == Primitive::add || op == Primitive::multiply || op == Primitive::equal; }

/// Equal exactly when two nodes compute the same.
std::string key_of(const Node& node) {
  std::vector<ValueId> operands = node.operands;
  if (commutes(node.op)) std::sort(operands.begin(), operands.end());
  std::string bytes;
  append_bytes(bytes, node.op);
  append_bytes(bytes, node.type);
  append_bytes(bytes, operands);
  append_bytes(bytes, node.attributes);
  return bytes;
}

}  // namespace

bool common_subexpressions(Graph& graph) {
  Rewrite rewrite(graph);
  std::unordered_map<std::string, ValueId> known;
  bool changed = false;
  for (ValueId id = 0; id < graph.nodes.size(); ++id) {
    Node node = rewrite.mapped(id);
    const auto [found, is_new] = known.emplace(key_of(node), no_value);
    if (is_new) found->second = rewrite.append(std::move(node));
    changed = changed || !is_new;
    rewrite.map(id, found->second);
  }
  if (changed) rewrite.finish();
  return changed;
}

}  // namespace qiln::passes
