#include "dsl/channels.h"

#include <cassert>
#include <cmath>

namespace qiln {
namespace {

// The notation of the rows.
constexpr ChannelFormula number(double value) { return {.constant = value}; }
/// constant + a * parameter 0 + b * parameter 1
constexpr ChannelFormula linear(double constant, double a, double b = 0) {
  return {.constant = constant, .slope = {a, b}};
}
/// factor * sqrt(1 - parameter 0) + constant
constexpr ChannelFormula root(double factor, double constant = 0) { return {.constant = constant, .root = factor}; }
constexpr TransferEntry at(int row, int column, ChannelFormula value) {
  return {static_cast<std::int8_t>(row), static_cast<std::int8_t>(column), value};
}
constexpr TransferMatrix diagonal(ChannelFormula x, ChannelFormula y, ChannelFormula z) {
  return {at(0, 0, number(1)), at(1, 1, x), at(2, 2, y), at(3, 3, z)};
}

using Parameters = std::span<const double>;
using Operators = std::vector<KrausOperator>;
using Complex = std::complex<double>;

KrausOperator pauli(int which, double probability) {
  const double f = std::sqrt(probability);
  const Complex i{0, f};
  if (which == 0) return {f, 0, 0, f};
  if (which == 1) return {0, f, f, 0};
  if (which == 2) return {0, -i, i, 0};
  return {f, 0, 0, -f};
}
Operators depolarize(Parameters p) {
  return {pauli(0, 1 - p[0]), pauli(1, p[0] / 3), pauli(2, p[0] / 3), pauli(3, p[0] / 3)};
}
Operators bit_flip(Parameters p) { return {pauli(0, 1 - p[0]), pauli(1, p[0])}; }
Operators phase_flip(Parameters p) { return {pauli(0, 1 - p[0]), pauli(3, p[0])}; }
Operators phase_damp(Parameters g) {
  return {KrausOperator{1, 0, 0, std::sqrt(1 - g[0])}, KrausOperator{0, 0, 0, std::sqrt(g[0])}};
}
Operators amplitude_damp(Parameters g) {
  return {KrausOperator{1, 0, 0, std::sqrt(1 - g[0])}, KrausOperator{0, std::sqrt(g[0]), 0, 0}};
}
Operators none(Parameters) { return {}; }
Operators reset(Parameters) { return {KrausOperator{1, 0, 0, 0}, KrausOperator{0, 1, 0, 0}}; }

constexpr ChannelRow table[] = {
    {.name = "depolarize",
     .parameters = {"p"},
     .transfer = diagonal(linear(1, -4.0 / 3), linear(1, -4.0 / 3), linear(1, -4.0 / 3)),
     .pauli = {linear(0, 1.0 / 3), linear(0, 1.0 / 3), linear(0, 1.0 / 3)},
     .flags = {.mixed_unitary = true},
     .kraus = depolarize,
     .pennylane = "DepolarizingChannel",
     .help = "X, Y or Z with probability p / 3 each"},
    {.name = "bit_flip",
     .parameters = {"p"},
     .transfer = diagonal(number(1), linear(1, -2), linear(1, -2)),
     .pauli = {linear(0, 1), number(0), number(0)},
     .flags = {.mixed_unitary = true},
     .kraus = bit_flip,
     .pennylane = "BitFlip",
     .help = "X with probability p"},
    {.name = "phase_flip",
     .parameters = {"p"},
     .transfer = diagonal(linear(1, -2), linear(1, -2), number(1)),
     .pauli = {number(0), number(0), linear(0, 1)},
     .flags = {.mixed_unitary = true},
     .kraus = phase_flip,
     .pennylane = "PhaseFlip",
     .help = "Z with probability p"},
    {.name = "phase_damp",
     .parameters = {"g"},
     .transfer = diagonal(root(1), root(1), number(1)),
     .pauli = {number(0), number(0), root(-0.5, 0.5)},
     .flags = {.mixed_unitary = true},
     .kraus = phase_damp,
     .pennylane = "PhaseDamping",
     .help = "shrinks <X> and <Y> by sqrt(1 - g)"},
    {.name = "amplitude_damp",
     .parameters = {"g"},
     .transfer = {at(0, 0, number(1)), at(1, 1, root(1)), at(2, 2, root(1)), at(3, 3, linear(1, -1)),
                  at(3, 0, linear(0, 1))},
     .kraus = amplitude_damp,
     .pennylane = "AmplitudeDamping",
     .help = "|1> decays to |0> with probability g"},
    {.name = "readout_error",
     .parameters = {"p01", "p10"},
     .transfer = {at(0, 0, number(1)), at(1, 1, linear(1, -1, -1)), at(1, 0, linear(0, -1, 1)),
                  at(2, 2, linear(1, -1, -1)), at(2, 0, linear(0, -1, 1)), at(3, 3, linear(1, -1, -1)),
                  at(3, 0, linear(0, -1, 1))},
     .flags = {.readout = true},
     .kraus = none,
     .help = "a 0 is read as 1 with probability p01, a 1 as 0 with probability p10; the last thing on its qubit"},
    {.name = "reset",
     .transfer = {at(0, 0, number(1)), at(3, 0, number(1))},
     .flags = {.fresh = true},
     .kraus = reset,
     .pennylane = "ResetError",
     .help = "leaves |0>, whatever was there"},
};

}  // namespace

std::span<const ChannelRow> channels() { return table; }

const ChannelRow& channel(Channel id) {
  assert(static_cast<std::size_t>(id) < std::size(table) && "no such channel");
  return table[static_cast<std::size_t>(id)];
}

std::optional<Channel> channel_named(std::string_view name) {
  if (name.empty()) return std::nullopt;
  for (std::size_t k = 0; k < std::size(table); ++k) {
    if (table[k].name == name) return static_cast<Channel>(k);
    for (std::string_view alias : table[k].aliases)
      if (alias == name) return static_cast<Channel>(k);
  }
  return std::nullopt;
}

std::vector<std::string_view> channel_names() {
  std::vector<std::string_view> names;
  for (const ChannelRow& row : table) {
    names.push_back(row.name);
    for (std::string_view alias : row.aliases)
      if (!alias.empty()) names.push_back(alias);
  }
  return names;
}

double evaluate(const ChannelFormula& formula, std::span<const double> parameters) {
  double value = formula.constant;
  for (std::size_t k = 0; k < parameters.size(); ++k) value += formula.slope[k] * parameters[k];
  if (formula.root != 0) value += formula.root * std::sqrt(1 - parameters[0]);
  return value;
}

std::array<double, 16> transfer_matrix(Channel id, std::span<const double> parameters) {
  assert(static_cast<int>(parameters.size()) == channel(id).parameter_count() && "wrong number of parameters");
  std::array<double, 16> matrix{};
  for (const TransferEntry& entry : channel(id).transfer.entries())
    matrix[4 * entry.row + entry.column] = evaluate(entry.value, parameters);
  return matrix;
}

}  // namespace qiln
