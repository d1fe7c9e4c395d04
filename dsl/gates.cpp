#include "dsl/gates.h"

#include <cassert>
#include <cmath>

namespace qiln {
namespace {

constexpr double half_root = 0.70710678118654752440;

// The notation of the rows. An entry starts as the coefficient 1 at (row, column).
constexpr GateEntry at(int row, int column, double real = 1, double imaginary = 0) {
  GateEntry entry;
  entry.row = static_cast<std::int8_t>(row);
  entry.column = static_cast<std::int8_t>(column);
  entry.real = real;
  entry.imaginary = imaginary;
  return entry;
}
/// times cos(angle / 2)
constexpr GateEntry cosine(GateEntry entry, int angle = 0) {
  entry.trigonometric = GateEntry::Trigonometric::cosine;
  entry.half_angle = static_cast<std::int8_t>(angle);
  return entry;
}
/// times sin(angle / 2)
constexpr GateEntry sine(GateEntry entry, int angle = 0) {
  entry.trigonometric = GateEntry::Trigonometric::sine;
  entry.half_angle = static_cast<std::int8_t>(angle);
  return entry;
}
/// times exp(i (a * angle 0 + b * angle 1 + c * angle 2))
constexpr GateEntry phase(GateEntry entry, double a, double b = 0, double c = 0) {
  entry.phase = {a, b, c};
  return entry;
}

// Matrices that several rows share: a controlled gate has the matrix of its target.
constexpr GateMatrix identity{at(0, 0), at(1, 1)};
constexpr GateMatrix pauli_x{at(0, 1), at(1, 0)};
constexpr GateMatrix pauli_y{at(0, 1, 0, -1), at(1, 0, 0, 1)};
constexpr GateMatrix pauli_z{at(0, 0), at(1, 1, -1)};
constexpr GateMatrix hadamard{at(0, 0, half_root), at(0, 1, half_root), at(1, 0, half_root), at(1, 1, -half_root)};
constexpr GateMatrix rotate_x{cosine(at(0, 0)), sine(at(0, 1, 0, -1)), sine(at(1, 0, 0, -1)), cosine(at(1, 1))};
constexpr GateMatrix rotate_y{cosine(at(0, 0)), sine(at(0, 1, -1)), sine(at(1, 0)), cosine(at(1, 1))};
constexpr GateMatrix rotate_z{phase(at(0, 0), -0.5), phase(at(1, 1), 0.5)};
constexpr GateMatrix phase_shift{at(0, 0), phase(at(1, 1), 1)};
constexpr GateMatrix exchange{at(0, 0), at(1, 2), at(2, 1), at(3, 3)};

constexpr std::array<std::int8_t, 3> u_inverse{0, 2, 1}, rot_inverse{2, 1, 0};

constexpr GateRow table[] = {
    {.name = "I",
     .aliases = {"id"},
     .matrix = identity,
     .inverse = "I",
     .flags = {.diagonal = true, .permutation = true, .clifford = true, .self_inverse = true},
     .pennylane = "Identity",
     .help = "does nothing"},
    {.name = "X",
     .aliases = {"x"},
     .matrix = pauli_x,
     .inverse = "X",
     .flags = {.permutation = true, .clifford = true, .self_inverse = true},
     .pennylane = "PauliX",
     .help = "flips |0> and |1>"},
    {.name = "Y",
     .aliases = {"y"},
     .matrix = pauli_y,
     .inverse = "Y",
     .flags = {.clifford = true, .self_inverse = true},
     .pennylane = "PauliY",
     .help = "half a turn about the y axis, times i"},
    {.name = "Z",
     .aliases = {"z"},
     .matrix = pauli_z,
     .inverse = "Z",
     .flags = {.diagonal = true, .clifford = true, .self_inverse = true},
     .pennylane = "PauliZ",
     .help = "changes the sign of |1>"},
    {.name = "H",
     .aliases = {"h"},
     .matrix = hadamard,
     .inverse = "H",
     .flags = {.clifford = true, .self_inverse = true},
     .pennylane = "Hadamard",
     .help = "exchanges the x and z axes"},
    {.name = "S",
     .aliases = {"s"},
     .matrix = {at(0, 0), at(1, 1, 0, 1)},
     .inverse = "Sdg",
     .flags = {.diagonal = true, .clifford = true},
     .pennylane = "S",
     .help = "a quarter turn about the z axis: the square root of Z"},
    {.name = "Sdg",
     .aliases = {"sdg"},
     .matrix = {at(0, 0), at(1, 1, 0, -1)},
     .inverse = "S",
     .flags = {.diagonal = true, .clifford = true},
     .pennylane = "adjoint(S)",
     .help = "the inverse of S"},
    {.name = "T",
     .aliases = {"t"},
     .matrix = {at(0, 0), at(1, 1, half_root, half_root)},
     .inverse = "Tdg",
     .flags = {.diagonal = true},
     .pennylane = "T",
     .help = "an eighth of a turn about the z axis: the square root of S"},
    {.name = "Tdg",
     .aliases = {"tdg"},
     .matrix = {at(0, 0), at(1, 1, half_root, -half_root)},
     .inverse = "T",
     .flags = {.diagonal = true},
     .pennylane = "adjoint(T)",
     .help = "the inverse of T"},
    {.name = "SX",
     .aliases = {"sx"},
     .matrix = {at(0, 0, 0.5, 0.5), at(0, 1, 0.5, -0.5), at(1, 0, 0.5, -0.5), at(1, 1, 0.5, 0.5)},
     .inverse = "SXdg",
     .flags = {.clifford = true},
     .pennylane = "SX",
     .help = "the square root of X"},
    {.name = "SXdg",
     .aliases = {"sxdg"},
     .matrix = {at(0, 0, 0.5, -0.5), at(0, 1, 0.5, 0.5), at(1, 0, 0.5, 0.5), at(1, 1, 0.5, -0.5)},
     .inverse = "SX",
     .flags = {.clifford = true},
     .pennylane = "adjoint(SX)",
     .help = "the inverse of SX"},
    {.name = "RX",
     .aliases = {"rx"},
     .parameters = {"theta"},
     .matrix = rotate_x,
     .inverse = "RX",
     .pennylane = "RX",
     .help = "turns by theta about the x axis: exp(-i theta X / 2)"},
    {.name = "RY",
     .aliases = {"ry"},
     .parameters = {"theta"},
     .matrix = rotate_y,
     .inverse = "RY",
     .pennylane = "RY",
     .help = "turns by theta about the y axis: exp(-i theta Y / 2)"},
    {.name = "RZ",
     .aliases = {"rz"},
     .parameters = {"theta"},
     .matrix = rotate_z,
     .inverse = "RZ",
     .flags = {.diagonal = true},
     .pennylane = "RZ",
     .help = "turns by theta about the z axis: exp(-i theta Z / 2)"},
    {.name = "P",
     .aliases = {"p", "phase"},
     .parameters = {"phi"},
     .matrix = phase_shift,
     .inverse = "P",
     .flags = {.diagonal = true},
     .pennylane = "PhaseShift",
     .help = "multiplies |1> by exp(i phi)"},
    {.name = "U",
     .aliases = {"u", "U3", "u3"},
     .parameters = {"theta", "phi", "delta"},
     .matrix = {cosine(at(0, 0)), phase(sine(at(0, 1, -1)), 0, 0, 1), phase(sine(at(1, 0)), 0, 1, 0),
                phase(cosine(at(1, 1)), 0, 1, 1)},
     .inverse = "U",
     .inverse_angles = u_inverse,
     .pennylane = "U3",
     .help = "RZ(delta), RY(theta), RZ(-delta), then P(phi + delta): any one-qubit unitary"},
    {.name = "Rot",
     .aliases = {"rot"},
     .parameters = {"phi", "theta", "omega"},
     .matrix = {phase(cosine(at(0, 0), 1), -0.5, 0, -0.5), phase(sine(at(0, 1, -1), 1), 0.5, 0, -0.5),
                phase(sine(at(1, 0), 1), -0.5, 0, 0.5), phase(cosine(at(1, 1), 1), 0.5, 0, 0.5)},
     .inverse = "Rot",
     .inverse_angles = rot_inverse,
     .pennylane = "Rot",
     .help = "RZ(phi), then RY(theta), then RZ(omega)"},
    {.name = "CNOT",
     .aliases = {"CX", "cx", "cnot"},
     .controls = 1,
     .matrix = pauli_x,
     .inverse = "CNOT",
     .flags = {.permutation = true, .clifford = true, .self_inverse = true},
     .pennylane = "CNOT",
     .help = "X where the control is 1"},
    {.name = "CY",
     .aliases = {"cy"},
     .controls = 1,
     .matrix = pauli_y,
     .inverse = "CY",
     .flags = {.clifford = true, .self_inverse = true},
     .pennylane = "CY",
     .help = "Y where the control is 1"},
    {.name = "CZ",
     .aliases = {"cz"},
     .controls = 1,
     .matrix = pauli_z,
     .inverse = "CZ",
     .flags = {.diagonal = true, .clifford = true, .self_inverse = true},
     .pennylane = "CZ",
     .help = "Z where the control is 1; symmetric"},
    {.name = "CH",
     .aliases = {"ch"},
     .controls = 1,
     .matrix = hadamard,
     .inverse = "CH",
     .flags = {.self_inverse = true},
     .pennylane = "CH",
     .help = "H where the control is 1"},
    {.name = "SWAP",
     .aliases = {"swap"},
     .targets = 2,
     .matrix = exchange,
     .inverse = "SWAP",
     .flags = {.permutation = true, .clifford = true, .self_inverse = true},
     .pennylane = "SWAP",
     .help = "exchanges two qubits"},
    {.name = "ISWAP",
     .aliases = {"iswap"},
     .targets = 2,
     .matrix = {at(0, 0), at(1, 2, 0, 1), at(2, 1, 0, 1), at(3, 3)},
     .flags = {.clifford = true},
     .pennylane = "ISWAP",
     .help = "exchanges two qubits and multiplies |01> and |10> by i"},
    {.name = "CRX",
     .aliases = {"crx"},
     .controls = 1,
     .parameters = {"theta"},
     .matrix = rotate_x,
     .inverse = "CRX",
     .pennylane = "CRX",
     .help = "RX where the control is 1"},
    {.name = "CRY",
     .aliases = {"cry"},
     .controls = 1,
     .parameters = {"theta"},
     .matrix = rotate_y,
     .inverse = "CRY",
     .pennylane = "CRY",
     .help = "RY where the control is 1"},
    {.name = "CRZ",
     .aliases = {"crz"},
     .controls = 1,
     .parameters = {"theta"},
     .matrix = rotate_z,
     .inverse = "CRZ",
     .flags = {.diagonal = true},
     .pennylane = "CRZ",
     .help = "RZ where the control is 1"},
    {.name = "CP",
     .aliases = {"cp", "cphase"},
     .controls = 1,
     .parameters = {"phi"},
     .matrix = phase_shift,
     .inverse = "CP",
     .flags = {.diagonal = true},
     .pennylane = "ControlledPhaseShift",
     .help = "multiplies |11> by exp(i phi); symmetric"},
    {.name = "RXX",
     .aliases = {"rxx"},
     .targets = 2,
     .parameters = {"theta"},
     .matrix = {cosine(at(0, 0)), cosine(at(1, 1)), cosine(at(2, 2)), cosine(at(3, 3)), sine(at(0, 3, 0, -1)),
                sine(at(1, 2, 0, -1)), sine(at(2, 1, 0, -1)), sine(at(3, 0, 0, -1))},
     .inverse = "RXX",
     .pennylane = "IsingXX",
     .help = "exp(-i theta X X / 2)"},
    {.name = "RYY",
     .aliases = {"ryy"},
     .targets = 2,
     .parameters = {"theta"},
     .matrix = {cosine(at(0, 0)), cosine(at(1, 1)), cosine(at(2, 2)), cosine(at(3, 3)), sine(at(0, 3, 0, 1)),
                sine(at(1, 2, 0, -1)), sine(at(2, 1, 0, -1)), sine(at(3, 0, 0, 1))},
     .inverse = "RYY",
     .pennylane = "IsingYY",
     .help = "exp(-i theta Y Y / 2)"},
    {.name = "RZZ",
     .aliases = {"rzz"},
     .targets = 2,
     .parameters = {"theta"},
     .matrix = {phase(at(0, 0), -0.5), phase(at(1, 1), 0.5), phase(at(2, 2), 0.5), phase(at(3, 3), -0.5)},
     .inverse = "RZZ",
     .flags = {.diagonal = true},
     .pennylane = "IsingZZ",
     .help = "exp(-i theta Z Z / 2)"},
    {.name = "CCX",
     .aliases = {"ccx", "Toffoli", "toffoli"},
     .controls = 2,
     .matrix = pauli_x,
     .inverse = "CCX",
     .flags = {.permutation = true, .self_inverse = true},
     .pennylane = "Toffoli",
     .help = "X where both controls are 1"},
    {.name = "CCZ",
     .aliases = {"ccz"},
     .controls = 2,
     .matrix = pauli_z,
     .inverse = "CCZ",
     .flags = {.diagonal = true, .self_inverse = true},
     .pennylane = "CCZ",
     .help = "Z where both controls are 1; symmetric"},
    {.name = "CSWAP",
     .aliases = {"cswap", "Fredkin", "fredkin"},
     .controls = 1,
     .targets = 2,
     .matrix = exchange,
     .inverse = "CSWAP",
     .flags = {.permutation = true, .self_inverse = true},
     .pennylane = "CSWAP",
     .help = "exchanges two qubits where the control is 1"},
};

}  // namespace

std::span<const GateRow> gates() { return table; }

const GateRow& gate(Gate id) {
  assert(static_cast<std::size_t>(id) < std::size(table) && "no such gate");
  return table[static_cast<std::size_t>(id)];
}

std::optional<Gate> gate_named(std::string_view name) {
  if (name.empty()) return std::nullopt;
  for (std::size_t k = 0; k < std::size(table); ++k) {
    if (table[k].name == name) return static_cast<Gate>(k);
    for (std::string_view alias : table[k].aliases)
      if (alias == name) return static_cast<Gate>(k);
  }
  return std::nullopt;
}

std::vector<std::string_view> gate_names() {
  std::vector<std::string_view> names;
  for (const GateRow& row : table) {
    names.push_back(row.name);
    for (std::string_view alias : row.aliases)
      if (!alias.empty()) names.push_back(alias);
  }
  return names;
}

std::optional<Gate> inverse_of(Gate id) { return gate_named(gate(id).inverse); }

std::complex<double> evaluate(const GateEntry& entry, std::span<const double> angles) {
  std::complex<double> value(entry.real, entry.imaginary);
  if (entry.trigonometric == GateEntry::Trigonometric::cosine) value *= std::cos(angles[entry.half_angle] / 2);
  if (entry.trigonometric == GateEntry::Trigonometric::sine) value *= std::sin(angles[entry.half_angle] / 2);
  double turn = 0;
  for (std::size_t k = 0; k < angles.size(); ++k) turn += entry.phase[k] * angles[k];
  return value * std::polar(1.0, turn);
}

std::vector<std::complex<double>> gate_matrix(Gate id, std::span<const double> angles, bool inverse,
                                              int extra_controls) {
  const GateRow& row = gate(id);
  assert(static_cast<int>(angles.size()) == row.parameter_count() && "wrong number of angles");
  const std::size_t size = std::size_t{1} << (extra_controls + row.qubits());
  const std::size_t first = size - (std::size_t{1} << row.targets);  // where all controls are 1
  std::vector<std::complex<double>> matrix(size * size);
  for (std::size_t k = 0; k < first; ++k) matrix[k * size + k] = 1;
  for (const GateEntry& entry : row.matrix.entries()) {
    const std::complex<double> value = evaluate(entry, angles);
    if (inverse)
      matrix[(first + entry.column) * size + first + entry.row] = std::conj(value);
    else
      matrix[(first + entry.row) * size + first + entry.column] = value;
  }
  return matrix;
}

}  // namespace qiln
