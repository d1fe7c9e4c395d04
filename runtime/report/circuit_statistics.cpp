#include "runtime/report/circuit_statistics.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <map>
#include <set>

#include "compiler/circuit/layout.h"
#include "compiler/codegen/state_chunks.h"
#include "compiler/graph/build.h"
#include "compiler/kernel/work.h"
#include "compiler/pipeline.h"
#include "runtime/report/units.h"

namespace qiln::report {
namespace {

using circuit::Block;
using circuit::Circuit;
using graph::Graph;
using graph::ValueId;

std::string counted(std::int64_t count, std::string_view noun) {
  return fmt::format("{} {}{}", count, noun, count == 1 ? "" : "s");
}

/// "48 RY, 45 CNOT", the most frequent first.
std::string by_frequency(const std::map<std::string, int>& counts) {
  std::vector<std::pair<int, std::string>> sorted;
  for (const auto& [name, count] : counts) sorted.emplace_back(-count, name);
  std::sort(sorted.begin(), sorted.end());
  std::string text;
  for (const auto& [count, name] : sorted) text += fmt::format("{}{} {}", text.empty() ? "" : ", ", -count, name);
  return text.empty() ? "none" : text;
}

std::string gate_name(const circuit::Operation& operation) {
  std::string name;
  if (operation.inverse) name += "inv ";
  if (operation.controls > 0) name += fmt::format("ctrl({}) ", operation.controls);
  return name + std::string(operation.name());
}

struct AngleCounts {
  std::int64_t parameters = 0, inputs = 0;
};

/// Distinct elements that gates take, by what stands behind them.
AngleCounts count_angles(const Graph& graph, const graph::Node& node, const Circuit& circuit) {
  std::set<std::pair<std::int32_t, std::int64_t>> elements;
  for (const auto& operation : circuit.operations)
    for (const auto& angle : operation.angles)
      if (angle.operand >= 0) elements.emplace(angle.operand, angle.element);
  AngleCounts counts;
  for (const auto& [operand, element] : elements)
    ++(graph.varying(node.operands[operand]) ? counts.inputs : counts.parameters);
  return counts;
}

/// The circuit by itself, after the passes that every circuit goes through.
Graph lowered(const Graph& graph, const graph::Node& node, const Circuit& circuit, bool closed_form) {
  Graph alone;
  alone.name = circuit.name;
  graph::Builder builder(alone);
  std::vector<ValueId> operands;
  for (std::size_t k = 0; k < node.operands.size(); ++k) {
    const graph::Type& type = graph[node.operands[k]].type;
    graph::ParamAttributes parameter;
    parameter.path = fmt::format("operand {}", k);
    operands.push_back(type.varying ? builder.input(parameter.path, type) : builder.param(parameter, type.shape));
  }
  const auto& attributes = node.as<graph::CircuitAttributes>();
  alone.outputs.push_back({"y", builder.circuit(circuit, operands, attributes.places, attributes.mapped)});
  run_circuit_passes(alone, closed_form);
  return alone;
}

std::string block_text(const circuit::BlockProgram& program) {
  constexpr std::array<const char*, 5> names{"dense", "diagonal", "permutation", "turns", "phases"};
  std::map<std::string, int> counts;
  for (const Block& block : program.blocks) ++counts[names[static_cast<std::size_t>(block.kind)]];
  return by_frequency(counts);
}

std::string work_text(const char* name, const kernel::Work& work, const StatisticsOptions& options) {
  std::string text =
      fmt::format("  {:<12} {}, {} of state traffic", name, scaled(work.flops, "flop"), scaled(work.bytes, "B"));
  // Half of the multiply-add rate is what the kernels reach (tests/perf/run.sh state).
  if (options.fma_rate > 0) text += fmt::format(", about {}", duration_text(work.flops / (0.5 * options.fma_rate)));
  return text + "\n";
}

}  // namespace

std::string circuit_statistics(const Graph& graph, const graph::Node& node, const StatisticsOptions& options) {
  const Circuit& circuit = graph.circuits[node.as<graph::CircuitAttributes>().index];
  std::map<std::string, int> kinds;
  for (const auto& operation : circuit.operations) ++kinds[gate_name(operation)];
  const AngleCounts angles = count_angles(graph, node, circuit);
  std::string text =
      fmt::format("circuit `{}`: {}, {}, depth {}\n", circuit.name, counted(circuit.qubits, "qubit"),
                  counted(static_cast<std::int64_t>(circuit.operations.size()), "operation"), circuit::depth(circuit));
  text += fmt::format("  {:<12} {}\n", "gates", by_frequency(kinds));
  text += fmt::format("  {:<12} {} of parameters, {} of inputs\n", "angles", angles.parameters, angles.inputs);
  text += fmt::format("  {:<12} {}\n", "readings", circuit.outputs());
  const Graph after = lowered(graph, node, circuit, options.closed_form);
  if (after.blocks.empty())
    return text + fmt::format("  {:<12} ordinary arithmetic: no state vector, {}\n", "runs as",
                              counted(static_cast<std::int64_t>(after.nodes.size()), "graph value"));
  for (const circuit::BlockProgram& program : after.blocks) {
    const kernel::Chunks chunks = codegen::state_chunks(options.target, program.qubits);
    text += fmt::format("  {:<12} a state vector of 2^{} amplitudes, {} a sample\n", "runs as", program.qubits,
                        scaled(8 * std::exp2(program.qubits), "B"));
    text += fmt::format("  {:<12} {}\n", "blocks", block_text(program));
    text += work_text("forward", kernel::forward_work(program, chunks), options);
    text += work_text("gradient", kernel::adjoint_work(program, chunks), options);
  }
  if (options.fma_rate > 0)
    text += fmt::format("  times are for one sample on one thread, at half of its multiply-add rate of {}\n",
                        scaled(options.fma_rate, "flop/s"));
  return text;
}

}  // namespace qiln::report
