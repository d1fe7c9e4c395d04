#include "compiler/findings.h"

#include <algorithm>
#include <string>
#include <vector>

#include "compiler/circuit_findings.h"
#include "compiler/graph/origin.h"
#include "compiler/passes/density.h"
#include "compiler/pipeline.h"

namespace qiln {
namespace {

using dsl::DiagnosticKind;
using graph::Graph;
using graph::Node;
using graph::ValueId;

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
    diagnostics.report(DiagnosticKind::no_gradient, graph::span_of(g[cut].origin), names)
        .note("every path from it to the result goes through this `stop_gradient`, so training leaves it as it starts")
        .help("remove `stop_gradient`, or say `freeze` if that is what is meant");
  }
}

/// Circuits that are too wide for the density matrix they ask for, and have no closed form; whether there are any.
bool report_density(const Graph& g, dsl::Diagnostics& diagnostics) {
  auto too_wide = [](const circuit::Circuit& circuit) {
    return circuit.simulation == circuit::Simulation::density && circuit.has_channels() &&
           circuit.qubits > passes::max_density_qubits;
  };
  if (std::none_of(g.circuits.begin(), g.circuits.end(), too_wide)) return false;
  Graph left = g;
  run_gate_passes(left);
  bool found = false;
  for (const Node& node : left.nodes) {
    if (node.op != Primitive::circuit) continue;
    const auto& circuit = left.circuits[node.as<graph::CircuitAttributes>().index];
    if (!too_wide(circuit)) continue;
    found = true;
    diagnostics
        .report(DiagnosticKind::density_qubits, graph::span_of(node.origin), circuit.name, circuit.qubits,
                passes::max_density_qubits)
        .note("it has no closed form either; a measurement within a circuit takes a qubit of its own")
        .help("leave out `simulate = density`: fixed random Paulis are drawn for each sample");
  }
  return found;
}

}  // namespace

void report_findings(const Graph& graph, dsl::Diagnostics& diagnostics, Doubts doubts) {
  // What cannot run is not also said to be unproven.
  if (!report_density(graph, diagnostics)) report_circuit_findings(graph, diagnostics, doubts);
  report_cuts(graph, diagnostics);
}

}  // namespace qiln
