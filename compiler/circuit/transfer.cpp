#include "compiler/circuit/transfer.h"

#include <array>
#include <cassert>
#include <cmath>
#include <numbers>

#include "compiler/circuit/pauli.h"

namespace qiln::circuit {
namespace {

using Factor = TransferPolynomial::Factor;

constexpr int points = 5;
constexpr std::array<Factor, points> basis{Factor::one, Factor::cos_half, Factor::sin_half, Factor::cos, Factor::sin};

/// A string's number with digits I, X, Y, Z.
std::size_t number_of(PauliString p, int k) {
  std::size_t number = 0;
  for (int q = 0; q < k; ++q) {
    const bool x = p.x >> (k - 1 - q) & 1, z = p.z >> (k - 1 - q) & 1;
    number = 4 * number + (x ? (z ? 2 : 1) : (z ? 3 : 0));
  }
  return number;
}

std::vector<double> matrix_at(const Operation& operation, std::span<const double> angles) {
  const int k = static_cast<int>(operation.qubits.size());
  const std::size_t side = std::size_t{1} << (2 * k);
  const auto u = gate_matrix(operation.gate, angles, operation.inverse, operation.controls);
  std::vector<double> matrix(side * side);
  for (std::size_t p = 0; p < side; ++p) {
    const auto image = heisenberg_image(u, decode(p, k));
    for (std::size_t q = 0; q < side; ++q)
      matrix[number_of(decode(p, k), k) * side + number_of(decode(q, k), k)] = image[q];
  }
  return matrix;
}

/// The inverse of V[i][j] = basis j at point i; the points are 4 pi i / 5, over the period of a / 2.
std::array<std::array<double, points>, points> interpolation() {
  std::array<std::array<double, points>, points> inverse{};
  for (int j = 0; j < points; ++j)
    for (int i = 0; i < points; ++i)
      inverse[j][i] = evaluate(basis[j], 4 * std::numbers::pi * i / points) * (j == 0 ? 1.0 : 2.0) / points;
  return inverse;
}

/// Values at all points of all angles (the last the fastest) become coefficients, one angle after the other.
void interpolate(std::vector<std::vector<double>>& values) {
  static const auto inverse = interpolation();
  const std::size_t count = values.size();
  for (std::size_t stride = 1; stride < count; stride *= points)
    for (std::size_t first = 0; first < count; ++first) {
      if (first / stride % points != 0) continue;
      for (std::size_t e = 0; e < values[first].size(); ++e) {
        std::array<double, points> at{};
        for (int i = 0; i < points; ++i) at[i] = values[first + i * stride][e];
        for (int j = 0; j < points; ++j) {
          double sum = 0;
          for (int i = 0; i < points; ++i) sum += inverse[j][i] * at[i];
          values[first + j * stride][e] = sum;
        }
      }
    }
}

/// Coefficients are small multiples of powers of 1/2 and of its root but for rounding.
bool clean(std::vector<double>& matrix) {
  bool any = false;
  for (double& v : matrix) {
    if (std::abs(v) < 1e-12) v = 0;
    if (std::abs(v - std::round(8 * v) / 8) < 1e-12) v = std::round(8 * v) / 8;
    any |= v != 0;
  }
  return any;
}

TransferPolynomial of_gate(const Operation& operation) {
  const std::size_t angles = operation.angles.size();
  std::size_t count = 1;
  for (std::size_t a = 0; a < angles; ++a) count *= points;
  std::vector<std::vector<double>> values(count);
  for (std::size_t point = 0; point < count; ++point) {
    std::vector<double> at(angles);
    std::size_t rest = point;
    for (std::size_t a = angles; a-- > 0; rest /= points)
      at[a] = 4 * std::numbers::pi * static_cast<double>(rest % points) / points;
    values[point] = matrix_at(operation, at);
  }
  interpolate(values);
  TransferPolynomial polynomial{static_cast<int>(operation.qubits.size()), {}, {}};
  for (std::size_t point = 0; point < count; ++point) {
    if (!clean(values[point])) continue;
    std::vector<Factor> monomial(angles);
    std::size_t rest = point;
    for (std::size_t a = angles; a-- > 0; rest /= points) monomial[a] = basis[rest % points];
    polynomial.monomials.push_back(std::move(monomial));
    polynomial.matrices.push_back(std::move(values[point]));
  }
  return polynomial;
}

TransferPolynomial of_channel(const Operation& operation) {
  TransferPolynomial polynomial{1, {}, {}};
  const std::size_t parameters = operation.angles.size();
  auto add = [&](std::size_t parameter, Factor factor, auto coefficient) {
    std::vector<double> matrix(16);
    bool any = false;
    for (const TransferEntry& entry : channel(operation.channel).transfer.entries()) {
      matrix[4 * entry.row + entry.column] = coefficient(entry.value);
      any |= coefficient(entry.value) != 0;
    }
    if (!any) return;
    std::vector<Factor> monomial(parameters, Factor::one);
    if (factor != Factor::one) monomial[parameter] = factor;
    polynomial.monomials.push_back(std::move(monomial));
    polynomial.matrices.push_back(std::move(matrix));
  };
  add(0, Factor::one, [](const ChannelFormula& f) { return f.constant; });
  for (std::size_t k = 0; k < parameters; ++k)
    add(k, Factor::value, [k](const ChannelFormula& f) { return f.slope[k]; });
  add(0, Factor::root, [](const ChannelFormula& f) { return f.root; });
  return polynomial;
}

}  // namespace

double evaluate(Factor factor, double a) {
  switch (factor) {
    case Factor::one:
      return 1;
    case Factor::cos_half:
      return std::cos(a / 2);
    case Factor::sin_half:
      return std::sin(a / 2);
    case Factor::cos:
      return std::cos(a);
    case Factor::sin:
      return std::sin(a);
    case Factor::value:
      return a;
    case Factor::root:
      return std::sqrt(1 - a);
  }
  assert(false && "no such factor");
  return 0;
}

TransferPolynomial transfer_polynomial(const Operation& operation) {
  assert(static_cast<int>(operation.qubits.size()) <= max_transfer_qubits);
  return operation.is_channel() ? of_channel(operation) : of_gate(operation);
}

std::vector<int> transfer_key(const Operation& operation) {
  return {static_cast<int>(operation.kind),
          operation.is_channel() ? static_cast<int>(operation.channel) : static_cast<int>(operation.gate),
          operation.inverse, operation.controls};
}

}  // namespace qiln::circuit
