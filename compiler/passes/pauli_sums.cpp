#include "compiler/passes/pauli_sums.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <set>

#include "compiler/passes/batch_value.h"
#include "compiler/passes/product_state.h"

namespace qiln::passes {
namespace {

using circuit::Monomial;
using circuit::Propagated;
using circuit::Scaled;
using graph::ValueId;

/// Emitting, compiling and starting the kernels of a level, or of a state vector, in multiply-adds of a training run.
constexpr double step_cost = 5e4;
/// Of one amplitude in one gate, a mean over kinds of blocks.
constexpr double gate_cost = 6;
/// Cosines and sines with their gathering, for one value.
constexpr double angle_cost = 60;

/// The values by level, and the place of each in its level.
struct Levels {
  std::vector<std::vector<int>> values;
  std::vector<int> place;
  explicit Levels(const Propagated& propagated) : values(propagated.levels + 1), place(propagated.values.size()) {
    for (std::size_t v = 0; v < propagated.values.size(); ++v) {
      auto& level = values[propagated.values[v].level];
      place[v] = static_cast<int>(level.size());
      level.push_back(static_cast<int>(v));
    }
  }
};

/// What one level reads of another: rows [monomial][value of the level], columns the other's values.
struct Reads {
  std::vector<Monomial> monomials;
  std::map<int, std::vector<double>> matrices;  // by level
  std::vector<double> constants;                // one a row
};

Reads reads_of(const Propagated& propagated, const Levels& levels, int level) {
  Reads reads;
  const auto& values = levels.values[level];
  std::set<Monomial> monomials;
  for (int v : values)
    for (const auto& part : propagated.values[v].parts) monomials.insert(part.monomial);
  reads.monomials.assign(monomials.begin(), monomials.end());
  reads.constants.resize(monomials.size() * values.size());
  for (std::size_t i = 0; i < values.size(); ++i)
    for (const auto& part : propagated.values[values[i]].parts) {
      const auto m = std::lower_bound(reads.monomials.begin(), reads.monomials.end(), part.monomial);
      const std::size_t row = static_cast<std::size_t>(m - reads.monomials.begin()) * values.size() + i;
      if (part.of.value < 0) {
        reads.constants[row] += part.of.factor;
        continue;
      }
      const int source = propagated.values[part.of.value].level;
      const std::size_t width = levels.values[source].size();
      auto& matrix = reads.matrices[source];
      matrix.resize(reads.constants.size() * width);
      matrix[row * width + levels.place[part.of.value]] += part.of.factor;
    }
  return reads;
}

ValueId times(graph::Builder& builder, std::vector<double> matrix, std::int64_t rows, ValueId vector) {
  const std::int64_t columns = graph::element_count(builder.graph().shape(vector));
  graph::ContractAttributes attributes;
  attributes.space = {rows, columns};
  attributes.operands = {{{{1, 0}, 0}, {{0, 1}, 0}}, {{{0, 1}, 0}}};
  attributes.output = {{{1, 0}, 0}};
  return builder.contract(std::move(attributes), {builder.constant(std::move(matrix), {rows, columns}), vector},
                          {rows});
}

/// constants + the sum over levels of matrix * values, [rows].
BatchValue combined(graph::Builder& builder, const Reads& reads, const std::vector<ValueId>& computed) {
  BatchMath math(builder, static_cast<std::int64_t>(reads.constants.size()));
  BatchValue sum{reads.constants, graph::no_value};
  for (const auto& [level, matrix] : reads.matrices)
    sum = math.add(sum, {{}, times(builder, matrix, math.count(), computed[level])});
  return sum;
}

/// The monomials of the angles of each value's own operation.
class Monomials {
 public:
  Monomials(BatchMath& math, const circuit::Circuit& circuit, const Propagated& propagated,
            const std::vector<int>& values, std::span<const ValueId> operands)
      : math_(math) {
    for (std::size_t a = 0; a < max_gate_parameters; ++a) {
      std::vector<circuit::Angle> angles;
      for (int v : values) {
        const auto& of = circuit.operations[propagated.values[v].operation].angles;
        angles.push_back(a < of.size() ? of[a] : circuit::Angle{});
      }
      angles_.push_back(math.gather(angles, operands));
    }
  }

  BatchValue of(Monomial monomial) {
    BatchValue product = math_.number(1);
    for (std::size_t a = 0; monomial > 0; ++a, monomial /= circuit::factors_of_an_angle) {
      const int factor = monomial % circuit::factors_of_an_angle;
      if (factor != 0) product = math_.multiply(product, factor_of(a, factor));
    }
    return product;
  }

 private:
  const BatchValue& factor_of(std::size_t angle, int factor) {
    auto [found, added] = known_.try_emplace({angle, factor});
    if (added) {
      const BatchValue half = factor > 2 ? math_.multiply(math_.number(0.5), angles_[angle]) : angles_[angle];
      found->second = factor % 2 == 1 ? math_.cos(half) : math_.sin(half);
    }
    return found->second;
  }
  BatchMath& math_;
  std::vector<BatchValue> angles_;
  std::map<std::pair<std::size_t, int>, BatchValue> known_;
};

ValueId level_values(graph::Builder& builder, const circuit::Circuit& circuit, const Propagated& propagated,
                     const std::vector<int>& values, const Reads& reads, const std::vector<ValueId>& computed,
                     std::span<const ValueId> operands) {
  const auto count = static_cast<std::int64_t>(values.size());
  const BatchValue rows = combined(builder, reads, computed);
  BatchMath math(builder, count);
  Monomials monomials(math, circuit, propagated, values, operands);
  BatchValue sum = math.number(0);
  for (std::size_t m = 0; m < reads.monomials.size(); ++m) {
    const auto begin = static_cast<std::int64_t>(m) * count;
    BatchValue part;
    if (rows.constant())
      part.constants.assign(rows.constants.begin() + begin, rows.constants.begin() + begin + count);
    else
      part.value = builder.slice(rows.value, {begin}, {1}, {count});
    sum = math.add(sum, math.multiply(part, monomials.of(reads.monomials[m])));
  }
  return math.materialise(sum);
}

}  // namespace

double cost_of(const Propagated& propagated, int qubits) {
  const Levels levels(propagated);
  double cost = 6.0 * static_cast<double>(levels.values[0].size()) * qubits + angle_cost * qubits;
  for (int level = 1; level <= propagated.levels; ++level) {
    cost += step_cost + angle_cost * static_cast<double>(levels.values[level].size());
    for (const auto& [source, matrix] : reads_of(propagated, levels, level).matrices)
      cost += static_cast<double>(matrix.size());
  }
  return cost;
}

double cost_of_state(const circuit::Circuit& circuit) {
  const double qubits = circuit.has_channels() ? 2 * circuit.qubits : circuit.qubits;
  return step_cost + gate_cost * static_cast<double>(circuit.operations.size()) * std::pow(2.0, qubits);
}

ValueId pauli_sums(graph::Builder& builder, const circuit::Circuit& circuit, const Propagated& propagated,
                   std::span<const ValueId> operands) {
  const Levels levels(propagated);
  std::vector<ValueId> computed(levels.values.size(), graph::no_value);
  if (!levels.values[0].empty()) {
    circuit::Circuit front;
    front.qubits = circuit.qubits;
    front.operations = propagated.prefix;
    std::vector<circuit::PauliTerm> terms;
    for (int v : levels.values[0]) {
      const circuit::PauliString string = propagated.values[v].string;
      terms.push_back({1, string.x, string.z});
    }
    computed[0] = term_products(builder, front, terms, operands);
  }
  for (int level = 1; level <= propagated.levels; ++level)
    computed[level] = level_values(builder, circuit, propagated, levels.values[level],
                                   reads_of(propagated, levels, level), computed, operands);
  Reads last;
  last.constants.resize(propagated.readings.size());
  for (std::size_t i = 0; i < propagated.readings.size(); ++i)
    for (const Scaled& term : propagated.readings[i]) {
      if (term.value < 0) {
        last.constants[i] += term.factor;
        continue;
      }
      const int level = propagated.values[term.value].level;
      auto& matrix = last.matrices[level];
      matrix.resize(propagated.readings.size() * levels.values[level].size());
      matrix[i * levels.values[level].size() + levels.place[term.value]] += term.factor;
    }
  BatchMath math(builder, static_cast<std::int64_t>(last.constants.size()));
  return math.materialise(combined(builder, last, computed));
}

}  // namespace qiln::passes
