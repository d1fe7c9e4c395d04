#include "compiler/findings.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "compiler/circuit/heisenberg.h"
#include "compiler/passes/density.h"
#include "compiler/pipeline.h"

namespace qiln {
namespace {

using dsl::DiagnosticKind;
using graph::Graph;
using graph::Node;
using graph::ValueId;

dsl::Span span_of(const graph::Origin& origin) {
  return {static_cast<dsl::FileId>(std::max(origin.file, 0)), origin.begin, origin.end};
}

/// The parameter that a circuit operand is, whole and in its own order; no_value if it is something else.
ValueId parameter_behind(const Graph& g, ValueId id) {
  while (g[id].op == Primitive::reshape) id = g[id].operands[0];
  return g[id].op == Primitive::param ? id : graph::no_value;
}

/// A parameter is dead where every circuit that takes it says so and nothing else uses it.
class DeadParameters {
 public:
  DeadParameters(const Graph& g, dsl::Diagnostics& diagnostics) : g_(g), diagnostics_(diagnostics) {}

  void run() {
    for (ValueId id = 0; id < g_.nodes.size(); ++id) visit(g_[id]);
    for (const auto& [parameter, elements] : dead_)
      if (!used_otherwise_.contains(parameter)) report(parameter, elements);
  }

 private:
  struct Death {
    int circuits = 0;  // that say so
    std::string reason;
    dsl::Span gate;
  };

  void visit(const Node& node) {
    if (node.op != Primitive::circuit) {
      for (ValueId operand : node.operands)
        if (node.op != Primitive::reshape)
          if (ValueId p = parameter_behind(g_, operand); p != graph::no_value) used_otherwise_.insert(p);
      return;
    }
    const auto& [index, places, mapped] = node.as<graph::CircuitAttributes>();
    const auto& circuit = g_.circuits[index];
    std::vector<std::int64_t> sizes;
    std::set<ValueId> taken;
    auto moves = [&](int k) { return std::find(mapped.begin(), mapped.end(), k) != mapped.end(); };
    for (ValueId operand : node.operands) {
      sizes.push_back(graph::element_count(g_.shape(operand)));
      if (moves(static_cast<int>(sizes.size()) - 1)) sizes.back() /= places;
      if (ValueId p = parameter_behind(g_, operand); p != graph::no_value) taken.insert(p);
    }
    for (ValueId p : taken) ++circuits_[p];
    for (const auto& element : circuit::dead_elements(circuit, sizes)) {
      ValueId p = parameter_behind(g_, node.operands[element.operand]);
      if (p == graph::no_value || moves(element.operand)) continue;  // of a mapped one, an element is one of each place
      Death& death = dead_[p][element.element];
      ++death.circuits;
      death.reason = circuit::explain(circuit, element);
      if (element.operation >= 0) {
        const auto& operation = circuit.operations[element.operation];
        death.gate = {static_cast<dsl::FileId>(std::max(node.origin.file, 0)), operation.begin, operation.end};
      }
    }
  }

  void report(ValueId parameter, const std::map<std::int64_t, Death>& elements) {
    const auto& path = g_[parameter].as<graph::ParamAttributes>().path;
    std::int64_t all = graph::element_count(g_.shape(parameter));
    std::map<std::string, std::vector<std::int64_t>> by_reason;
    std::int64_t dead = 0;
    for (const auto& [element, death] : elements)
      if (death.circuits == circuits_[parameter]) by_reason[death.reason].push_back(element), ++dead;
    if (dead == 0) return;
    const std::string& reason = by_reason.begin()->first;
    dsl::Span span = span_of(g_[parameter].origin);
    auto& said = dead == all && by_reason.size() == 1
                     ? diagnostics_.report(DiagnosticKind::dead_parameter, span, all, path, reason)
                     : diagnostics_.report(DiagnosticKind::partly_dead_parameter, span, dead, all, path, reason);
    if (by_reason.size() > 1) {
      for (const auto& [why, which] : by_reason) said.note(fmt::format("{}: {}", list(which), why));
    } else if (dead < all) {
      said.note(fmt::format("{} {}", dead == 1 ? "it is" : "these are", list(by_reason.begin()->second)));
    }
  }

  static std::string list(const std::vector<std::int64_t>& elements) {
    constexpr std::size_t shown = 12;
    std::string text = elements.size() == 1 ? "element" : "elements";
    for (std::size_t i = 0; i < std::min(shown, elements.size()); ++i)
      text += fmt::format("{} {}", i ? "," : "", elements[i]);
    return elements.size() > shown ? text + fmt::format(" and {} more", elements.size() - shown) : text;
  }

  const Graph& g_;
  dsl::Diagnostics& diagnostics_;
  std::map<ValueId, std::map<std::int64_t, Death>> dead_;
  std::map<ValueId, int> circuits_;
  std::set<ValueId> used_otherwise_;
};

/// Values that the outputs depend on; not through stop_gradient unless `through_cuts`.
std::vector<bool> reaching(const Graph& g, const std::vector<ValueId>& roots, bool through_cuts) {
  std::vector<bool> seen(g.nodes.size(), false);
  for (ValueId root : roots) seen[root] = true;
  for (ValueId id = static_cast<ValueId>(g.nodes.size()); id-- > 0;) {
    if (!seen[id] || (!through_cuts && g[id].op == Primitive::stop_gradient)) continue;
    for (ValueId operand : g[id].operands) seen[operand] = true;
  }
  return seen;
}

/// `g.linear` of `g.linear.weight`.
std::string owner(const std::string& path) {
  auto dot = path.rfind('.');
  return dot == std::string::npos ? path : path.substr(0, dot);
}

void report_cuts(const Graph& g, dsl::Diagnostics& diagnostics) {
  std::vector<ValueId> outputs;
  for (const auto& output : g.outputs) outputs.push_back(output.value);
  std::vector<bool> trained = reaching(g, outputs, false), used = reaching(g, outputs, true);
  for (ValueId cut = 0; cut < g.nodes.size(); ++cut) {
    if (g[cut].op != Primitive::stop_gradient || !used[cut]) continue;
    std::vector<bool> behind = reaching(g, {g[cut].operands[0]}, true);
    std::vector<std::string> owners;
    for (ValueId id = 0; id < cut; ++id) {
      if (!behind[id] || trained[id] || g[id].op != Primitive::param) continue;
      const auto& attributes = g[id].as<graph::ParamAttributes>();
      if (!attributes.trainable) continue;
      if (owners.empty() || owners.back() != owner(attributes.path)) owners.push_back(owner(attributes.path));
    }
    if (owners.empty()) continue;
    std::string names = owners[0];
    for (std::size_t i = 1; i < owners.size(); ++i) names += "`, `" + owners[i];
    diagnostics.report(DiagnosticKind::no_gradient, span_of(g[cut].origin), names)
        .note("every path from it to the result goes through this `stop_gradient`, so training leaves it as it starts")
        .help("remove `stop_gradient`, or say `freeze` if that is what is meant");
  }
}

/// Circuits that are too wide for the density matrix they ask for, and have no closed form.
void report_density(const Graph& g, dsl::Diagnostics& diagnostics) {
  auto too_wide = [](const circuit::Circuit& circuit) {
    return circuit.simulation == circuit::Simulation::density && circuit.has_channels() &&
           circuit.qubits > passes::max_density_qubits;
  };
  if (std::none_of(g.circuits.begin(), g.circuits.end(), too_wide)) return;
  Graph left = g;
  run_gate_passes(left);
  for (const Node& node : left.nodes) {
    if (node.op != Primitive::circuit) continue;
    const auto& circuit = left.circuits[node.as<graph::CircuitAttributes>().index];
    if (too_wide(circuit))
      diagnostics
          .report(DiagnosticKind::density_qubits, span_of(node.origin), circuit.name, circuit.qubits,
                  passes::max_density_qubits)
          .note("it has no closed form either; a measurement within a circuit takes a qubit of its own")
          .help("leave out `simulate = density`: fixed random Paulis are drawn for each sample");
  }
}

}  // namespace

void report_findings(const Graph& graph, dsl::Diagnostics& diagnostics) {
  report_density(graph, diagnostics);
  DeadParameters(graph, diagnostics).run();
  report_cuts(graph, diagnostics);
}

}  // namespace qiln
