#include "runtime/cli/circuit_drawings.h"

#include <fmt/format.h>

#include <algorithm>

#include "compiler/circuit/influence.h"

namespace qiln::cli {

using graph::Graph;
using graph::ValueId;

namespace {

/// What stands behind an operand: the last part of a parameter's path, an input's name, or the number of its value.
std::string operand_name(const Graph& g, ValueId id) {
  while (g[id].op == Primitive::reshape) id = g[id].operands[0];
  if (g[id].op == Primitive::param) {
    const std::string& path = g[id].as<graph::ParamAttributes>().path;
    return path.substr(path.rfind('.') + 1);
  }
  if (g[id].op == Primitive::input) return g[id].as<graph::InputAttributes>().name;
  return fmt::format("%{}", id);
}

}  // namespace

report::CircuitDrawing drawing_of(const Graph& g, const graph::Node& node) {
  report::CircuitDrawing drawing;
  drawing.circuit = &g.circuits[node.as<graph::CircuitAttributes>().index];
  std::vector<std::int64_t> sizes;
  for (ValueId operand : node.operands) {
    drawing.operands.push_back(operand_name(g, operand));
    drawing.shapes.push_back(g.shape(operand));
    sizes.push_back(graph::element_count(g.shape(operand)));
  }
  const auto dead = circuit::dead_elements(*drawing.circuit, sizes);
  for (const circuit::Operation& operation : drawing.circuit->operations) {
    int variable = 0, without = 0;
    for (const circuit::Angle& angle : operation.angles) {
      if (angle.operand < 0) continue;
      ++variable;
      without += std::any_of(dead.begin(), dead.end(), [&](const circuit::DeadElement& element) {
        return element.operand == angle.operand && element.element == angle.element;
      });
    }
    drawing.dead.push_back(variable > 0 && variable == without);
  }
  return drawing;
}

std::vector<std::pair<std::string, std::string>> circuit_drawings(const Graph& g) {
  std::vector<std::pair<std::string, std::string>> drawings;
  for (const auto& node : g.nodes) {
    if (node.op != Primitive::circuit) continue;
    const std::string& name = g.circuits[node.as<graph::CircuitAttributes>().index].name;
    const bool known = std::ranges::any_of(drawings, [&](const auto& drawing) { return drawing.first == name; });
    if (!known) drawings.emplace_back(name, report::draw_svg(drawing_of(g, node)));
  }
  return drawings;
}

}  // namespace qiln::cli
