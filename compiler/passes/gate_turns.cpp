#include "compiler/passes/gate_turns.h"

#include <array>
#include <bit>
#include <cmath>
#include <numbers>

namespace qiln::passes {
namespace {

using circuit::Angle;
using circuit::Operation;
using circuit::Phase;
using circuit::Turn;
using std::numbers::pi;

/// constant + sum over k of factor[k] * angle k of a gate.
struct Combination {
  double constant = 0;
  std::array<double, max_gate_parameters> factor{};

  Combination& add(const Combination& other, double times) {
    constant += times * other.constant;
    for (std::size_t k = 0; k < factor.size(); ++k) factor[k] += times * other.factor[k];
    return *this;
  }
  /// As angles of the operation; the constant joins the first.
  std::vector<Angle> angles(const Operation& operation) const {
    std::vector<Angle> result;
    double fixed = constant;
    for (std::size_t k = 0; k < operation.angles.size(); ++k) {
      if (factor[k] == 0) continue;
      Angle angle = operation.angles[k];
      angle.scale *= factor[k];
      angle.offset *= factor[k];
      if (angle.operand < 0)
        fixed += angle.offset;
      else
        result.push_back(angle);
    }
    if (!result.empty())
      result[0].offset += fixed;
    else if (std::abs(fixed) > 1e-15)
      result.push_back({-1, 0, 1, fixed});
    return result;
  }
};

/// The argument of an entry, without what its cosine or sine adds.
Combination argument(const GateEntry& entry) { return {std::atan2(entry.imaginary, entry.real), entry.phase}; }

/// The three angles of RZ(p), RY(t), RZ(w).
struct Euler {
  Combination p, t, w;
};

/// From the arguments a, g, d of the elements (0, 0), (1, 0), (1, 1) of e^{i k} RZ(w) RY(t) RZ(p), t in [0, pi], in
/// which those are k - (p + w) / 2, k + (w - p) / 2, k + (p + w) / 2.
void set_z(Euler& euler, const Combination& a, const Combination& g, const Combination& d) {
  euler.w.add(g, 1).add(a, -1);
  euler.p.add(d, 1).add(g, -1);
}

/// A gate with angles: cosines of half of one on the diagonal and sines beside, or numbers of fixed magnitudes.
std::optional<Euler> euler_of(const GateRow& row) {
  using Trigonometric = GateEntry::Trigonometric;
  std::array<Combination, 4> arguments;
  std::array<double, 4> magnitudes{};
  int seen = 0, angle = -1;
  for (const GateEntry& entry : row.matrix.entries()) {
    const int e = 2 * entry.row + entry.column;
    const bool fixed = entry.trigonometric == Trigonometric::one;
    const auto due = entry.row == entry.column ? Trigonometric::cosine : Trigonometric::sine;
    if (!fixed && entry.trigonometric != due) return std::nullopt;
    const int of = fixed ? max_gate_parameters : entry.half_angle;
    if (angle >= 0 && of != angle) return std::nullopt;
    angle = of;
    seen |= 1 << e;
    arguments[e] = argument(entry);
    magnitudes[e] = std::hypot(entry.real, entry.imaginary);
    if (!fixed && std::abs(magnitudes[e] - 1) > 1e-12) return std::nullopt;
  }
  if (seen != 15) return std::nullopt;
  Euler euler;
  if (angle == max_gate_parameters)
    euler.t.constant = 2 * std::atan2(magnitudes[2], magnitudes[0]);
  else
    euler.t.factor[angle] = 1;
  set_z(euler, arguments[0], arguments[2], arguments[3]);
  return euler;
}

/// A gate without angles.
Euler constant_euler(const Operation& operation) {
  const auto m = gate_matrix(operation.gate, {});
  auto turn = [&](int e) { return Combination{std::arg(m[e]), {}}; };
  Euler euler;
  euler.t.constant = 2 * std::atan2(std::abs(m[2]), std::abs(m[0]));
  constexpr double nothing = 1e-12;
  if (std::abs(m[2]) < nothing)
    euler.w.add(turn(3), 1).add(turn(0), -1);
  else if (std::abs(m[0]) < nothing)
    euler.w.add(turn(2), 1).add(turn(1), -1).constant -= pi;
  else
    set_z(euler, turn(0), turn(2), turn(3));
  return euler;
}

double signed_times(const Operation& operation) { return operation.inverse ? -1 : 1; }

}  // namespace

std::optional<std::vector<Turn>> turns_of(const Operation& operation) {
  const GateRow& row = gate(operation.gate);
  if (operation.qubits.size() != 1) return std::nullopt;
  std::vector<Turn> turns;
  auto append = [&](Turn::Axis axis, const Combination& combination) {
    for (const Angle& angle : Combination{}.add(combination, signed_times(operation)).angles(operation))
      turns.push_back({axis, angle});
  };
  if (row.flags.diagonal) {
    const auto phases = phases_of(operation);
    if (!phases) return std::nullopt;
    for (const Phase& phase : *phases) turns.push_back({Turn::Axis::z, phase.angle});
    return turns;
  }
  std::optional<Euler> euler = row.parameter_count() == 0 ? constant_euler(operation) : euler_of(row);
  if (!euler) return std::nullopt;
  if (operation.inverse) std::swap(euler->p, euler->w);
  append(Turn::Axis::z, euler->p);
  append(Turn::Axis::y, euler->t);
  append(Turn::Axis::z, euler->w);
  return turns;
}

std::optional<std::vector<Phase>> phases_of(const Operation& operation) {
  const GateRow& row = gate(operation.gate);
  if (!row.flags.diagonal) return std::nullopt;
  const std::size_t size = std::size_t{1} << operation.qubits.size();
  std::vector<Combination> turn(size);  // of each basis state
  for (const GateEntry& entry : row.matrix.entries()) {
    if (entry.row != entry.column || entry.trigonometric != GateEntry::Trigonometric::one) return std::nullopt;
    turn[size - (std::size_t{1} << row.targets) + entry.row] = argument(entry);
  }
  std::vector<Phase> phases;
  for (std::size_t mask = 1; mask < size; ++mask) {
    Combination sum;
    for (std::size_t b = 0; b < size; ++b)
      sum.add(turn[b],
              (std::popcount(b & mask) & 1 ? 2.0 : -2.0) / static_cast<double>(size) * signed_times(operation));
    for (const Angle& angle : sum.angles(operation)) phases.push_back({mask, angle});
  }
  return phases;
}

}  // namespace qiln::passes
