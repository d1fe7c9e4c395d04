#include "compiler/passes/density.h"

#include <fmt/format.h>

#include <algorithm>
#include <bit>
#include <cassert>
#include <map>
#include <numeric>

#include "compiler/circuit/heisenberg.h"
#include "compiler/circuit/transfer.h"
#include "compiler/passes/batch_value.h"
#include "compiler/passes/bloch_state.h"
#include "compiler/passes/lower_circuits.h"
#include "compiler/passes/rewrite.h"
#include "dsl/error.h"

namespace qiln::passes {
namespace {

using circuit::Circuit;
using circuit::Operation;
using circuit::TransferPolynomial;
using graph::ValueId;
using Factor = TransferPolynomial::Factor;

/// Operations whose transfer matrices are multiplied: several only if they are on one qubit.
struct Run {
  std::vector<std::int32_t> qubits;
  std::vector<const Operation*> operations;
};

std::vector<Run> runs_of(const Circuit& circuit) {
  std::vector<Run> runs;
  std::vector<int> last(circuit.qubits, -1);  // the last run that touches the qubit
  for (const Operation& operation : circuit.operations) {
    const int before = last[operation.qubits[0]];
    if (operation.qubits.size() == 1 && before >= 0 && runs[before].qubits.size() == 1) {
      runs[before].operations.push_back(&operation);
      continue;
    }
    for (std::int32_t q : operation.qubits) last[q] = static_cast<int>(runs.size());
    runs.push_back({operation.qubits, {&operation}});
  }
  return runs;
}

/// Equal for runs whose matrices are one formula, and are constant, uniform or varying together.
std::vector<int> structure_of(const Run& run, std::span<const ValueId> operands, const graph::Graph& graph) {
  std::vector<int> key;
  for (const Operation* operation : run.operations) {
    const auto of_operation = circuit::transfer_key(*operation);
    key.insert(key.end(), of_operation.begin(), of_operation.end());
    for (const circuit::Angle& angle : operation->angles)
      key.push_back(angle.operand < 0 ? 0 : 1 + graph.varying(operands[angle.operand]));
  }
  return key;
}

/// Square matrices, one for each run of a group: numbers while nothing in them is variable.
struct Matrices {
  std::vector<double> numbers;  // [count, side, side]
  ValueId value = graph::no_value;
};

/// The transfer matrices of one group of like runs.
class GroupMatrices {
 public:
  GroupMatrices(graph::Builder& builder, std::span<const Run* const> runs, std::span<const ValueId> operands)
      : builder_(builder),
        math_(builder, static_cast<std::int64_t>(runs.size())),
        runs_(runs),
        operands_(operands),
        side_(std::int64_t{1} << (2 * runs[0]->qubits.size())) {}

  /// [count, side, side]
  ValueId run() {
    Matrices product;
    for (std::size_t step = 0; step < runs_[0]->operations.size(); ++step) {
      Matrices next = matrices_of(step);
      product = step == 0 ? std::move(next) : multiply(next, product);
    }
    return materialise(product);
  }

 private:
  std::int64_t count() const { return math_.count(); }

  BatchValue factor(Factor factor, const BatchValue& a) {
    if (a.constant()) {
      BatchValue result = a;
      for (double& v : result.constants) v = circuit::evaluate(factor, v);
      return result;
    }
    const BatchValue half = math_.number(0.5);
    switch (factor) {
      case Factor::one:
        return math_.number(1);
      case Factor::cos_half:
        return math_.cos(math_.multiply(half, a));
      case Factor::sin_half:
        return math_.sin(math_.multiply(half, a));
      case Factor::cos:
        return math_.cos(a);
      case Factor::sin:
        return math_.sin(a);
      case Factor::value:
        return a;
      case Factor::root:
        break;
    }
    const ValueId rest = math_.materialise(math_.add(math_.number(1), math_.negate(a)));
    return {{}, builder_.pointwise(Primitive::sqrt, {rest})};
  }

  std::vector<BatchValue> monomials_of(const TransferPolynomial& polynomial, std::size_t step) {
    std::vector<BatchValue> angles;
    for (std::size_t a = 0; a < runs_[0]->operations[step]->angles.size(); ++a) {
      std::vector<circuit::Angle> each;
      for (const Run* run : runs_) each.push_back(run->operations[step]->angles[a]);
      angles.push_back(math_.gather(each, operands_));
    }
    std::map<std::pair<std::size_t, Factor>, BatchValue> known;
    std::vector<BatchValue> monomials;
    for (const auto& factors : polynomial.monomials) {
      BatchValue product = math_.number(1);
      for (std::size_t a = 0; a < factors.size(); ++a) {
        if (factors[a] == Factor::one) continue;
        auto found = known.find({a, factors[a]});
        if (found == known.end()) found = known.emplace(std::pair(a, factors[a]), factor(factors[a], angles[a])).first;
        product = math_.multiply(product, found->second);
      }
      monomials.push_back(std::move(product));
    }
    return monomials;
  }

  Matrices matrices_of(std::size_t step) {
    const TransferPolynomial polynomial = circuit::transfer_polynomial(*runs_[0]->operations[step]);
    const auto monomials = monomials_of(polynomial, step);
    const auto size = static_cast<std::size_t>(side_ * side_);
    Matrices result;
    if (std::all_of(monomials.begin(), monomials.end(), [](const BatchValue& m) { return m.constant(); })) {
      result.numbers.resize(count() * size);
      for (std::size_t m = 0; m < monomials.size(); ++m)
        for (std::int64_t i = 0; i < count(); ++i)
          for (std::size_t e = 0; e < size; ++e)
            result.numbers[i * size + e] +=
                polynomial.matrices[m][e] * monomials[m].constants[monomials[m].constants.size() == 1 ? 0 : i];
      return result;
    }
    std::vector<double> coefficients;
    for (const auto& matrix : polynomial.matrices)
      coefficients.insert(coefficients.end(), matrix.begin(), matrix.end());
    const auto terms = static_cast<std::int64_t>(monomials.size());
    graph::ContractAttributes sum;  // indices: run, row, column, monomial
    sum.space = {count(), side_, side_, terms};
    sum.operands = {{{{1, 0, 0, 0}, 0}, {{0, 0, 0, 1}, 0}}, {{{0, 0, 0, 1}, 0}, {{0, 1, 0, 0}, 0}, {{0, 0, 1, 0}, 0}}};
    sum.output = {{{1, 0, 0, 0}, 0}, {{0, 1, 0, 0}, 0}, {{0, 0, 1, 0}, 0}};
    const ValueId matrices = builder_.constant(std::move(coefficients), {terms, side_, side_});
    result.value = builder_.contract(std::move(sum), {math_.stack(monomials), matrices}, {count(), side_, side_});
    return result;
  }

  Matrices multiply(const Matrices& a, const Matrices& b) {
    Matrices product;
    if (a.value == graph::no_value && b.value == graph::no_value) {
      product.numbers.resize(a.numbers.size());
      for (std::int64_t r = 0; r < count(); ++r)
        for (std::int64_t i = 0; i < side_; ++i)
          for (std::int64_t j = 0; j < side_; ++j)
            for (std::int64_t k = 0; k < side_; ++k)
              product.numbers[(r * side_ + i) * side_ + j] +=
                  a.numbers[(r * side_ + i) * side_ + k] * b.numbers[(r * side_ + k) * side_ + j];
      return product;
    }
    graph::ContractAttributes sum;  // indices: run, row, column, between
    sum.space = {count(), side_, side_, side_};
    sum.operands = {{{{1, 0, 0, 0}, 0}, {{0, 1, 0, 0}, 0}, {{0, 0, 0, 1}, 0}},
                    {{{1, 0, 0, 0}, 0}, {{0, 0, 0, 1}, 0}, {{0, 0, 1, 0}, 0}}};
    sum.output = {{{1, 0, 0, 0}, 0}, {{0, 1, 0, 0}, 0}, {{0, 0, 1, 0}, 0}};
    product.value = builder_.contract(std::move(sum), {materialise(a), materialise(b)}, {count(), side_, side_});
    return product;
  }

  ValueId materialise(const Matrices& m) {
    return m.value == graph::no_value ? builder_.constant(m.numbers, {count(), side_, side_}) : m.value;
  }

  graph::Builder& builder_;
  BatchMath math_;
  std::span<const Run* const> runs_;
  std::span<const ValueId> operands_;
  std::int64_t side_;
};

void check(const Circuit& circuit) {
  if (circuit.qubits > max_density_qubits)
    throw Error(fmt::format("{} has {} qubits, and a density matrix at most {}", circuit.name, circuit.qubits,
                            max_density_qubits),
                1);
  for (const Operation& operation : circuit.operations)
    if (static_cast<int>(operation.qubits.size()) > circuit::max_transfer_qubits)
      throw Error(fmt::format("{}: {} acts on {} qubits, and gates on a density matrix on at most {}", circuit.name,
                              operation.name(), operation.qubits.size(), circuit::max_transfer_qubits),
                  1);
}

/// The results of a circuit at one place.
ValueId simulate(graph::Builder& builder, const Circuit& whole, std::span<const ValueId> operands) {
  const Circuit circuit = absorb_into_readout(whole);
  check(circuit);
  const std::vector<Run> runs = runs_of(circuit);
  std::vector<std::vector<const Run*>> groups;
  std::map<std::vector<int>, std::size_t> known;
  std::vector<std::pair<std::size_t, std::int64_t>> places;  // of each run: its group, and where in it
  for (const Run& run : runs) {
    const auto [found, added] = known.emplace(structure_of(run, operands, builder.graph()), groups.size());
    if (added) groups.emplace_back();
    places.emplace_back(found->second, static_cast<std::int64_t>(groups[found->second].size()));
    groups[found->second].push_back(&run);
  }
  std::vector<ValueId> matrices;
  for (const auto& group : groups) matrices.push_back(GroupMatrices(builder, group, operands).run());
  BlochState state(builder, circuit, operands);
  for (std::size_t r = 0; r < runs.size(); ++r)
    state.apply(matrices[places[r].first], places[r].second, runs[r].qubits);
  return state.results(circuit);
}

/// The circuit's results, once a place.
ValueId simulate_all(graph::Builder& builder, const Circuit& circuit, std::vector<ValueId> operands,
                     const graph::CircuitAttributes& attributes) {
  if (attributes.places == 0) return simulate(builder, circuit, operands);
  std::vector<ValueId> rows;
  for (std::int64_t place = 0; place < attributes.places; ++place) {
    std::vector<ValueId> here = operands;
    for (int k : attributes.mapped) {
      graph::Shape shape = builder.graph().shape(operands[k]);
      std::vector<std::int64_t> start(shape.size()), step(shape.size(), 1);
      start[0] = place;
      shape[0] = 1;
      const ValueId row = builder.slice(operands[k], start, step, shape);
      shape.erase(shape.begin());
      here[k] = builder.reshape(row, shape);
    }
    rows.push_back(builder.reshape(simulate(builder, circuit, here), {1, circuit.outputs()}));
  }
  return builder.concat(std::move(rows), 0);
}

}  // namespace

bool density(graph::Graph& graph) {
  Rewrite rewrite(graph);
  bool changed = false;
  for (Circuit& circuit : graph.circuits)
    if (circuit.simulation == circuit::Simulation::density && !circuit.has_channels()) {
      circuit.simulation = circuit::Simulation::state;
      changed = true;
    }
  for (ValueId id = 0; id < graph.nodes.size(); ++id) {
    graph::Node node = rewrite.mapped(id);
    if (node.op == Primitive::circuit) {
      const auto attributes = node.as<graph::CircuitAttributes>();
      const Circuit& circuit = graph.circuits[attributes.index];
      if (circuit.simulation == circuit::Simulation::density) {
        const ValueId value = simulate_all(rewrite.builder(), circuit, node.operands, attributes);
        rewrite.map(id, as_varying(rewrite.builder().graph(), value, node.operands));
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
