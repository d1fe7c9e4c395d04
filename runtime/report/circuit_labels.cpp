#include "runtime/report/circuit_labels.h"

#include <fmt/format.h>

#include <algorithm>
#include <bit>
#include <cmath>
#include <numbers>

#include "compiler/circuit/layout.h"

namespace qiln::report {
namespace {

using circuit::Angle;
using circuit::Circuit;
using circuit::Observable;
using circuit::Operation;

/// Simple fractions of pi by name.
std::string number_text(double value) {
  for (int denominator : {1, 2, 3, 4, 6, 8}) {
    const double numerator = value * denominator / std::numbers::pi;
    const double nearest = std::round(numerator);
    if (nearest == 0 || std::abs(nearest) > 2 * denominator || std::abs(numerator - nearest) > 1e-9) continue;
    std::string text = nearest == 1 ? "π" : nearest == -1 ? "-π" : fmt::format("{}π", static_cast<int>(nearest));
    return denominator == 1 ? text : text + fmt::format("/{}", denominator);
  }
  return fmt::format("{:.4g}", value);
}

std::string element_text(const std::string& name, std::int64_t element, const std::vector<std::int64_t>& shape) {
  std::string subscripts;
  for (std::size_t axis = shape.size(); axis-- > 0; element /= shape[axis])
    subscripts = std::to_string(element % shape[axis]) + (subscripts.empty() ? "" : ",") + subscripts;
  return subscripts.empty() ? name : name + "[" + subscripts + "]";
}

/// The one qubit and Pauli that a reading is, or qubit -1.
struct SinglePauli {
  int qubit = -1;
  char pauli = 'Z';
};
SinglePauli single_pauli(const Observable& observable, int qubits) {
  if (observable.size() != 1 || observable[0].coefficient != 1) return {};
  const auto [coefficient, x, z] = observable[0];
  const std::uint64_t support = x | z;
  if (support == 0 || (support & (support - 1)) != 0) return {};
  const auto bit = static_cast<int>(std::countr_zero(support));
  return {qubits - 1 - bit, x && z ? 'Y' : x ? 'X' : 'Z'};
}

}  // namespace

int columns_of(std::string_view text) {
  return static_cast<int>(std::count_if(text.begin(), text.end(), [](char c) { return (c & 0xc0) != 0x80; }));
}

Readings readings(const Circuit& circuit) {
  constexpr std::size_t most_listed = 16;
  Readings result;
  result.at_wire.resize(circuit.qubits);
  for (std::size_t k = 0; k < circuit.readout.size(); ++k) {
    const SinglePauli single = single_pauli(circuit.readout[k], circuit.qubits);
    if (single.qubit >= 0) {
      std::string& text = result.at_wire[single.qubit];
      text += fmt::format("{}⟨{}⟩", text.empty() ? "" : " ", single.pauli);
    } else {
      result.listed.push_back(fmt::format("⟨{}⟩", to_string(circuit.readout[k], circuit.qubits)));
    }
  }
  for (const auto& list : circuit.probabilities)
    for (std::int32_t q : list) result.at_wire[q] += result.at_wire[q].empty() ? "p" : " p";
  if (result.listed.size() > most_listed) {
    const std::size_t more = result.listed.size() - most_listed;
    result.listed.resize(most_listed);
    result.listed.push_back(fmt::format("and {} more readings", more));
  }
  return result;
}

std::string angle_text(const CircuitDrawing& drawing, const Angle& angle) {
  if (angle.operand < 0) return angle.offset == 0 ? "0" : number_text(angle.offset);
  std::string text = element_text(drawing.operands[angle.operand], angle.element, drawing.shapes[angle.operand]);
  if (angle.scale == -1) text = "-" + text;
  if (std::abs(angle.scale) != 1) text = number_text(angle.scale) + " " + text;
  if (angle.offset == 0) return text;
  return text + (angle.offset < 0 ? " - " : " + ") + number_text(std::abs(angle.offset));
}

std::string operation_text(const CircuitDrawing& drawing, const Operation& operation) {
  std::string text = circuit::symbol(operation).label;
  for (std::size_t k = 0; k < operation.angles.size(); ++k)
    text += (k ? ", " : "(") + angle_text(drawing, operation.angles[k]);
  return operation.angles.empty() ? text : text + ")";
}

}  // namespace qiln::report
