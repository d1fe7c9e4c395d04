// Loops over the gate table: every row is unitary, its inverse undoes it, its flags are those of its matrix.
#include "dsl/gates.h"

#include <cmath>
#include <set>
#include <string>

#include "tests/catch.h"

namespace qiln {
namespace {

using Matrix = std::vector<std::complex<double>>;

const double samples[] = {0.37, -1.21, 2.9};

Matrix matrix_of(Gate id, bool inverse = false) {
  return gate_matrix(id, std::span(samples).first(gate(id).parameter_count()), inverse);
}

std::size_t side(const Matrix& m) { return static_cast<std::size_t>(std::lround(std::sqrt(m.size()))); }

Matrix product(const Matrix& a, const Matrix& b) {
  const std::size_t n = side(a);
  Matrix c(n * n);
  for (std::size_t i = 0; i < n; ++i)
    for (std::size_t j = 0; j < n; ++j)
      for (std::size_t k = 0; k < n; ++k) c[i * n + j] += a[i * n + k] * b[k * n + j];
  return c;
}

double distance_from_identity(const Matrix& a) {
  const std::size_t n = side(a);
  double worst = 0;
  for (std::size_t i = 0; i < n; ++i)
    for (std::size_t j = 0; j < n; ++j)
      worst = std::max(worst, std::abs(a[i * n + j] - std::complex<double>(i == j ? 1 : 0)));
  return worst;
}

Matrix adjoint(const Matrix& a) {
  const std::size_t n = side(a);
  Matrix b(n * n);
  for (std::size_t i = 0; i < n; ++i)
    for (std::size_t j = 0; j < n; ++j) b[j * n + i] = std::conj(a[i * n + j]);
  return b;
}

bool is_diagonal(const Matrix& a) {
  const std::size_t n = side(a);
  for (std::size_t i = 0; i < n; ++i)
    for (std::size_t j = 0; j < n; ++j)
      if (i != j && std::abs(a[i * n + j]) > 1e-12) return false;
  return true;
}

bool is_permutation(const Matrix& a) {
  for (std::complex<double> v : a)
    if (std::abs(v) > 1e-12 && std::abs(v - 1.0) > 1e-12) return false;
  return true;
}

/// Tensor product of Paulis, `index` two bits a qubit (I X Y Z).
Matrix pauli_string(int qubits, int index) {
  const Matrix paulis[4] = {{1, 0, 0, 1}, {0, 1, 1, 0}, {0, {0, -1}, {0, 1}, 0}, {1, 0, 0, -1}};
  Matrix result{1};
  for (int q = 0; q < qubits; ++q) {
    const Matrix& p = paulis[(index >> (2 * q)) & 3];
    const std::size_t n = side(result);
    Matrix next(4 * n * n);
    for (std::size_t i = 0; i < 2 * n; ++i)
      for (std::size_t j = 0; j < 2 * n; ++j) next[i * 2 * n + j] = result[i / 2 * n + j / 2] * p[i % 2 * 2 + j % 2];
    result = next;
  }
  return result;
}

/// Conjugation takes every Pauli string to one Pauli string.
bool is_clifford(const Matrix& a, int qubits) {
  const double size = static_cast<double>(side(a));
  for (int p = 1; p < 1 << (2 * qubits); ++p) {
    const Matrix image = product(product(a, pauli_string(qubits, p)), adjoint(a));
    double largest = 0;
    for (int r = 0; r < 1 << (2 * qubits); ++r) {
      const Matrix overlap = product(image, pauli_string(qubits, r));
      std::complex<double> trace = 0;
      for (std::size_t i = 0; i < side(a); ++i) trace += overlap[i * side(a) + i];
      largest = std::max(largest, std::abs(trace) / size);
    }
    if (largest < 1 - 1e-9) return false;
  }
  return true;
}

TEST_CASE("every gate of the table is unitary and its flags are those of its matrix") {
  for (std::size_t k = 0; k < gates().size(); ++k) {
    const Gate id = static_cast<Gate>(k);
    const GateRow& row = gate(id);
    INFO(std::string(row.name));
    const Matrix m = matrix_of(id);
    REQUIRE(side(m) == std::size_t{1} << row.qubits());
    CHECK(distance_from_identity(product(m, adjoint(m))) < 1e-12);
    CHECK(row.flags.diagonal == is_diagonal(m));
    CHECK(row.flags.permutation == is_permutation(m));
    CHECK(row.flags.clifford == is_clifford(m, row.qubits()));
    CHECK(row.flags.self_inverse == (distance_from_identity(product(m, m)) < 1e-12));
    CHECK_FALSE(row.help.empty());
    CHECK_FALSE(row.pennylane.empty());
  }
}

TEST_CASE("the inverse of a gate undoes it") {
  for (std::size_t k = 0; k < gates().size(); ++k) {
    const Gate id = static_cast<Gate>(k);
    const GateRow& row = gate(id);
    INFO(std::string(row.name));
    CHECK(distance_from_identity(product(matrix_of(id, true), matrix_of(id))) < 1e-12);
    const auto inverse = inverse_of(id);
    CHECK(inverse.has_value() == !row.inverse.empty());
    if (!inverse) continue;
    REQUIRE(gate(*inverse).parameter_count() == row.parameter_count());
    std::vector<double> angles;
    for (int a = 0; a < row.parameter_count(); ++a) angles.push_back(-samples[row.inverse_angles[a]]);
    CHECK(distance_from_identity(product(gate_matrix(*inverse, angles), matrix_of(id))) < 1e-12);
  }
}

TEST_CASE("an extra control applies the gate where it is 1") {
  const Matrix ccx = gate_matrix(*gate_named("X"), {}, false, 2);
  CHECK(ccx == gate_matrix(*gate_named("CCX"), {}));
}

TEST_CASE("gates are found by name and alias, and no name is used twice") {
  std::set<std::string_view> seen;
  for (std::string_view name : gate_names()) {
    INFO(std::string(name));
    CHECK(seen.insert(name).second);
    CHECK(gate_named(name).has_value());
  }
  CHECK(gate(*gate_named("cx")).name == "CNOT");
  CHECK_FALSE(gate_named("").has_value());
  CHECK_FALSE(gate_named("RYX").has_value());
}

}  // namespace
}  // namespace qiln
