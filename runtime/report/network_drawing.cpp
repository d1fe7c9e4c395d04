#include "runtime/report/network_drawing.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <map>
#include <set>
#include <utility>
#include <vector>

namespace qiln::report {
namespace {

using graph::Graph;
using graph::ValueId;

constexpr double box_width = 380, box_height = 24, gap = 14, margin = 12, per_arc = 9;

struct Box {
  std::string name;
  ValueId result = graph::no_value;  // the last value that it computes
  std::int64_t parameters = 0;
  bool circuit = false, input = false;
};

struct Diagram {
  std::vector<Box> boxes;
  std::set<std::pair<int, int>> edges;  // from an earlier box to a later one
};

/// The boxes that a value's elements come from: its own, or those of its operands where it has none.
class DiagramBuilder {
 public:
  explicit DiagramBuilder(const Graph& g) : g_(g), sources_(g.nodes.size()) {}

  Diagram build() {
    for (ValueId id = 0; id < g_.nodes.size(); ++id) add(id);
    const int end = add_box({"result", graph::no_value, 0, false, true});
    for (const auto& output : g_.outputs) {
      diagram_.boxes[end].result = output.value;
      for (const int from : sources_[output.value]) diagram_.edges.emplace(from, end);
    }
    return std::move(diagram_);
  }

 private:
  int add_box(Box box) {
    diagram_.boxes.push_back(std::move(box));
    return static_cast<int>(diagram_.boxes.size()) - 1;
  }

  void add(ValueId id) {
    const auto& node = g_[id];
    if (node.op == Primitive::input) {
      sources_[id] = {add_box({node.as<graph::InputAttributes>().name, id, 0, false, true})};
      return;
    }
    std::set<int> from;
    for (const ValueId operand : node.operands) from.insert(sources_[operand].begin(), sources_[operand].end());
    // Weights, and what is computed from them and constants alone, come in with the layer that uses them.
    if (node.origin.path < 0 || (from.empty() && !node.type.varying && node.op != Primitive::param)) {
      sources_[id] = std::move(from);
      return;
    }
    const auto [known, fresh] = box_of_.try_emplace(node.origin.path, -1);
    if (fresh) known->second = add_box({g_.paths[node.origin.path], id, 0, false, false});
    const int own = known->second;
    Box& box = diagram_.boxes[own];
    if (node.op == Primitive::param) {
      box.parameters += graph::element_count(node.type.shape);
      return;
    }
    box.result = id;
    box.circuit = box.circuit || node.op == Primitive::circuit;
    for (const int source : from)
      if (source < own) diagram_.edges.emplace(source, own);
    sources_[id] = {own};
  }

  const Graph& g_;
  Diagram diagram_;
  std::map<std::int32_t, int> box_of_;  // by path
  std::vector<std::set<int>> sources_;
};

std::string escaped(const std::string& text) {
  std::string out;
  for (const char c : text) out += c == '<' ? "&lt;" : c == '&' ? "&amp;" : std::string(1, c);
  return out;
}

double top_of(int box) { return margin + box * (box_height + gap); }

std::string draw_box(const Graph& g, const Box& box, int place) {
  const char* fill = box.circuit ? "#e9d8fd" : box.input ? "#e2e8f0" : "#dbeafe";
  const double y = top_of(place), middle = y + box_height / 2 + 4;
  std::string svg = fmt::format(
      "<rect x=\"{}\" y=\"{}\" width=\"{}\" height=\"{}\" rx=\"4\" fill=\"{}\" stroke=\"#64748b\"/>"
      "<text x=\"{}\" y=\"{}\">{}</text>",
      margin, y, box_width, box_height, fill, margin + 8, middle, escaped(box.name));
  if (box.result != graph::no_value)
    svg += fmt::format("<text x=\"{}\" y=\"{}\" text-anchor=\"end\" fill=\"#475569\">[{}]</text>",
                       margin + box_width - 90, middle, fmt::join(g.shape(box.result), ", "));
  if (box.parameters > 0)
    svg += fmt::format("<text x=\"{}\" y=\"{}\" text-anchor=\"end\" fill=\"#475569\">{}</text>", margin + box_width - 8,
                       middle, box.parameters);
  return svg + "\n";
}

std::string draw_edge(int from, int to) {
  if (to == from + 1)
    return fmt::format("<path d=\"M {0} {1} V {2}\" marker-end=\"url(#arrow)\"/>\n", margin + box_width / 2,
                       top_of(from) + box_height, top_of(to) - 1);
  const double side = margin + box_width, start = top_of(from) + box_height * 0.7, end = top_of(to) + box_height * 0.3;
  const double reach = side + 10 + per_arc * (to - from);
  return fmt::format("<path d=\"M {0} {1} C {2} {1} {2} {3} {4} {3}\" marker-end=\"url(#arrow)\"/>\n", side, start,
                     reach, end, side + 1);
}

}  // namespace

std::string draw_network(const Graph& graph) {
  const Diagram diagram = DiagramBuilder(graph).build();
  int longest = 1;
  for (const auto& [from, to] : diagram.edges) longest = std::max(longest, to - from);
  const double width = 2 * margin + box_width + (longest > 1 ? 10 + per_arc * longest : 0);
  const double height = top_of(static_cast<int>(diagram.boxes.size())) - gap + margin;
  std::string svg = fmt::format(
      "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {0} {1}\" width=\"{0}\" height=\"{1}\" "
      "font-family=\"sans-serif\" font-size=\"12\">\n"
      "<defs><marker id=\"arrow\" viewBox=\"0 0 8 8\" refX=\"8\" refY=\"4\" markerWidth=\"7\" markerHeight=\"7\" "
      "orient=\"auto\"><path d=\"M 0 0 L 8 4 L 0 8 z\" fill=\"#64748b\"/></marker></defs>\n"
      "<g fill=\"none\" stroke=\"#64748b\">\n",
      width, height);
  for (const auto& [from, to] : diagram.edges) svg += draw_edge(from, to);
  svg += "</g>\n<g>\n";
  for (std::size_t i = 0; i < diagram.boxes.size(); ++i) svg += draw_box(graph, diagram.boxes[i], static_cast<int>(i));
  return svg + "</g>\n</svg>\n";
}

}  // namespace qiln::report
