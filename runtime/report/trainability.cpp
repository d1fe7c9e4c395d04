#include "runtime/report/trainability.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <numbers>

#include "compiler/circuit/trainability.h"
#include "compiler/graph/trace.h"

namespace qiln::report {
namespace {

using graph::Graph;
using graph::Node;
using graph::ValueId;

constexpr int most_qubits = 12;
constexpr std::size_t most_rows = 24;
constexpr double zero_below = 1e-18;  // a variance: the square of rounding errors

double uniform(std::mt19937_64& random) { return static_cast<double>(random() >> 11) * 0x1p-53; }

/// A parameter that a circuit takes with nothing but movement between; no_value otherwise.
ValueId parameter_as_it_is(const Graph& g, ValueId id) {
  while (g[id].op == Primitive::reshape || g[id].op == Primitive::slice || g[id].op == Primitive::permute)
    id = g[id].operands[0];
  return g[id].op == Primitive::param ? id : graph::no_value;
}

class Report {
 public:
  Report(const Graph& g, const Node& node)
      : g_(g), node_(node), circuit_(g.circuits[node.as<graph::CircuitAttributes>().index]) {
    const auto& [index, places, mapped] = node.as<graph::CircuitAttributes>();
    for (std::size_t k = 0; k < node.operands.size(); ++k) {
      const bool at_places = std::find(mapped.begin(), mapped.end(), static_cast<int>(k)) != mapped.end();
      sizes_.push_back(graph::element_count(g.shape(node.operands[k])) / (at_places ? places : 1));
      traces_.push_back(graph::trace(g, node.operands[k]));
    }
    find_variables();
  }

  std::string text() const {
    const std::string& path = node_.origin.path < 0 ? "" : g_.paths[node_.origin.path];
    const std::string head = fmt::format(
        "trainability of `{}`: {} qubit{}, {} trained angle{}", path.empty() ? circuit_.name : path, circuit_.qubits,
        circuit_.qubits == 1 ? "" : "s", variables_.size(), variables_.size() == 1 ? "" : "s");
    if (variables_.empty()) return head + "\n";
    if (circuit_.has_channels()) return head + "; not tried, for with noise channels it has no state vector\n";
    if (circuit_.qubits > most_qubits || trainability_work(circuit_, variables_) * 8 > circuit::most_trainability_work)
      return head + fmt::format("; not tried, for that is done up to {} qubits and about {:.0e} amplitude updates\n",
                                most_qubits, circuit::most_trainability_work);
    const auto found = trainability(circuit_, variables_, [&](std::mt19937_64& random) { return draw(random); });
    return head + numbers(found) + table(found) + advice(found);
  }

 private:
  void find_variables() {
    for (const auto& operation : circuit_.operations)
      for (const auto& angle : operation.angles) {
        if (angle.operand < 0 || !traces_[angle.operand]) continue;
        const Node& root = g_[traces_[angle.operand]->root];
        if (root.op != Primitive::param || !root.as<graph::ParamAttributes>().trainable) continue;
        const std::pair variable{angle.operand, angle.element};
        if (std::find(variables_.begin(), variables_.end(), variable) == variables_.end())
          variables_.push_back(variable);
      }
    std::sort(variables_.begin(), variables_.end());
  }

  circuit::OperandValues draw(std::mt19937_64& random) const {
    circuit::OperandValues values;
    std::map<ValueId, std::vector<double>> parameters;
    for (std::size_t k = 0; k < sizes_.size(); ++k) {
      auto& of_operand = values.emplace_back(sizes_[k]);
      const ValueId parameter = parameter_as_it_is(g_, node_.operands[k]);
      if (parameter == graph::no_value) {
        for (double& v : of_operand) v = (2 * uniform(random) - 1) * std::numbers::pi;
        continue;
      }
      const auto [found, added] = parameters.try_emplace(parameter);
      if (added)
        for (std::int64_t e = 0; e < graph::element_count(g_.shape(parameter)); ++e)
          found->second.push_back(initial_value(g_[parameter].as<graph::ParamAttributes>(), random));
      for (std::int64_t e = 0; e < sizes_[k]; ++e) of_operand[e] = found->second[traces_[k]->elements[e]];
    }
    if (circuit_.initial) {
      auto& amplitudes = values[circuit_.initial->operand];
      double norm = 0;
      for (double a : amplitudes) norm += a * a;
      for (double& a : amplitudes) a /= std::sqrt(norm);
    }
    return values;
  }

  static double initial_value(const graph::ParamAttributes& parameter, std::mt19937_64& random) {
    switch (parameter.initialiser) {
      case graph::Initialiser::uniform:
        return parameter.a + (parameter.b - parameter.a) * uniform(random);
      case graph::Initialiser::normal: {
        const double radius = std::sqrt(-2 * std::log(1 - uniform(random)));
        return parameter.a + parameter.b * radius * std::cos(2 * std::numbers::pi * uniform(random));
      }
      case graph::Initialiser::constant:
        return parameter.a;
    }
    return 0;
  }

  std::size_t silent(const circuit::Trainability& found) const {
    return static_cast<std::size_t>(
        std::count_if(found.variance.begin(), found.variance.end(), [](double v) { return v < zero_below; }));
  }
  /// Of those that are not 0.
  double mean(const circuit::Trainability& found) const {
    double sum = 0;
    for (double v : found.variance) sum += v;
    return sum / std::max<double>(1, static_cast<double>(variables_.size() - silent(found)));
  }

  std::string numbers(const circuit::Trainability& found) const {
    const auto [least, most] = std::minmax_element(found.variance.begin(), found.variance.end());
    std::string text = fmt::format(", {} initialisations\n", found.initialisations);
    text += fmt::format("  variance of the gradient    mean {:.1e}, smallest {}, largest {:.1e}", mean(found),
                        *least < zero_below ? "0" : fmt::format("{:.1e}", *least), *most);
    if (silent(found) > 0) text += fmt::format("; {} of {} are 0", silent(found), variables_.size());
    text += fmt::format("\n  quantum Fisher information  rank {} of {}\n", found.rank, variables_.size());
    return text;
  }

  /// A row for all elements that differ in the last coordinate of their parameter.
  std::string table(const circuit::Trainability& found) const {
    std::map<std::pair<ValueId, std::int64_t>, std::string> rows;
    for (std::size_t v = 0; v < variables_.size(); ++v) {
      const auto& [operand, element] = variables_[v];
      const ValueId root = traces_[operand]->root;
      const std::int64_t last = g_.shape(root).empty() ? 1 : g_.shape(root).back();
      rows[{root, traces_[operand]->elements[element] / last}] +=
          found.variance[v] < zero_below ? "        0" : fmt::format("  {:.1e}", found.variance[v]);
    }
    std::string text;
    std::size_t shown = 0;
    for (const auto& [row, entries] : rows) {
      if (shown++ == most_rows) return text + fmt::format("  and {} more rows\n", rows.size() - most_rows);
      text += fmt::format("  {:<26}{}\n", row_name(row.first, row.second), entries);
    }
    return text;
  }

  std::string row_name(ValueId root, std::int64_t row) const {
    const graph::Shape& shape = g_.shape(root);
    std::string coordinates;
    for (std::size_t d = shape.size() > 1 ? shape.size() - 1 : 0; d-- > 0; row /= shape[d])
      coordinates = fmt::format("{}{}{}", row % shape[d], coordinates.empty() ? "" : ", ", coordinates);
    const auto& path = g_[root].as<graph::ParamAttributes>().path;
    return coordinates.empty() ? path : fmt::format("{}[{}]", path, coordinates);
  }

  std::string advice(const circuit::Trainability& found) const {
    std::string text;
    const auto redundant = static_cast<std::int64_t>(variables_.size()) - found.rank;
    const double reachable = 2 * (std::pow(2.0, circuit_.qubits) - 1);
    if (found.rank >= reachable)
      text += fmt::format("  note: the rank is the most that {} qubits have, so every state nearby can be reached\n",
                          circuit_.qubits);
    if (redundant > 0)
      text += fmt::format(
          "  note: {} direction{} of the parameters leave the state as it is, but for its phase: as many "
          "parameters are redundant\n",
          redundant, redundant == 1 ? "" : "s");
    // <Z> of a random state varies like 2^-n, and gradients of circuits that make random states with it.
    if (circuit_.qubits >= 6 && mean(found) < std::pow(2.0, -circuit_.qubits))
      text += fmt::format(
          "  note: the mean is below 2^-{}: this circuit makes states that are nearly random, whose "
          "gradients halve with every qubit (a barren plateau); fewer layers, a start near 0 or readouts "
          "of few qubits keep them larger\n",
          circuit_.qubits);
    if (silent(found) > 0)
      text +=
          "  note: where it is 0 no start can train the parameter; what is proven about it stands in the findings\n";
    return text;
  }

  const Graph& g_;
  const Node& node_;
  const circuit::Circuit& circuit_;
  std::vector<std::int64_t> sizes_;
  std::vector<std::optional<graph::Trace>> traces_;
  circuit::Variables variables_;
};

}  // namespace

std::string trainability_text(const Graph& graph) {
  std::string text;
  for (const Node& node : graph.nodes)
    if (node.op == Primitive::circuit) text += Report(graph, node).text();
  return text.empty() ? "there is no circuit whose trainability could be tried\n" : text;
}

}  // namespace qiln::report
