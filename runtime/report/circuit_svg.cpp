#include <fmt/format.h>

#include <algorithm>

#include "compiler/circuit/layout.h"
#include "runtime/report/circuit_drawing.h"

namespace qiln::report {
namespace {

using circuit::Circuit;
using circuit::Operation;
using circuit::Symbol;

constexpr int row_height = 36, box_height = 24, gap = 14, margin = 16;
constexpr double character = 7.25;  // of 12 px monospace

std::string escaped(std::string_view text) {
  std::string result;
  for (char c : text) {
    if (c == '<')
      result += "&lt;";
    else if (c == '>')
      result += "&gt;";
    else if (c == '&')
      result += "&amp;";
    else if (c == '"')
      result += "&quot;";
    else
      result += c;
  }
  return result;
}

double wire_y(int qubit) { return margin + row_height * (qubit + 0.5); }

class SvgDrawing {
 public:
  explicit SvgDrawing(const CircuitDrawing& drawing) : drawing_(drawing), circuit_(*drawing.circuit) {}

  std::string document() {
    const circuit::Layout layout = circuit::layout(circuit_);
    const Readings read = readings(circuit_);
    std::vector<double> widths(layout.columns, box_height);
    for (std::size_t o = 0; o < circuit_.operations.size(); ++o)
      if (circuit::symbol(circuit_.operations[o]).kind == Symbol::Kind::box)
        widths[layout.places[o].column] = std::max(widths[layout.places[o].column], box_width(circuit_.operations[o]));
    std::vector<double> centres;
    double x = margin + 4 * character;
    const double left = x;
    for (double width : widths) {
      centres.push_back(x + gap / 2.0 + width / 2);
      x += width + gap;
    }
    double right = x + gap, read_width = 0;
    for (const auto& text : read.at_wire) read_width = std::max(read_width, columns_of(text) * character + 12);
    for (int q = 0; q < circuit_.qubits; ++q) wire(q, left, right, read.at_wire[q]);
    for (std::size_t o = 0; o < circuit_.operations.size(); ++o)
      operation(circuit_.operations[o], layout.places[o], centres[layout.places[o].column], drawing_.dead[o]);
    double bottom = margin + row_height * circuit_.qubits;
    double wide = right + read_width + margin;
    for (const std::string& line : read.listed) {
      bottom += 18;
      label(margin, bottom, "reads " + line, "start", "#222");
      wide = std::max(wide, margin * 2 + (columns_of(line) + 6) * character);
    }
    if (std::find(drawing_.dead.begin(), drawing_.dead.end(), true) != drawing_.dead.end()) {
      bottom += 22;
      const std::string words = "grey: proven to have no influence on any reading";
      label(margin, bottom, words, "start", "#888");
      wide = std::max(wide, margin * 2 + columns_of(words) * character);
    }
    return fmt::format(
               "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{0:.0f}\" height=\"{1:.0f}\" "
               "viewBox=\"0 0 {0:.0f} {1:.0f}\" font-family=\"ui-monospace, Menlo, Consolas, monospace\" "
               "font-size=\"12\">\n<title>{2}</title>\n<rect width=\"100%\" height=\"100%\" fill=\"white\"/>\n",
               wide, bottom + margin, escaped(circuit_.name)) +
           body_ + "</svg>\n";
  }

 private:
  double box_width(const Operation& operation) const {
    return std::max<double>(box_height, columns_of(operation_text(drawing_, operation)) * character + 12);
  }

  void label(double x, double y, const std::string& text, const char* anchor, const char* colour) {
    body_ += fmt::format("<text x=\"{:.1f}\" y=\"{:.1f}\" text-anchor=\"{}\" fill=\"{}\">{}</text>\n", x, y, anchor,
                         colour, escaped(text));
  }

  void line(double x1, double y1, double x2, double y2, const char* colour) {
    body_ +=
        fmt::format("<path d=\"M{:.1f} {:.1f}L{:.1f} {:.1f}\" stroke=\"{}\" fill=\"none\"/>\n", x1, y1, x2, y2, colour);
  }

  void box(double x, double top, double bottom, double width, const char* fill, const char* stroke) {
    body_ += fmt::format(
        "<rect x=\"{:.1f}\" y=\"{:.1f}\" width=\"{:.1f}\" height=\"{:.1f}\" rx=\"3\" fill=\"{}\" stroke=\"{}\"/>\n",
        x - width / 2, top, width, bottom - top, fill, stroke);
  }

  void wire(int qubit, double left, double right, const std::string& reading) {
    label(left - 6, wire_y(qubit) + 4, fmt::format("q{}", qubit), "end", "#222");
    line(left, wire_y(qubit), right, wire_y(qubit), "#999");
    if (reading.empty()) return;
    const double width = columns_of(reading) * character + 12, y = wire_y(qubit);
    box(right + width / 2, y - box_height / 2.0, y + box_height / 2.0, width, "#fff7e0", "#b58900");
    label(right + width / 2, y + 4, reading, "middle", "#222");
  }

  void operation(const Operation& operation, circuit::Place place, double x, bool dead) {
    const Symbol drawn = circuit::symbol(operation);
    const char* ink = dead ? "#b8b8b8" : "#1f4e79";
    const char* fill = dead                       ? "#f2f2f2"
                       : operation.is_channel()   ? "#fde8e4"
                       : operation.angles.empty() ? "#eef3f8"
                                                  : "#dcebf7";
    body_ += "<g>";
    if (dead) body_ += "<title>proven to have no influence on any reading</title>";
    body_ += "\n";
    if (place.bottom > place.top) line(x, wire_y(place.top), x, wire_y(place.bottom), ink);
    std::vector<std::int32_t> targets;
    for (std::size_t k = 0; k < operation.qubits.size(); ++k) {
      const double y = wire_y(operation.qubits[k]);
      if (static_cast<int>(k) < drawn.controls || drawn.kind == Symbol::Kind::dots)
        body_ += fmt::format("<circle cx=\"{:.1f}\" cy=\"{:.1f}\" r=\"4\" fill=\"{}\"/>\n", x, y, ink);
      else
        targets.push_back(operation.qubits[k]);
    }
    if (drawn.kind == Symbol::Kind::box)
      boxes(operation, targets, x, fill, ink);
    else
      for (std::int32_t q : targets) sign(drawn.kind, x, wire_y(q), ink);
    body_ += "</g>\n";
  }

  /// One box over the targets if they are neighbours, else one on each.
  void boxes(const Operation& operation, std::vector<std::int32_t> targets, double x, const char* fill,
             const char* ink) {
    std::sort(targets.begin(), targets.end());
    const double width = box_width(operation), half = box_height / 2.0;
    const std::string text = operation_text(drawing_, operation);
    if (targets.back() - targets.front() + 1 == static_cast<int>(targets.size())) {
      const double top = wire_y(targets.front()) - half, bottom = wire_y(targets.back()) + half;
      box(x, top, bottom, width, fill, ink);
      label(x, (top + bottom) / 2 + 4, text, "middle", ink);
      return;
    }
    for (std::int32_t q : targets) {
      box(x, wire_y(q) - half, wire_y(q) + half, width, fill, ink);
      label(x, wire_y(q) + 4, text, "middle", ink);
    }
  }

  void sign(Symbol::Kind kind, double x, double y, const char* ink) {
    if (kind == Symbol::Kind::plus) {
      body_ += fmt::format("<circle cx=\"{:.1f}\" cy=\"{:.1f}\" r=\"8\" fill=\"white\" stroke=\"{}\"/>\n", x, y, ink);
      line(x - 8, y, x + 8, y, ink);
      line(x, y - 8, x, y + 8, ink);
    } else {
      line(x - 5, y - 5, x + 5, y + 5, ink);
      line(x - 5, y + 5, x + 5, y - 5, ink);
    }
  }

  const CircuitDrawing& drawing_;
  const Circuit& circuit_;
  std::string body_;
};

}  // namespace

std::string draw_svg(const CircuitDrawing& drawing) { return SvgDrawing(drawing).document(); }

}  // namespace qiln::report
