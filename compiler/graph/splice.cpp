#include "compiler/graph/splice.h"

#include <cassert>
#include <map>

namespace qiln::graph {
namespace {

/// The parameters of a graph by path.
std::map<std::string, ValueId> params_of(const Graph& graph) {
  std::map<std::string, ValueId> params;
  for (ValueId id = 0; id < graph.nodes.size(); ++id)
    if (graph[id].op == Primitive::param) params.emplace(graph[id].as<ParamAttributes>().path, id);
  return params;
}

}  // namespace

std::vector<ValueId> splice(Builder& builder, const Graph& callee, std::span<const ValueId> arguments) {
  assert(&callee != &builder.graph() && "a graph cannot be copied into itself");
  Graph& graph = builder.graph();
  const Origin outer = builder.origin();
  auto params = params_of(graph);
  const auto first_circuit = static_cast<std::int32_t>(graph.circuits.size());
  const auto first_blocks = static_cast<std::int32_t>(graph.blocks.size());
  graph.circuits.insert(graph.circuits.end(), callee.circuits.begin(), callee.circuits.end());
  graph.blocks.insert(graph.blocks.end(), callee.blocks.begin(), callee.blocks.end());

  std::vector<ValueId> copy(callee.nodes.size(), no_value);
  std::size_t next_argument = 0;
  for (ValueId id = 0; id < callee.nodes.size(); ++id) {
    Node node = callee[id];
    if (node.op == Primitive::input) {
      assert(next_argument < arguments.size() && graph.shape(arguments[next_argument]) == node.type.shape);
      copy[id] = arguments[next_argument++];
      continue;
    }
    if (node.op == Primitive::param) {
      auto known = params.find(node.as<ParamAttributes>().path);
      if (known != params.end()) {
        assert(graph.shape(known->second) == node.type.shape && "one path, one shape");
        copy[id] = known->second;
        continue;
      }
    }
    if (auto* attributes = std::get_if<CircuitAttributes>(&node.attributes))
      attributes->index += node.op == Primitive::circuit ? first_circuit : first_blocks;
    bool varying = node.operands.empty() && node.type.varying;
    for (ValueId& operand : node.operands) {
      operand = copy[operand];
      varying = varying || graph.varying(operand);
    }
    if (node.op == Primitive::batch_sum) varying = false;
    Origin origin = node.origin;
    origin.path = origin.path < 0 ? outer.path : builder.path(callee.paths[origin.path]);
    builder.set_origin(origin);
    copy[id] = builder.append(node.op, {std::move(node.type.shape), varying}, std::move(node.operands),
                              std::move(node.attributes));
  }
  assert(next_argument == arguments.size() && "every argument binds an input");
  builder.set_origin(outer);
  std::vector<ValueId> outputs;
  for (const Output& output : callee.outputs) outputs.push_back(copy[output.value]);
  return outputs;
}

}  // namespace qiln::graph
