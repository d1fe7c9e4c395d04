#include "compiler/passes/split_factors.h"

#include <fmt/format.h>

#include <algorithm>
#include <numeric>
#include <optional>

#include "compiler/passes/lower_circuits.h"
#include "compiler/passes/rewrite.h"

namespace qiln::passes {
namespace {

using circuit::Circuit;
using circuit::Observable;
using circuit::PauliTerm;
using graph::ValueId;

/// The number of each qubit's factor, in order of their first qubits.
std::vector<int> factors_of(const Circuit& circuit) {
  std::vector<int> root(circuit.qubits);
  std::iota(root.begin(), root.end(), 0);
  auto find = [&](int q) {
    while (root[q] != q) q = root[q] = root[root[q]];
    return q;
  };
  auto join = [&](const std::vector<std::int32_t>& qubits) {
    for (std::int32_t q : qubits) {
      const int a = find(q), b = find(qubits[0]);
      root[std::max(a, b)] = std::min(a, b);
    }
  };
  for (const circuit::Operation& operation : circuit.operations) join(operation.qubits);
  for (const auto& list : circuit.probabilities) join(list);
  if (circuit.initial) join(circuit.initial->qubits);
  std::vector<int> factor(circuit.qubits, -1);
  int count = 0;
  for (int q = 0; q < circuit.qubits; ++q) factor[q] = find(q) == q ? count++ : factor[find(q)];
  return factor;
}

/// One of the circuits: which operands of the whole it has, and where its results go.
struct Part {
  Circuit circuit;
  std::vector<std::int32_t> qubits, operands;  // of the whole
  ValueId value = graph::no_value;
};

class Splitting {
 public:
  Splitting(graph::Builder& builder, const Circuit& circuit, const graph::Node& node)
      : builder_(builder), whole_(circuit), node_(node), factor_(factors_of(circuit)) {}

  /// Nothing where the circuit is one factor.
  std::optional<ValueId> run() {
    const int count = whole_.qubits == 0 ? 0 : *std::max_element(factor_.begin(), factor_.end()) + 1;
    if (count < 2) return std::nullopt;
    parts_.resize(count);
    place_.resize(whole_.qubits);
    for (int q = 0; q < whole_.qubits; ++q) {
      Part& part = parts_[factor_[q]];
      place_[q] = static_cast<std::int32_t>(part.qubits.size());
      part.qubits.push_back(q);
    }
    for (int f = 0; f < count; ++f) begin(f);
    // What is to be read, then the circuits, then what that makes of the results.
    std::vector<std::vector<Product>> readings;
    for (const Observable& observable : whole_.readout) readings.push_back(products_of(observable));
    for (Part& part : parts_) append(part);
    std::vector<ValueId> columns;
    for (const auto& sum : readings) columns.push_back(value_of(sum));
    std::vector<std::int64_t> next;
    for (const Part& part : parts_) next.push_back(static_cast<std::int64_t>(part.circuit.readout.size()));
    for (const auto& list : whole_.probabilities) {
      std::int64_t& at = next[factor_[list[0]]];
      columns.push_back(results(factor_[list[0]], at, std::int64_t{1} << list.size()));
      at += std::int64_t{1} << list.size();
    }
    return builder_.concat(std::move(columns), places() > 0 ? 1 : 0);
  }

 private:
  /// coefficient * product of readings of factors
  struct Product {
    double coefficient = 1;
    std::vector<std::pair<int, std::int64_t>> readings;
  };

  std::int64_t places() const { return node_.as<graph::CircuitAttributes>().places; }

  void begin(int f) {
    Part& part = parts_[f];
    Circuit& circuit = part.circuit;
    circuit.name = fmt::format("{}.{}", whole_.name, f);
    circuit.qubits = static_cast<int>(part.qubits.size());
    circuit.simulation = whole_.simulation;
    auto renumber = [&](std::vector<std::int32_t>& qubits) {
      for (std::int32_t& q : qubits) q = place_[q];
    };
    for (const circuit::Operation& operation : whole_.operations) {
      if (factor_[operation.qubits[0]] != f) continue;
      circuit.operations.push_back(operation);
      renumber(circuit.operations.back().qubits);
      for (circuit::Angle& angle : circuit.operations.back().angles)
        if (angle.operand >= 0) angle.operand = operand(part, angle.operand);
    }
    if (whole_.initial && factor_[whole_.initial->qubits[0]] == f) {
      circuit.initial = whole_.initial;
      renumber(circuit.initial->qubits);
      circuit.initial->operand = operand(part, whole_.initial->operand);
    }
    for (const auto& list : whole_.probabilities) {
      if (factor_[list[0]] != f) continue;
      circuit.probabilities.push_back(list);
      renumber(circuit.probabilities.back());
    }
  }

  std::int32_t operand(Part& part, std::int32_t of_whole) {
    auto& list = part.operands;
    const auto found = std::find(list.begin(), list.end(), of_whole);
    if (found == list.end()) return list.push_back(of_whole), static_cast<std::int32_t>(list.size() - 1);
    return static_cast<std::int32_t>(found - list.begin());
  }

  /// The bits of factor f, closed up.
  std::uint64_t bits_of(std::uint64_t mask, int f) const {
    std::uint64_t result = 0;
    for (std::int32_t q : parts_[f].qubits) result = result << 1 | (mask >> (whole_.qubits - 1 - q) & 1);
    return result;
  }

  std::int64_t read(int f, Observable observable) {
    auto& list = parts_[f].circuit.readout;
    const auto found = std::find(list.begin(), list.end(), observable);
    if (found != list.end()) return found - list.begin();
    list.push_back(std::move(observable));
    return static_cast<std::int64_t>(list.size() - 1);
  }

  /// Terms of one factor are one reading of it.
  std::vector<Product> products_of(const Observable& observable) {
    std::vector<Product> sum;
    std::vector<Observable> own(parts_.size());
    for (const PauliTerm& term : observable) {
      std::vector<int> touched;
      for (int f = 0; f < static_cast<int>(parts_.size()); ++f)
        if (bits_of(term.x | term.z, f) != 0) touched.push_back(f);
      if (touched.size() < 2) {
        const int f = touched.empty() ? 0 : touched[0];
        own[f].push_back({term.coefficient, bits_of(term.x, f), bits_of(term.z, f)});
        continue;
      }
      Product product{term.coefficient, {}};
      for (int f : touched) product.readings.emplace_back(f, read(f, {{1, bits_of(term.x, f), bits_of(term.z, f)}}));
      sum.push_back(std::move(product));
    }
    for (int f = 0; f < static_cast<int>(parts_.size()); ++f)
      if (!own[f].empty()) sum.insert(sum.begin(), {1, {{f, read(f, std::move(own[f]))}}});
    return sum;
  }

  void append(Part& part) {
    if (part.circuit.outputs() == 0) return;
    std::vector<ValueId> operands;
    std::vector<int> mapped;
    const auto& moved = node_.as<graph::CircuitAttributes>().mapped;
    for (std::int32_t k : part.operands) {
      if (std::find(moved.begin(), moved.end(), k) != moved.end()) mapped.push_back(static_cast<int>(operands.size()));
      operands.push_back(node_.operands[k]);
    }
    part.value = builder_.circuit(part.circuit, std::move(operands), places(), std::move(mapped));
  }

  /// Results of a factor: [count], behind the places.
  ValueId results(int f, std::int64_t first, std::int64_t count) {
    if (places() == 0) return builder_.slice(parts_[f].value, {first}, {1}, {count});
    return builder_.slice(parts_[f].value, {0, first}, {1, 1}, {places(), count});
  }

  ValueId value_of(const std::vector<Product>& sum) {
    ValueId total = graph::no_value;
    for (const Product& product : sum) {
      ValueId value = results(product.readings[0].first, product.readings[0].second, 1);
      for (std::size_t k = 1; k < product.readings.size(); ++k)
        value = builder_.multiply(value, results(product.readings[k].first, product.readings[k].second, 1));
      if (product.coefficient != 1) value = builder_.scale(value, product.coefficient);
      total = total == graph::no_value ? value : builder_.add(total, value);
    }
    if (total != graph::no_value) return total;
    return builder_.constant(0, places() > 0 ? graph::Shape{places(), 1} : graph::Shape{1});
  }

  graph::Builder& builder_;
  const Circuit& whole_;
  const graph::Node& node_;
  std::vector<int> factor_;
  std::vector<std::int32_t> place_;  // of each qubit in its factor
  std::vector<Part> parts_;
};

}  // namespace

bool split_factors(graph::Graph& graph) {
  Rewrite rewrite(graph);
  bool changed = false;
  for (ValueId id = 0; id < graph.nodes.size(); ++id) {
    graph::Node node = rewrite.mapped(id);
    if (node.op == Primitive::circuit) {
      const Circuit& circuit = graph.circuits[node.as<graph::CircuitAttributes>().index];
      if (const auto value = Splitting(rewrite.builder(), circuit, node).run()) {
        rewrite.map(id, as_varying(rewrite.builder().graph(), *value, node.operands));
        changed = true;
        continue;
      }
      auto& circuits = rewrite.builder().graph().circuits;
      std::get<graph::CircuitAttributes>(node.attributes).index = static_cast<std::int32_t>(circuits.size());
      circuits.push_back(circuit);
    }
    rewrite.map(id, rewrite.append(std::move(node)));
  }
  if (changed) rewrite.finish();
  return changed;
}

}  // namespace qiln::passes
