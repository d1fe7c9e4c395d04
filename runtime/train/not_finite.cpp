#include "runtime/train/not_finite.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>

namespace qiln::train {
namespace {

using graph::ValueId;

enum class Trouble { none, infinity, nan };

Trouble trouble_of(const reference::Array<float>& array) {
  if (array.isNaN().any()) return Trouble::nan;
  return array.isInf().any() ? Trouble::infinity : Trouble::none;
}

/// The operand with the worst trouble, the first of equals; no_value when all are finite.
ValueId worst(const reference::Values<float>& values, std::span<const ValueId> ids) {
  ValueId found = graph::no_value;
  Trouble most = Trouble::none;
  for (const ValueId id : ids)
    if (const Trouble trouble = trouble_of(values[id].value); trouble > most) found = id, most = trouble;
  return found;
}

std::string subject(const graph::Graph& g, const graph::Node& node) {
  if (node.op == Primitive::param) return fmt::format("the parameter `{}`", node.as<graph::ParamAttributes>().path);
  if (node.op == Primitive::input) return fmt::format("the input `{}`", node.as<graph::InputAttributes>().name);
  std::string text = fmt::format("{}`{}`", node.origin.gradient ? "the gradient's " : "", primitive(node.op).name);
  if (node.origin.path >= 0) text += fmt::format(" in `{}`", g.paths[node.origin.path]);
  return text;
}

}  // namespace

Culprit find_not_finite(const graph::Graph& g, const reference::Feed<float>& feed) {
  const auto values = reference::evaluate(g, feed);
  std::vector<ValueId> next;
  for (const auto& output : g.outputs) next.push_back(output.value);
  Culprit culprit;
  for (ValueId id; (id = worst(values, next)) != graph::no_value;) {
    culprit = {id, trouble_of(values[id].value) == Trouble::nan};
    next = g[id].operands;
  }
  return culprit;
}

std::string describe(const graph::Graph& g, const Culprit& culprit, const PlaceOf& place) {
  const graph::Node& node = g[culprit.value];
  const std::string where = place ? place(node.origin) : "";
  const bool leaf = primitive(node.op).kind == PrimitiveKind::leaf;
  return fmt::format("{}{} {} {}", subject(g, node), where.empty() ? "" : " (" + where + ")", leaf ? "holds" : "gives",
                     culprit.nan ? "NaN" : "an infinity");
}

}  // namespace qiln::train
