#include "compiler/circuit/dense.h"

#include <bit>
#include <cassert>
#include <cmath>

namespace qiln::circuit {
namespace {

/// i^k
constexpr Complex powers_of_i[] = {{1, 0}, {0, 1}, {-1, 0}, {0, -1}};

/// The index of the basis state in which `qubits` are `local` and the others 0.
std::size_t basis_index(std::size_t local, std::span<const std::int32_t> qubits, int n) {
  std::size_t index = 0;
  for (std::size_t k = qubits.size(); k-- > 0; local >>= 1) index |= (local & 1) << (n - 1 - qubits[k]);
  return index;
}

State initial_state(const Circuit& circuit, const OperandValues& values) {
  State state(std::size_t{1} << circuit.qubits);
  if (!circuit.initial) {
    state[0] = 1;
    return state;
  }
  const auto& amplitudes = values[circuit.initial->operand];
  for (std::size_t b = 0; b < amplitudes.size(); ++b)
    state[basis_index(b, circuit.initial->qubits, circuit.qubits)] = amplitudes[b];
  return state;
}

/// The value of the bits of `index` on `qubits`.
std::size_t local_index(std::size_t index, std::span<const std::int32_t> qubits, int n) {
  std::size_t local = 0;
  for (std::int32_t q : qubits) local = local << 1 | (index >> (n - 1 - q) & 1);
  return local;
}

void apply_one(State& state, std::span<const Complex> m, std::size_t step) {
  for (std::size_t high = 0; high < state.size(); high += 2 * step)
    for (std::size_t b = high; b < high + step; ++b) {
      const Complex zero = state[b], one = state[b + step];
      state[b] = {
          m[0].real() * zero.real() - m[0].imag() * zero.imag() + m[1].real() * one.real() - m[1].imag() * one.imag(),
          m[0].real() * zero.imag() + m[0].imag() * zero.real() + m[1].real() * one.imag() + m[1].imag() * one.real()};
      state[b + step] = {
          m[2].real() * zero.real() - m[2].imag() * zero.imag() + m[3].real() * one.real() - m[3].imag() * one.imag(),
          m[2].real() * zero.imag() + m[2].imag() * zero.real() + m[3].real() * one.imag() + m[3].imag() * one.real()};
    }
}

/// result += factor * P|state>
void add_string(State& result, const State& state, const PauliTerm& term, double factor) {
  const int y = std::popcount(term.x & term.z);
  for (std::size_t b = 0; b < state.size(); ++b)
    result[b ^ term.x] += factor * powers_of_i[(y + 2 * std::popcount(term.z & b)) & 3] * state[b];
}

double overlap(const State& a, const State& b) {
  double sum = 0;
  for (std::size_t i = 0; i < a.size(); ++i) sum += a[i].real() * b[i].real() + a[i].imag() * b[i].imag();
  return sum;
}

std::vector<Complex> adjoint(std::span<const Complex> matrix) {
  const std::size_t side = std::size_t{1} << (std::countr_zero(matrix.size()) / 2);
  std::vector<Complex> result(matrix.size());
  for (std::size_t i = 0; i < side; ++i)
    for (std::size_t j = 0; j < side; ++j) result[j * side + i] = std::conj(matrix[i * side + j]);
  return result;
}

}  // namespace

double value_of(const Angle& angle, const OperandValues& values) {
  return angle.operand < 0 ? angle.offset : angle.scale * values[angle.operand][angle.element] + angle.offset;
}

std::vector<double> angle_values(const Operation& operation, const OperandValues& values) {
  std::vector<double> result;
  for (const Angle& angle : operation.angles) result.push_back(value_of(angle, values));
  return result;
}

void apply(State& state, std::span<const Complex> matrix, std::span<const std::int32_t> qubits, int n) {
  if (qubits.size() == 1) return apply_one(state, matrix, std::size_t{1} << (n - 1 - qubits[0]));
  const std::size_t side = std::size_t{1} << qubits.size();
  std::size_t mask = 0;
  std::vector<std::size_t> offsets(side);
  for (std::int32_t q : qubits) mask |= std::size_t{1} << (n - 1 - q);
  for (std::size_t i = 0; i < side; ++i)
    for (std::size_t k = 0; k < qubits.size(); ++k)
      if (i >> (qubits.size() - 1 - k) & 1) offsets[i] |= std::size_t{1} << (n - 1 - qubits[k]);
  std::vector<Complex> before(side);
  // base runs over the indices that are 0 on the qubits: adding the mask carries past them.
  for (std::size_t base = 0; base < state.size(); base = ((base | mask) + 1) & ~mask) {
    for (std::size_t i = 0; i < side; ++i) before[i] = state[base | offsets[i]];
    for (std::size_t i = 0; i < side; ++i) {
      Complex sum = 0;
      for (std::size_t j = 0; j < side; ++j)
        if (matrix[i * side + j] != 0.0) sum += matrix[i * side + j] * before[j];
      state[base | offsets[i]] = sum;
    }
  }
}

std::vector<Complex> matrix_of(const Operation& operation, std::span<const double> angles) {
  return gate_matrix(operation.gate, angles, operation.inverse, operation.controls);
}

std::vector<Complex> matrix_derivative(const Operation& operation, std::span<const double> angles, int k) {
  const GateRow& row = gate(operation.gate);
  const std::size_t side = std::size_t{1} << operation.qubits.size();
  const std::size_t first = side - (std::size_t{1} << row.targets);
  std::vector<Complex> result(side * side);
  for (const GateEntry& entry : row.matrix.entries()) {
    Complex value = Complex(0, entry.phase[k]) * evaluate(entry, angles);
    if (entry.trigonometric != GateEntry::Trigonometric::one && entry.half_angle == k) {
      // cos(a / 2)' = -sin(a / 2) / 2 and sin(a / 2)' = cos(a / 2) / 2
      const bool cosine = entry.trigonometric == GateEntry::Trigonometric::cosine;
      GateEntry turned = entry;
      turned.trigonometric = cosine ? GateEntry::Trigonometric::sine : GateEntry::Trigonometric::cosine;
      value += (cosine ? -0.5 : 0.5) * evaluate(turned, angles);
    }
    const std::size_t i = first + entry.row, j = first + entry.column;
    if (operation.inverse)
      result[j * side + i] = std::conj(value);
    else
      result[i * side + j] = value;
  }
  return result;
}

State run(const Circuit& circuit, const OperandValues& values) {
  State state = initial_state(circuit, values);
  for (const Operation& operation : circuit.operations)
    apply(state, matrix_of(operation, angle_values(operation, values)), operation.qubits, circuit.qubits);
  return state;
}

std::vector<double> readings(const Circuit& circuit, const OperandValues& values) {
  const State state = run(circuit, values);
  std::vector<double> result;
  for (const Observable& observable : circuit.readout) {
    State image(state.size());
    for (const PauliTerm& term : observable) add_string(image, state, term, term.coefficient);
    result.push_back(overlap(state, image));
  }
  for (const auto& list : circuit.probabilities) {
    std::vector<double> sums(std::size_t{1} << list.size());
    for (std::size_t b = 0; b < state.size(); ++b) sums[local_index(b, list, circuit.qubits)] += std::norm(state[b]);
    result.insert(result.end(), sums.begin(), sums.end());
  }
  return result;
}

OperandValues gradient(const Circuit& circuit, const OperandValues& values, std::span<const double> weights) {
  State state = run(circuit, values);
  State cotangent(state.size());
  assert(static_cast<std::int64_t>(weights.size()) == circuit.outputs());
  for (std::size_t i = 0; i < circuit.readout.size(); ++i)
    for (const PauliTerm& term : circuit.readout[i]) add_string(cotangent, state, term, weights[i] * term.coefficient);
  const double* of_list = weights.data() + circuit.readout.size();
  for (const auto& list : circuit.probabilities) {
    for (std::size_t b = 0; b < state.size(); ++b)
      cotangent[b] += of_list[local_index(b, list, circuit.qubits)] * state[b];
    of_list += std::size_t{1} << list.size();
  }
  OperandValues result;
  for (const auto& operand : values) result.emplace_back(operand.size());
  for (std::size_t o = circuit.operations.size(); o-- > 0;) {
    const Operation& operation = circuit.operations[o];
    const std::vector<double> angles = angle_values(operation, values);
    const std::vector<Complex> undo = adjoint(matrix_of(operation, angles));
    apply(state, undo, operation.qubits, circuit.qubits);
    for (std::size_t a = 0; a < angles.size(); ++a) {
      const Angle& angle = operation.angles[a];
      if (angle.operand < 0) continue;
      State turned = state;
      apply(turned, matrix_derivative(operation, angles, static_cast<int>(a)), operation.qubits, circuit.qubits);
      result[angle.operand][angle.element] += 2 * angle.scale * overlap(cotangent, turned);
    }
    apply(cotangent, undo, operation.qubits, circuit.qubits);
  }
  if (circuit.initial) {
    auto& amplitudes = result[circuit.initial->operand];
    for (std::size_t b = 0; b < amplitudes.size(); ++b)
      amplitudes[b] += 2 * cotangent[basis_index(b, circuit.initial->qubits, circuit.qubits)].real();
  }
  return result;
}

}  // namespace qiln::circuit
