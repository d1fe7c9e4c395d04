#include <fmt/format.h>

#include <algorithm>

#include "compiler/circuit/layout.h"
#include "runtime/report/circuit_drawing.h"

namespace qiln::report {
namespace {

using circuit::Circuit;
using circuit::Operation;
using circuit::Symbol;

std::string repeated(std::string_view sign, int count) {
  std::string text;
  for (int k = 0; k < count; ++k) text += sign;
  return text;
}

/// One operation on its wires: what stands on each from top to bottom.
std::vector<std::string> signs(const CircuitDrawing& drawing, const Operation& operation, circuit::Place place) {
  const Symbol drawn = circuit::symbol(operation);
  std::vector<std::string> rows(place.bottom - place.top + 1, "│");
  const bool tall = place.bottom > place.top;
  auto put = [&](std::int32_t qubit, const std::string& sign) {
    const char* corner = !tall ? "" : qubit == place.top ? "╭" : qubit == place.bottom ? "╰" : "├";
    rows[qubit - place.top] = corner + sign;
  };
  const std::string box = operation_text(drawing, operation);
  for (std::size_t k = 0; k < operation.qubits.size(); ++k) {
    const bool control = static_cast<int>(k) < drawn.controls;
    put(operation.qubits[k], control || drawn.kind == Symbol::Kind::dots ? "●"
                             : drawn.kind == Symbol::Kind::plus          ? "⊕"
                             : drawn.kind == Symbol::Kind::cross         ? "×"
                                                                         : box);
  }
  return rows;
}

struct Cell {
  std::string text;
  bool dead = false;
};

std::string dimmed(const std::string& text, bool colours) { return colours ? "\x1b[2m" + text + "\x1b[0m" : text; }

}  // namespace

std::string draw_text(const CircuitDrawing& drawing, int width, bool colours) {
  const Circuit& circuit = *drawing.circuit;
  const circuit::Layout layout = circuit::layout(circuit);
  std::vector<std::vector<Cell>> cells(layout.columns, std::vector<Cell>(circuit.qubits));
  bool any_dead = false;
  for (std::size_t o = 0; o < circuit.operations.size(); ++o) {
    const circuit::Place place = layout.places[o];
    const auto rows = signs(drawing, circuit.operations[o], place);
    for (int q = place.top; q <= place.bottom; ++q) {
      const std::string& row = rows[q - place.top];
      cells[place.column][q] = {drawing.dead[o] && row != "│" ? "~" + row + "~" : row, drawing.dead[o]};
    }
    any_dead |= drawing.dead[o];
  }
  std::vector<int> widths;
  for (const auto& column : cells) {
    int widest = 1;
    for (const Cell& cell : column) widest = std::max(widest, columns_of(cell.text));
    widths.push_back(widest);
  }
  const Readings read = readings(circuit);
  std::string text;
  const int name_width = static_cast<int>(fmt::format("q{}", std::max(0, circuit.qubits - 1)).size());
  std::size_t column = 0;
  do {
    int used = name_width + 3;
    std::size_t end = column;
    while (end < cells.size() && (end == column || used + widths[end] + 1 <= width)) used += widths[end++] + 1;
    for (int q = 0; q < circuit.qubits; ++q) {
      text += fmt::format("{:>{}} {}─", fmt::format("q{}", q), name_width, column == 0 ? "" : "…");
      for (std::size_t c = column; c < end; ++c) {
        const Cell& cell = cells[c][q];
        text += cell.dead ? dimmed(cell.text, colours) : cell.text;
        text += repeated("─", widths[c] - columns_of(cell.text) + 1);
      }
      text += end < cells.size() ? "…" : read.at_wire[q].empty() ? "" : "┤ " + read.at_wire[q];
      text += "\n";
    }
    column = end;
    if (column < cells.size()) text += "\n";
  } while (column < cells.size());
  if (!read.listed.empty()) text += "\n";
  for (const std::string& line : read.listed) text += "reads " + line + "\n";
  if (any_dead) text += "\n~gate~: proven to have no influence on any reading\n";
  return text;
}

}  // namespace qiln::report
