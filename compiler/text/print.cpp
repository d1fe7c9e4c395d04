#include <fmt/format.h>

#include <algorithm>
#include <iterator>

#include "compiler/graph/attributes.h"
#include "compiler/text/circuit_text.h"
#include "compiler/text/lexer.h"
#include "compiler/text/text.h"

namespace qiln::text {
namespace {

using namespace graph;

template <class T, class Each>
std::string listed(const std::vector<T>& items, Each each) {
  std::string text = "[";
  for (std::size_t i = 0; i < items.size(); ++i) {
    if (i) text += ", ";
    text += each(items[i]);
  }
  return text + "]";
}

std::string field(bool value) { return value ? "true" : "false"; }
std::string field(double value) { return fmt::format("{}", value); }
std::string field(std::int32_t value) { return std::to_string(value); }
std::string field(std::int64_t value) { return std::to_string(value); }
std::string field(const std::string& value) { return quoted(value); }
std::string field(Initialiser value) { return initialiser_words[static_cast<int>(value)]; }
std::string field(Distribution value) { return distribution_words[static_cast<int>(value)]; }

std::string field(const Affine& affine) {
  std::string text;
  for (std::size_t k = 0; k < affine.coefficients.size(); ++k) {
    const std::int64_t c = affine.coefficients[k];
    if (c == 0) continue;
    text += text.empty() ? (c < 0 ? "-" : "") : (c < 0 ? " - " : " + ");
    if (std::abs(c) != 1) text += fmt::format("{}*", std::abs(c));
    text += fmt::format("i{}", k);
  }
  if (text.empty()) return std::to_string(affine.offset);
  if (affine.offset != 0) text += fmt::format(" {} {}", affine.offset < 0 ? '-' : '+', std::abs(affine.offset));
  return text;
}

template <class T>
std::string field(const std::vector<T>& values) {
  return listed(values, [](const T& value) { return field(value); });
}

std::string printed(const Attributes& attributes, Primitive op) {
  std::string text;
  std::visit(
      [&](const auto& present) {
        using A = std::decay_t<decltype(present)>;
        A initial{};
        if constexpr (!std::is_same_v<A, std::monostate>) {
          std::vector<std::string> defaults;
          each_field(initial, [&](const char*, const auto& value) { defaults.push_back(field(value)); });
          std::size_t k = 0;
          each_field(present, [&](const char* name, const auto& value) {
            std::string written = field(value);
            if (written != defaults[k++]) text += fmt::format("{}{} = {}", text.empty() ? "" : ", ", name, written);
          });
        }
      },
      attributes);
  return text.empty() ? "" : " {" + text + "}";
}

std::string line(const Graph& graph, ValueId id, PrintOptions options) {
  const Node& node = graph[id];
  std::string text = fmt::format("  %{} : {} {} = {}({}){}", id, node.type.varying ? "varying" : "uniform",
                                 field(node.type.shape), primitive(node.op).name,
                                 fmt::format("{}",
                                             [&] {
                                               std::string operands;
                                               for (ValueId operand : node.operands)
                                                 operands +=
                                                     fmt::format("{}%{}", operands.empty() ? "" : ", ", operand);
                                               return operands;
                                             }()),
                                 printed(node.attributes, node.op));
  if (node.origin.path >= 0) text += " @" + quoted(graph.paths[node.origin.path]);
  if (options.spans && node.origin.file >= 0)
    text += fmt::format(" at {}:{}..{}", node.origin.file, node.origin.begin, node.origin.end);
  return text + "\n";
}

}  // namespace

std::string print(const Graph& graph, PrintOptions options) {
  std::string text;
  for (std::size_t i = 0; i < graph.circuits.size(); ++i) text += print(graph.circuits[i], options) + "\n";
  for (std::size_t i = 0; i < graph.blocks.size(); ++i) text += print(graph.blocks[i]) + "\n";
  text += fmt::format("graph {} {{\n", quoted(graph.name));
  for (ValueId id = 0; id < graph.nodes.size(); ++id) text += line(graph, id, options);
  for (const Output& output : graph.outputs)
    text += fmt::format("  output {} = %{}\n", quoted(output.name), output.value);
  return text + "}\n";
}

}  // namespace qiln::text
