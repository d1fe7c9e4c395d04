// Pauli-transfer matrices of operations as polynomials, for passes that compute with Bloch vectors: gates and channels
// alike, numbers and graph values from one form.
#pragma once

#include <cstdint>
#include <vector>

#include "compiler/circuit/circuit.h"

namespace qiln::circuit {

/// R(theta) = sum over m of monomials[m](theta) * matrices[m]. The expectation of string P after the operation is the
/// sum over Q of R(P, Q) times that of Q before it; a string's number has a digit I, X, Y, Z a qubit, the first the
/// most significant.
struct TransferPolynomial {
  /// Of one angle a: 1, cos(a / 2), sin(a / 2), cos a, sin a; of a channel's parameter p: p, sqrt(1 - p).
  enum class Factor : std::uint8_t { one, cos_half, sin_half, cos, sin, value, root };
  int qubits = 0;
  std::vector<std::vector<Factor>> monomials;  // one factor an angle
  std::vector<std::vector<double>> matrices;   // row-major, 4^qubits squared
};

/// Operations on more qubits have none.
inline constexpr int max_transfer_qubits = 4;

/// For all values of the operation's angles, constants too. Exact up to rounding: entries of a gate's matrix have
/// frequency 1/2 or, in a pair of them, 0, 1/2 and 1 of each angle, which five points determine.
TransferPolynomial transfer_polynomial(const Operation& operation);

/// Equal for operations with one polynomial.
std::vector<int> transfer_key(const Operation& operation);

/// Number of the factor's value at angle or parameter `a`.
double evaluate(TransferPolynomial::Factor factor, double a);

}  // namespace qiln::circuit
