// Pictures of circuits: lines of text for a terminal, SVG for a paper.
#pragma once

#include <string>

#include "runtime/report/circuit_labels.h"

namespace qiln::report {

/// One line a qubit, wrapped to bands of at most `width` columns; dead gates stand between `~`, and are dimmed by the
/// terminal's escape codes when `colours`. Readings that are not one Pauli on one qubit are listed below.
std::string draw_text(const CircuitDrawing& drawing, int width, bool colours);

/// A whole SVG document; dead gates are grey and carry a title that says so.
std::string draw_svg(const CircuitDrawing& drawing);

}  // namespace qiln::report
