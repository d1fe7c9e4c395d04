#include "compiler/passes/sample_channels.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <numbers>
#include <optional>

#include "compiler/circuit/heisenberg.h"
#include "compiler/passes/rewrite.h"
#include "dsl/error.h"

namespace qiln::passes {
namespace {

using circuit::Circuit;
using circuit::Operation;
using graph::ValueId;

std::vector<double> constants(const Circuit& circuit, const Operation& operation) {
  const ChannelRow& row = channel(operation.channel);
  std::vector<double> parameters;
  for (const circuit::Angle& angle : operation.angles) {
    if (angle.operand < 0) parameters.push_back(angle.offset);
  }
  if (parameters.size() < operation.angles.size() || !(row.flags.mixed_unitary || row.flags.readout))
    throw Error(fmt::format("{}: `{}` cannot be drawn at random for a state vector; `simulate = density` takes it",
                            circuit.name, row.name),
                1);
  return parameters;
}

/// What is read of a qubit: P becomes scale * P + shift, whatever the basis.
struct ReadoutError {
  double scale = 1, shift = 0;
  double zero_as_one() const { return (1 - scale - shift) / 2; }
  double one_as_zero() const { return (1 - scale + shift) / 2; }
};
using ReadoutErrors = std::map<std::int32_t, ReadoutError>;  // by qubit

/// Takes the readout errors out of a circuit.
ReadoutErrors take_readout_errors(Circuit& circuit) {
  ReadoutErrors errors;
  std::vector<Operation> others;
  for (Operation& operation : circuit.operations) {
    if (!operation.is_channel() || !channel(operation.channel).flags.readout) {
      others.push_back(std::move(operation));
      continue;
    }
    const auto transfer = transfer_matrix(operation.channel, constants(circuit, operation));
    ReadoutError& error = errors[operation.qubits[0]];
    error = {error.scale * transfer[15], error.shift * transfer[15] + transfer[12]};
  }
  circuit.operations = std::move(others);
  return errors;
}

/// The observables of which the errors make the given ones.
void mix(std::vector<circuit::Observable>& readout, const ReadoutErrors& errors, int qubits) {
  for (circuit::Observable& observable : readout)
    for (const auto& [q, error] : errors) {
      const std::uint64_t bit = std::uint64_t{1} << (qubits - 1 - q);
      circuit::Observable mixed;
      for (circuit::PauliTerm term : observable) {
        const bool reads = ((term.x | term.z) & bit) != 0;
        if (reads && error.shift != 0) mixed.push_back({term.coefficient * error.shift, term.x & ~bit, term.z & ~bit});
        if (reads) term.coefficient *= error.scale;
        mixed.push_back(term);
      }
      observable = std::move(mixed);
    }
}

/// Probabilities behind the errors: a matrix [2, 2] on the bit of each qubit that has one. `value` is [..., outputs].
ValueId mix(graph::Builder& builder, ValueId value, const Circuit& circuit, const ReadoutErrors& errors) {
  const graph::Shape shape = builder.graph().shape(value);
  const std::int64_t rows = graph::element_count(shape) / shape.back();
  const ValueId all = builder.reshape(value, {rows, shape.back()});
  std::vector<ValueId> parts;
  auto at = static_cast<std::int64_t>(circuit.readout.size());
  if (at > 0) parts.push_back(builder.slice(all, {0, 0}, {1, 1}, {rows, at}));
  for (const auto& list : circuit.probabilities) {
    const std::int64_t count = std::int64_t{1} << list.size();
    ValueId part = builder.slice(all, {0, at}, {1, 1}, {rows, count});
    for (std::size_t k = 0; k < list.size(); ++k) {
      const auto found = errors.find(list[k]);
      if (found == errors.end()) continue;
      const double p01 = found->second.zero_as_one(), p10 = found->second.one_as_zero();
      const std::int64_t before = rows << k, after = count >> (k + 1);
      graph::ContractAttributes sum;  // indices: before, bit as read, after, bit
      sum.space = {before, 2, after, 2};
      sum.operands = {{{{0, 1, 0, 0}, 0}, {{0, 0, 0, 1}, 0}},
                      {{{1, 0, 0, 0}, 0}, {{0, 0, 0, 1}, 0}, {{0, 0, 1, 0}, 0}}};
      sum.output = {{{1, 0, 0, 0}, 0}, {{0, 1, 0, 0}, 0}, {{0, 0, 1, 0}, 0}};
      const ValueId matrix = builder.constant({1 - p01, p10, p01, 1 - p10}, {2, 2});
      part = builder.contract(std::move(sum), {matrix, builder.reshape(part, {before, 2, after})}, {before, 2, after});
    }
    parts.push_back(builder.reshape(part, {rows, count}));
    at += count;
  }
  return builder.reshape(builder.concat(std::move(parts), 1), shape);
}

Operation turn(std::string_view gate, const Operation& channel, std::int32_t operand, std::int64_t element) {
  Operation operation;
  operation.gate = *gate_named(gate);
  operation.qubits = channel.qubits;
  operation.angles = {{operand, element, std::numbers::pi, 0}};
  operation.begin = channel.begin;
  operation.end = channel.end;
  return operation;
}

/// The draws of all channels: [2 * count] (behind `places`, if there are any), first every a, then every b.
ValueId draws(graph::Builder& builder, const std::vector<std::array<double, 3>>& probabilities, std::int64_t places,
              std::string site) {
  const auto count = static_cast<std::int64_t>(probabilities.size());
  graph::Shape shape{count};
  if (places > 0) shape.insert(shape.begin(), places);
  const ValueId u = builder.random({graph::Distribution::uniform, std::move(site), 0}, shape);
  // u in [0, x) is X, in [x, x + y) Y and in [x + y, x + y + z) Z.
  auto below = [&](auto bound) {
    std::vector<double> bounds;
    for (const auto& p : probabilities) bounds.push_back(bound(p));
    const ValueId row = builder.constant(std::move(bounds), {count});
    const ValueId all = places > 0 ? builder.broadcast(row, shape, {1}) : row;
    return builder.pointwise(Primitive::less, {u, all});
  };
  const ValueId x = below([](const auto& p) { return p[0]; });
  const ValueId xy = below([](const auto& p) { return p[0] + p[1]; });
  const ValueId xyz = below([](const auto& p) { return p[0] + p[1] + p[2]; });
  return builder.concat({xy, builder.subtract(xyz, x)}, places > 0 ? 1 : 0);
}

/// The circuit with gates for its channels, and the draws that they take as a further operand.
struct Sampled {
  Circuit circuit;
  std::vector<std::array<double, 3>> probabilities;  // of X, Y and Z, one a channel
};

Sampled sampled(const Circuit& circuit, std::int32_t operand) {
  Sampled result{circuit, {}};
  result.circuit.operations.clear();
  for (const Operation& operation : circuit.operations)
    if (operation.is_channel()) {
      const auto parameters = constants(circuit, operation);
      auto& p = result.probabilities.emplace_back();
      for (int k = 0; k < 3; ++k) p[k] = evaluate(channel(operation.channel).pauli[k], parameters);
    }
  const auto count = static_cast<std::int64_t>(result.probabilities.size());
  std::int64_t next = 0;
  for (const Operation& operation : circuit.operations) {
    if (!operation.is_channel()) {
      result.circuit.operations.push_back(operation);
      continue;
    }
    const auto& p = result.probabilities[next];
    if (p[0] + p[1] > 0) result.circuit.operations.push_back(turn("RX", operation, operand, next));
    if (p[1] + p[2] > 0) result.circuit.operations.push_back(turn("RZ", operation, operand, count + next));
    ++next;
  }
  return result;
}

/// A node like `node` with another circuit, in its place unless another node has it too.
ValueId place(graph::Builder& builder, const graph::Node& node, Circuit circuit, std::vector<ValueId> operands,
              std::vector<int> mapped) {
  graph::Graph& graph = builder.graph();
  graph::CircuitAttributes attributes = node.as<graph::CircuitAttributes>();
  attributes.mapped = std::move(mapped);
  for (const graph::Node& other : graph.nodes)
    if (other.op == Primitive::circuit && other.as<graph::CircuitAttributes>().index == attributes.index)
      attributes.index = static_cast<std::int32_t>(graph.circuits.size());
  graph.circuits.resize(std::max<std::size_t>(graph.circuits.size(), attributes.index + 1));
  graph.circuits[attributes.index] = std::move(circuit);
  graph::Type type = node.type;
  for (ValueId operand : operands) type.varying |= graph.varying(operand);
  return builder.append(Primitive::circuit, std::move(type), std::move(operands), std::move(attributes));
}

/// `node` without channels.
ValueId replace(Rewrite& rewrite, const graph::Node& node, Circuit circuit, int number) {
  graph::Builder& builder = rewrite.builder();
  const auto attributes = node.as<graph::CircuitAttributes>();
  const ReadoutErrors errors = take_readout_errors(circuit);
  mix(circuit.readout, errors, circuit.qubits);
  // What no observable sees, or all do alike, need not be drawn.
  circuit = absorb_into_readout(circuit);
  std::vector<ValueId> operands = node.operands;
  std::vector<int> mapped = attributes.mapped;
  Sampled sample = sampled(circuit, static_cast<std::int32_t>(operands.size()));
  if (!sample.probabilities.empty()) {
    const std::string path = node.origin.path < 0 ? circuit.name : rewrite.old().paths[node.origin.path];
    if (attributes.places > 0) mapped.push_back(static_cast<int>(operands.size()));
    operands.push_back(
        draws(builder, sample.probabilities, attributes.places, fmt::format("{}.noise.{}", path, number)));
  }
  const ValueId value = place(builder, node, std::move(sample.circuit), std::move(operands), std::move(mapped));
  const bool probable = std::any_of(circuit.probabilities.begin(), circuit.probabilities.end(), [&](const auto& list) {
    return std::any_of(list.begin(), list.end(), [&](std::int32_t q) { return errors.contains(q); });
  });
  return probable ? mix(builder, value, circuit, errors) : value;
}

}  // namespace

bool sample_channels(graph::Graph& graph) {
  const auto wanted = [](const Circuit& circuit) {
    return circuit.simulation == circuit::Simulation::state && circuit.has_channels();
  };
  if (std::none_of(graph.circuits.begin(), graph.circuits.end(), wanted)) return false;
  Rewrite rewrite(graph);
  rewrite.builder().graph().circuits = graph.circuits;
  bool changed = false;
  int number = 0;
  for (ValueId id = 0; id < graph.nodes.size(); ++id) {
    graph::Node node = rewrite.mapped(id);
    if (node.op == Primitive::circuit) {
      const Circuit& circuit = graph.circuits[node.as<graph::CircuitAttributes>().index];
      if (wanted(circuit)) {
        rewrite.map(id, replace(rewrite, node, circuit, number++));
        changed = true;
        continue;
      }
    }
    // What was the same for all samples may follow their trajectories now.
    for (ValueId operand : node.operands)
      node.type.varying |= rewrite.fresh().varying(operand) && node.op != Primitive::batch_sum;
    rewrite.map(id, rewrite.append(std::move(node)));
  }
  if (changed) rewrite.finish();
  return changed;
}

}  // namespace qiln::passes
