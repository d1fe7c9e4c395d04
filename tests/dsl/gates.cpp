// Loops over the gate table: every row is unitary, its inverse undoes it, its flags are those of its matrix.
#include "dsl/gates.h"

#include <cmath>
#include <set>
#include <string>

#include "tests/catch.h"

namespace qiln {
namespace {

using Matrix = std::vector<std::complex<double>>;

const double samples[] = {0.37, -1.21, 2.9, -0.64};

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

/// `matrix` on `qubits` of n, the first of them its most significant bit.
Matrix embedded(const Matrix& matrix, std::span<const std::int8_t> qubits, int n) {
  const std::size_t size = std::size_t{1} << n;
  auto local = [&](std::size_t b) {
    std::size_t index = 0;
    for (std::int8_t q : qubits) index = index << 1 | (b >> (n - 1 - q) & 1);
    return index;
  };
  std::size_t touched = 0;
  for (std::int8_t q : qubits) touched |= std::size_t{1} << (n - 1 - q);
  Matrix result(size * size);
  for (std::size_t i = 0; i < size; ++i)
    for (std::size_t j = 0; j < size; ++j)
      if ((i & ~touched) == (j & ~touched)) result[i * size + j] = matrix[local(i) * side(matrix) + local(j)];
  return result;
}

/// The product of a row's steps at these parameters; of the frame's alone, if asked.
Matrix product_of(std::span<const GateStep> steps, std::span<const double> parameters, int n, bool frame_only = false) {
  Matrix result = embedded({1, 0, 0, 1}, std::vector<std::int8_t>{0}, n);
  for (const GateStep& step : steps) {
    if (frame_only && !step.frame) continue;
    const auto id = gate_named(step.gate);
    REQUIRE(id);
    REQUIRE(step.qubit_count() == step.controls + gate(*id).qubits());
    std::vector<double> angles;
    for (int a = 0; a < gate(*id).parameter_count(); ++a) {
      double value = step.angles[a].offset;
      for (std::size_t k = 0; k < parameters.size(); ++k) value += step.angles[a].factors[k] * parameters[k];
      angles.push_back(value);
    }
    const std::span qubits(step.qubits.data(), static_cast<std::size_t>(step.qubit_count()));
    result = product(embedded(gate_matrix(*id, angles, false, step.controls), qubits, n), result);
  }
  return result;
}

double difference(const Matrix& a, const Matrix& b) {
  REQUIRE(a.size() == b.size());
  double worst = 0;
  for (std::size_t k = 0; k < a.size(); ++k) worst = std::max(worst, std::abs(a[k] - b[k]));
  return worst;
}

/// How many gates under control the decomposition of a gate goes through; fails where it goes in a circle.
int depth(Gate id, int seen = 0) {
  REQUIRE(seen < 12);
  int deepest = 0;
  for (const GateStep& step : gate(id).decomposition)
    if (!step.frame) deepest = std::max(deepest, 1 + depth(*gate_named(step.gate), seen + 1));
  return deepest;
}

TEST_CASE("decompositions are the gates, phase included, and their frames do nothing alone") {
  for (std::size_t k = 0; k < gates().size(); ++k) {
    const Gate id = static_cast<Gate>(k);
    const GateRow& row = gate(id);
    INFO(std::string(row.name));
    const auto parameters = std::span(samples).first(row.parameter_count());
    depth(id);
    if (row.decomposition.empty()) {
      CHECK((row.name == "I" || row.name == "P"));  // what everything else is made of
      continue;
    }
    CHECK(difference(product_of(row.decomposition, parameters, row.qubits()), matrix_of(id)) < 1e-14);
    CHECK(distance_from_identity(product_of(row.decomposition, parameters, row.qubits(), true)) < 1e-14);
  }
}

TEST_CASE("powers of gates without angles") {
  for (std::size_t k = 0; k < gates().size(); ++k) {
    const Gate id = static_cast<Gate>(k);
    const GateRow& row = gate(id);
    INFO(std::string(row.name));
    CHECK(row.power.empty() == (row.parameter_count() > 0));
    if (row.power.empty()) continue;
    auto power = [&](double exponent) { return product_of(row.power, std::span(&exponent, 1), row.qubits()); };
    CHECK(difference(power(1), matrix_of(id)) < 1e-14);
    CHECK(difference(power(-1), matrix_of(id, true)) < 1e-14);
    CHECK(difference(product(power(0.5), power(0.5)), matrix_of(id)) < 1e-14);
    CHECK(difference(product(power(0.3), power(-1.1)), power(-0.8)) < 1e-14);
    const double any = 0.3;
    CHECK(distance_from_identity(product_of(row.power, std::span(&any, 1), row.qubits(), true)) < 1e-14);
  }
}

TEST_CASE("generators give the gates") {
  for (std::size_t k = 0; k < gates().size(); ++k) {
    const Gate id = static_cast<Gate>(k);
    const GateRow& row = gate(id);
    INFO(std::string(row.name));
    if (row.generator.empty()) continue;
    REQUIRE(row.parameter_count() == 1);
    const std::size_t size = std::size_t{1} << row.targets;
    Matrix exponent(size * size), sum = pauli_string(row.targets, 0), term = sum;  // of exp(-i angle G)
    for (const GeneratorTerm& part : row.generator) {
      REQUIRE(part.paulis.size() == static_cast<std::size_t>(row.targets));
      int index = 0;
      for (std::size_t q = 0; q < part.paulis.size(); ++q)
        index |= static_cast<int>(std::string_view("IXYZ").find(part.paulis[q])) << (2 * q);
      const Matrix string = pauli_string(row.targets, index);
      for (std::size_t e = 0; e < string.size(); ++e)
        exponent[e] += std::complex<double>(0, -samples[0] * part.coefficient) * string[e];
    }
    for (int order = 1; order < 30; ++order) {
      term = product(term, exponent);
      for (std::size_t e = 0; e < sum.size(); ++e) sum[e] += term[e] /= order;
    }
    const Matrix whole = matrix_of(id);
    const std::size_t n = side(whole), first = n - size;
    double worst = 0;
    for (std::size_t i = 0; i < size; ++i)
      for (std::size_t j = 0; j < size; ++j)
        worst = std::max(worst, std::abs(whole[(first + i) * n + first + j] - sum[i * size + j]));
    CHECK(worst < 1e-14);
  }
}

/// <phi| U^dagger O U |phi> for a vector and a hermitian O without symmetry.
double reading(Gate id, const std::vector<double>& angles, int controls) {
  const Matrix u = gate_matrix(id, angles, false, controls);
  const std::size_t n = side(u);
  std::vector<std::complex<double>> state(n);
  for (std::size_t i = 0; i < n; ++i)
    for (std::size_t j = 0; j < n; ++j)
      state[i] += u[i * n + j] * std::complex<double>(std::sin(1.0 + 3.0 * j), std::cos(2.0 * j));
  double sum = 0;
  for (std::size_t i = 0; i < n; ++i)
    for (std::size_t j = 0; j <= i; ++j)
      sum +=
          (std::conj(state[i]) * state[j] * std::complex<double>(std::cos(2.0 * i + j), std::sin(i - 1.0 * j))).real();
  return sum;
}

TEST_CASE("the shift rule of every angle, with and without more controls, is its derivative") {
  for (std::size_t k = 0; k < gates().size(); ++k) {
    const Gate id = static_cast<Gate>(k);
    INFO(std::string(gate(id).name));
    for (int a = 0; a < gate(id).parameter_count(); ++a)
      for (int controls : {0, 1}) {
        std::vector<double> angles(samples, samples + gate(id).parameter_count());
        auto at = [&](double shift) {
          std::vector<double> moved = angles;
          moved[a] += shift;
          return reading(id, moved, controls);
        };
        double derivative = 0;
        for (const auto& [coefficient, shift] : shift_rule(id, a, controls)) derivative += coefficient * at(shift);
        const double h = 1e-4;  // a five-point difference: h^4 and rounding / h are both below 1e-10
        const double expected = (8 * (at(h) - at(-h)) - (at(2 * h) - at(-2 * h))) / (12 * h);
        CHECK(std::abs(derivative - expected) < 1e-9);
      }
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
