#include "compiler/passes/closed_form.h"

#include <algorithm>
#include <bit>
#include <optional>

#include "compiler/circuit/heisenberg.h"
#include "compiler/circuit/propagation.h"
#include "compiler/passes/batch_value.h"
#include "compiler/passes/lower_circuits.h"
#include "compiler/passes/pauli_sums.h"
#include "compiler/passes/product_state.h"
#include "compiler/passes/rewrite.h"

namespace qiln::passes {
namespace {

using circuit::Circuit;
using circuit::Operation;
using circuit::PauliTerm;
using graph::ValueId;

/// Expectations that a propagated circuit may have.
constexpr std::size_t most_values = 1024;
/// Probabilities of more basis states than this are not written as readings.
constexpr std::int64_t most_probabilities = 16;

/// readings[i] = sum of coefficient * product over the terms of observable i.
ValueId readings(graph::Builder& builder, const Circuit& circuit, std::span<const PauliTerm> terms, ValueId products) {
  const auto count = static_cast<std::int64_t>(terms.size()),
             outputs = static_cast<std::int64_t>(circuit.readout.size());
  const bool plain = std::all_of(circuit.readout.begin(), circuit.readout.end(),
                                 [](const circuit::Observable& o) { return o.size() == 1; });
  if (plain) {
    BatchMath math(builder, count);
    BatchValue coefficients{{}, graph::no_value};
    for (const PauliTerm& term : terms) coefficients.constants.push_back(term.coefficient);
    return math.materialise(math.multiply(coefficients, {{}, products}));
  }
  std::vector<double> matrix(outputs * count);
  std::int64_t t = 0;
  for (std::int64_t i = 0; i < outputs; ++i)
    for (const PauliTerm& term : circuit.readout[i]) matrix[i * count + t++] = term.coefficient;
  graph::ContractAttributes attributes;
  attributes.space = {outputs, count};
  attributes.operands = {{{{1, 0}, 0}, {{0, 1}, 0}}, {{{0, 1}, 0}}};
  attributes.output = {{{1, 0}, 0}};
  return builder.contract(std::move(attributes), {builder.constant(std::move(matrix), {outputs, count}), products},
                          {outputs});
}

/// With probabilities as readings: p(b) = 2^-k * sum over z of (-1)^(b.z) <Z^z>.
Circuit with_readings_only(Circuit circuit) {
  for (const auto& list : circuit.probabilities) {
    const std::uint64_t states = std::uint64_t{1} << list.size();
    for (std::uint64_t b = 0; b < states; ++b) {
      auto& observable = circuit.readout.emplace_back();
      for (std::uint64_t z = 0; z < states; ++z) {
        const double sign = std::popcount(b & z) % 2 ? -1 : 1;
        const auto string = circuit::replace({}, {0, z}, list, circuit.qubits);
        observable.push_back({sign / static_cast<double>(states), string.x, string.z});
      }
    }
  }
  circuit.probabilities.clear();
  return circuit;
}

std::optional<ValueId> expand(graph::Builder& builder, const Circuit& whole, std::span<const ValueId> operands) {
  const auto probabilities = whole.outputs() - static_cast<std::int64_t>(whole.readout.size());
  if (whole.initial || whole.qubits == 0 || probabilities > most_probabilities) return std::nullopt;
  const Circuit circuit = absorb_into_readout(with_readings_only(whole));
  const bool product_state =
      std::all_of(circuit.operations.begin(), circuit.operations.end(),
                  [](const Operation& operation) { return operation.qubits.size() == 1 && !operation.is_channel(); });
  if (product_state) {
    std::vector<PauliTerm> terms;
    for (const circuit::Observable& observable : circuit.readout)
      terms.insert(terms.end(), observable.begin(), observable.end());
    if (terms.empty()) return std::nullopt;
    return readings(builder, circuit, terms, term_products(builder, circuit, terms, operands));
  }
  const auto propagated = circuit::propagate(circuit, most_values);
  if (!propagated || cost_of(*propagated, circuit.qubits) >= cost_of_state(circuit)) return std::nullopt;
  return pauli_sums(builder, circuit, *propagated, operands);
}

}  // namespace

bool closed_form(graph::Graph& graph) {
  Rewrite rewrite(graph);
  bool changed = false;
  for (ValueId id = 0; id < graph.nodes.size(); ++id) {
    graph::Node node = rewrite.mapped(id);
    if (node.op == Primitive::circuit) {
      const auto& [index, places, mapped] = node.as<graph::CircuitAttributes>();
      const auto value = places > 0 ? std::nullopt : expand(rewrite.builder(), graph.circuits[index], node.operands);
      if (value) {
        rewrite.map(id, as_varying(rewrite.builder().graph(), *value, node.operands));
        changed = true;
        continue;
      }
    }
    rewrite.map(id, rewrite.append(std::move(node)));
  }
  if (changed) rewrite.finish();
  return changed;
}

}  // namespace qiln::passes
