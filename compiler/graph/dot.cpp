#include "compiler/graph/dot.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <map>
#include <vector>

namespace qiln::graph {
namespace {

std::string label(const Graph& g, ValueId id) {
  const Node& node = g[id];
  std::string text(primitive(node.op).name);
  if (const auto* input = std::get_if<InputAttributes>(&node.attributes)) text = input->name;
  if (const auto* param = std::get_if<ParamAttributes>(&node.attributes)) text = param->path;
  if (node.op == Primitive::circuit) text = g.circuits[node.as<CircuitAttributes>().index].name;
  return fmt::format("{}\\n[{}]", text, fmt::join(node.type.shape, ", "));
}

void draw_node(const Graph& g, ValueId id, std::string& out, std::string_view indent) {
  const Node& node = g[id];
  std::string_view fill = node.op == Primitive::param                                   ? "#f4d9b0"
                          : node.op == Primitive::contract                              ? "#bcd7ee"
                          : primitive(node.op).kind == PrimitiveKind::circuit           ? "#d9c3ea"
                          : node.op == Primitive::input || node.op == Primitive::random ? "#c9e5c3"
                                                                                        : "#ffffff";
  out += fmt::format("{}n{} [label=\"{}\", shape={}, style=filled, fillcolor=\"{}\"];\n", indent, id, label(g, id),
                     node.type.varying ? "ellipse" : "box", fill);
}

}  // namespace

std::string to_dot(const Graph& g) {
  std::map<int, std::vector<ValueId>> by_path;
  for (ValueId id = 0; id < g.nodes.size(); ++id) by_path[g[id].origin.path].push_back(id);
  std::string out = fmt::format("digraph \"{}\" {{\n  node [fontname=\"Helvetica\", fontsize=10];\n", g.name);
  for (const auto& [path, ids] : by_path) {
    if (path >= 0) out += fmt::format("  subgraph \"cluster_{}\" {{\n    label=\"{}\";\n", path, g.paths[path]);
    for (ValueId id : ids) draw_node(g, id, out, path >= 0 ? "    " : "  ");
    if (path >= 0) out += "  }\n";
  }
  for (ValueId id = 0; id < g.nodes.size(); ++id)
    for (ValueId operand : g[id].operands) out += fmt::format("  n{} -> n{};\n", operand, id);
  for (std::size_t i = 0; i < g.outputs.size(); ++i)
    out += fmt::format("  o{} [label=\"{}\", shape=plaintext];\n  n{} -> o{};\n", i, g.outputs[i].name,
                       g.outputs[i].value, i);
  return out + "}\n";
}

}  // namespace qiln::graph
