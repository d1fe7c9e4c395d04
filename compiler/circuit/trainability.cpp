#include "compiler/circuit/trainability.h"

#include <algorithm>
#include <cmath>

namespace qiln::circuit {
namespace {

constexpr std::uint64_t seed = 0x7ea1;
constexpr int fewest_points = 8, most_points = 256, rank_points = 3;

/// d(state)/d(variable): the circuit with one use of the variable replaced by its derivative, summed over the uses.
State state_derivative(const Circuit& circuit, const OperandValues& values, std::int32_t operand,
                       std::int64_t element) {
  State sum(std::size_t{1} << circuit.qubits);
  Circuit before = circuit;
  before.operations.clear();
  for (std::size_t o = 0; o < circuit.operations.size(); ++o) {
    const Operation& operation = circuit.operations[o];
    // The sum so far goes on through every later gate; a use adds its own term.
    State added;
    for (std::size_t a = 0; a < operation.angles.size(); ++a) {
      const Angle& angle = operation.angles[a];
      if (angle.operand != operand || angle.element != element) continue;
      State term = run(before, values);
      auto matrix = matrix_derivative(operation, angle_values(operation, values), static_cast<int>(a));
      for (Complex& m : matrix) m *= angle.scale;
      apply(term, matrix, operation.qubits, circuit.qubits);
      if (added.empty()) added.resize(sum.size());
      for (std::size_t b = 0; b < term.size(); ++b) added[b] += term[b];
    }
    apply(sum, matrix_of(operation, angle_values(operation, values)), operation.qubits, circuit.qubits);
    for (std::size_t b = 0; b < added.size(); ++b) sum[b] += added[b];
    before.operations.push_back(operation);
  }
  return sum;
}

Complex inner(const State& a, const State& b) {
  Complex sum = 0;
  for (std::size_t i = 0; i < a.size(); ++i) sum += std::conj(a[i]) * b[i];
  return sum;
}

}  // namespace

std::vector<double> quantum_fisher_information(const Circuit& circuit, const OperandValues& values,
                                               const Variables& variables) {
  const State state = run(circuit, values);
  std::vector<State> derivatives;
  std::vector<Complex> along;
  for (const auto& [operand, element] : variables) {
    derivatives.push_back(state_derivative(circuit, values, operand, element));
    along.push_back(inner(state, derivatives.back()));
  }
  const std::size_t count = variables.size();
  std::vector<double> matrix(count * count);
  for (std::size_t i = 0; i < count; ++i)
    for (std::size_t j = 0; j <= i; ++j)
      matrix[i * count + j] = matrix[j * count + i] =
          4 * (inner(derivatives[i], derivatives[j]) - std::conj(along[i]) * along[j]).real();
  return matrix;
}

int rank(std::vector<double> matrix) {
  const auto count = static_cast<std::size_t>(std::lround(std::sqrt(static_cast<double>(matrix.size()))));
  double largest = 0;
  for (std::size_t i = 0; i < count; ++i) largest = std::max(largest, matrix[i * count + i]);
  std::vector<char> used(count, false);
  for (std::size_t step = 0; step < count; ++step) {
    std::size_t p = count;
    for (std::size_t i = 0; i < count; ++i)
      if (!used[i] && (p == count || matrix[i * count + i] > matrix[p * count + p])) p = i;
    const double pivot = matrix[p * count + p];
    if (pivot <= 1e-9 * largest || pivot <= 0) return static_cast<int>(step);
    used[p] = true;
    for (std::size_t i = 0; i < count; ++i)
      if (!used[i])
        for (std::size_t j = 0; j < count; ++j)
          if (!used[j]) matrix[i * count + j] -= matrix[i * count + p] * matrix[p * count + j] / pivot;
  }
  return static_cast<int>(count);
}

double trainability_work(const Circuit& circuit, const Variables& variables) {
  double work = 0;
  for (const Operation& operation : circuit.operations) work += 3 + 2 * static_cast<double>(operation.angles.size());
  const double results = static_cast<double>(circuit.outputs());
  const double fisher = static_cast<double>(circuit.operations.size()) * static_cast<double>(variables.size());
  return std::pow(2.0, circuit.qubits) * (work * results + rank_points * 1.5 * fisher / fewest_points);
}

Trainability trainability(const Circuit& circuit, const Variables& variables,
                          const std::function<OperandValues(std::mt19937_64&)>& draw) {
  std::mt19937_64 random(seed);
  Trainability result;
  result.initialisations = static_cast<int>(std::clamp(most_trainability_work / trainability_work(circuit, variables),
                                                       double{fewest_points}, double{most_points}));
  result.variance.resize(variables.size());
  const auto results = static_cast<std::size_t>(circuit.outputs());
  std::vector<std::vector<double>> means(results, std::vector<double>(variables.size())), second = means;
  for (int point = 0; point < result.initialisations; ++point) {
    const OperandValues values = draw(random);
    if (point < rank_points)
      result.rank = std::max(result.rank, rank(quantum_fisher_information(circuit, values, variables)));
    for (std::size_t r = 0; r < results; ++r) {
      std::vector<double> weights(results);
      weights[r] = 1;
      const OperandValues slopes = gradient(circuit, values, weights);
      for (std::size_t v = 0; v < variables.size(); ++v) {
        const double slope = slopes[variables[v].first][variables[v].second];
        means[r][v] += slope / result.initialisations;
        second[r][v] += slope * slope / result.initialisations;
      }
    }
  }
  for (std::size_t r = 0; r < results; ++r)
    for (std::size_t v = 0; v < variables.size(); ++v)
      result.variance[v] += std::max(0.0, second[r][v] - means[r][v] * means[r][v]) / static_cast<double>(results);
  return result;
}

}  // namespace qiln::circuit
