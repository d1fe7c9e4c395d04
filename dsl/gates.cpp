#include "dsl/gates.h"

#include <cassert>
#include <cmath>
#include <numbers>

namespace qiln {

const GateRow& gate(Gate id) {
  assert(static_cast<std::size_t>(id) < gates().size() && "no such gate");
  return gates()[static_cast<std::size_t>(id)];
}

std::optional<Gate> gate_named(std::string_view name) {
  if (name.empty()) return std::nullopt;
  for (std::size_t k = 0; k < gates().size(); ++k) {
    if (gates()[k].name == name) return static_cast<Gate>(k);
    for (std::string_view alias : gates()[k].aliases)
      if (alias == name) return static_cast<Gate>(k);
  }
  return std::nullopt;
}

std::vector<std::string_view> gate_names() {
  std::vector<std::string_view> names;
  for (const GateRow& row : gates()) {
    names.push_back(row.name);
    for (std::string_view alias : row.aliases)
      if (!alias.empty()) names.push_back(alias);
  }
  return names;
}

std::optional<Gate> inverse_of(Gate id) { return gate_named(gate(id).inverse); }

std::span<const ShiftTerm> shift_rule(Gate id, int angle, int extra_controls) {
  constexpr double quarter = std::numbers::pi / 2, root = std::numbers::sqrt2;
  constexpr double near = (root + 1) / (4 * root), far = (root - 1) / (4 * root);
  static constexpr ShiftTerm two[] = {{0.5, quarter}, {-0.5, -quarter}};
  static constexpr ShiftTerm four[] = {{near, quarter}, {-near, -quarter}, {-far, 3 * quarter}, {far, -3 * quarter}};
  const GateRow& row = gate(id);
  const bool controlled = row.controls + extra_controls > 0;
  const bool two_gaps =
      row.spectra[angle] == Spectrum::two_gaps || (row.spectra[angle] == Spectrum::half_gap && controlled);
  return two_gaps ? std::span<const ShiftTerm>(four) : std::span<const ShiftTerm>(two);
}

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
