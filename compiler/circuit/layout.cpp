#include "compiler/circuit/layout.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <string>

namespace qiln::circuit {
namespace {

bool same_matrix(const GateRow& a, const GateRow& b) {
  const auto x = a.matrix.entries(), y = b.matrix.entries();
  return a.targets == b.targets && x.size() == y.size() &&
         std::equal(x.begin(), x.end(), y.begin(), [](const GateEntry& p, const GateEntry& q) {
           return p.row == q.row && p.column == q.column && p.real == q.real && p.imaginary == q.imaginary &&
                  p.trigonometric == q.trigonometric && p.half_angle == q.half_angle && p.phase == q.phase;
         });
}

/// The row without controls that acts on the targets of `row`; `row` itself when the table has none.
const GateRow& target_row(const GateRow& row) {
  if (row.controls == 0) return row;
  for (const GateRow& other : gates())
    if (other.controls == 0 && same_matrix(row, other)) return other;
  return row;
}

}  // namespace

Layout layout(const Circuit& circuit) {
  Layout result;
  std::vector<int> free(circuit.qubits, 0);
  for (const Operation& operation : circuit.operations) {
    const auto [first, last] = std::minmax_element(operation.qubits.begin(), operation.qubits.end());
    Place place{0, *first, *last};
    for (int q = place.top; q <= place.bottom; ++q) place.column = std::max(place.column, free[q]);
    for (int q = place.top; q <= place.bottom; ++q) free[q] = place.column + 1;
    result.columns = std::max(result.columns, place.column + 1);
    result.places.push_back(place);
  }
  return result;
}

int depth(const Circuit& circuit) {
  std::vector<int> free(circuit.qubits, 0);
  int deepest = 0;
  for (const Operation& operation : circuit.operations) {
    int column = 0;
    for (std::int32_t q : operation.qubits) column = std::max(column, free[q]);
    for (std::int32_t q : operation.qubits) free[q] = column + 1;
    deepest = std::max(deepest, column + 1);
  }
  return deepest;
}

Symbol symbol(const Operation& operation) {
  Symbol result;
  if (operation.is_channel()) {
    result.label = std::string(operation.name());
    return result;
  }
  const GateRow& row = target_row(gate(operation.gate));
  result.controls = operation.controls + gate(operation.gate).controls - row.controls;
  const bool fixed = row.parameter_count() == 0, hermitian = row.flags.self_inverse;
  if (fixed && row.flags.permutation && row.targets == 2)
    result.kind = Symbol::Kind::cross;
  else if (fixed && result.controls > 0 && hermitian && row.flags.permutation && !row.flags.diagonal)
    result.kind = Symbol::Kind::plus;
  else if (fixed && result.controls > 0 && hermitian && row.flags.diagonal && row.targets == 1)
    result.kind = Symbol::Kind::dots;
  result.label = std::string(row.name) + (operation.inverse && !hermitian ? "†" : "");
  return result;
}

std::string to_string(const Observable& observable, int qubits) {
  std::string text;
  for (const PauliTerm& term : observable) {
    const double size = term.coefficient < 0 ? -term.coefficient : term.coefficient;
    text += text.empty() ? (term.coefficient < 0 ? "-" : "") : (term.coefficient < 0 ? " - " : " + ");
    std::string factors;
    for (int q = 0; q < qubits; ++q) {
      const int bit = qubits - 1 - q;
      const int pauli = static_cast<int>(term.x >> bit & 1) | static_cast<int>(term.z >> bit & 1) << 1;
      constexpr std::array<const char*, 4> letters{"", "X", "Z", "Y"};
      if (pauli) factors += fmt::format("{}{}{}", factors.empty() ? "" : " ", letters[pauli], q);
    }
    if (size != 1 || factors.empty()) text += fmt::format("{:.4g}{}", size, factors.empty() ? "" : " ");
    text += factors;
  }
  return text.empty() ? "0" : text;
}

}  // namespace qiln::circuit
