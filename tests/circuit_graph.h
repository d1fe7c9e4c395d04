// A small network with a circuit, lowered to blocks on the state vector and differentiated.
#pragma once

#include <vector>

#include "compiler/differentiate.h"
#include "compiler/graph/build.h"
#include "compiler/pipeline.h"
#include "dsl/gates.h"

namespace qiln::testing {

/// Input "x" [3], parameter "weight" [2, 3]; outputs "read", "loss", and the gradients.
inline graph::Graph circuit_graph() {
  constexpr int n = 3;
  graph::Graph graph;
  graph::Builder b(graph);
  graph::ParamAttributes attributes;
  attributes.path = "weight";
  const auto weight = b.param(attributes, {2, n});
  const auto angles = b.pointwise(Primitive::tanh, {b.input("x", {{n}, true})});
  circuit::Circuit circuit;
  circuit.qubits = n;
  const auto gate = [&](const char* name, std::vector<std::int32_t> qubits, std::vector<circuit::Angle> of) {
    circuit.operations.push_back({*gate_named(name), false, 0, std::move(qubits), std::move(of)});
  };
  for (int q = 0; q < n; ++q) gate("RX", {q}, {{0, q, 1, 0.25}});
  for (int layer = 0; layer < 2; ++layer) {
    for (int q = 0; q < n; ++q) gate("RY", {q}, {{1, layer * n + q, 2, 0}});
    for (int q = 0; q + 1 < n; ++q) gate("CNOT", {q, q + 1}, {});
  }
  for (int q = 0; q < n; ++q)
    circuit.readout.push_back({{1.0, q == 1 ? std::uint64_t{4} >> q : 0, std::uint64_t{4} >> q}});
  const auto read = b.circuit(circuit, {angles, weight});
  const auto loss = b.batch_sum(b.reduce_sum(b.multiply(read, read), {0}));
  graph.outputs = {{"read", read}, {"loss", loss}};
  run(pass_named("lower-circuits"), graph);
  std::vector<graph::ValueId> wanted;
  for (graph::ValueId id = 0; id < graph.nodes.size(); ++id)
    if (graph[id].op == Primitive::param || graph[id].op == Primitive::input) wanted.push_back(id);
  const auto derivatives = gradients(graph, graph.output("loss"), wanted);
  graph.outputs.push_back({"gradient of the weights", derivatives[0]});
  graph.outputs.push_back({"gradient of the input", derivatives[1]});
  return graph;
}

}  // namespace qiln::testing
