#include "compiler/circuit/commutation.h"

#include <algorithm>
#include <cmath>
#include <numbers>
#include <span>

#include "compiler/circuit/dense.h"
#include "compiler/circuit/pauli.h"

namespace qiln::circuit {
namespace {

constexpr double tolerance = 1e-9;  // products of a few unitaries in double
constexpr int settings = 3;

/// Generic numbers: no small combination of them is a multiple of pi.
double generic(int setting, int k) {
  const double x = 0.6180339887498949 * (7 * setting + k + 1) + 0.2360679774997897 * setting * (k + 2);
  return 5 * (x - std::floor(x)) - 2.5;
}

/// The columns of a unitary on k qubits, made of operations whose qubits are numbered 0..k-1.
class Unitary {
 public:
  explicit Unitary(int qubits) : qubits_(qubits), columns_(std::size_t{1} << qubits) {
    for (std::size_t c = 0; c < columns_.size(); ++c) {
      columns_[c].resize(columns_.size());
      columns_[c][c] = 1;
    }
  }
  Unitary& then(const Operation& operation, std::span<const std::int32_t> qubits, std::span<const double> angles) {
    const auto matrix = matrix_of(operation, angles);
    for (State& column : columns_) apply(column, matrix, qubits, qubits_);
    return *this;
  }
  bool equals(const Unitary& other) const {
    for (std::size_t c = 0; c < columns_.size(); ++c)
      for (std::size_t r = 0; r < columns_.size(); ++r)
        if (std::abs(columns_[c][r] - other.columns_[c][r]) > tolerance) return false;
    return true;
  }
  /// Up to a phase, that of tr(A^dagger B).
  bool like(Unitary other) const {
    Complex trace = 0;
    for (std::size_t c = 0; c < columns_.size(); ++c)
      for (std::size_t r = 0; r < columns_.size(); ++r) trace += std::conj(other.columns_[c][r]) * columns_[c][r];
    if (std::abs(trace) < 0.5) return false;
    for (State& column : other.columns_)
      for (Complex& element : column) element *= trace / std::abs(trace);
    return equals(other);
  }

 private:
  int qubits_;
  std::vector<State> columns_;
};

std::vector<std::int32_t> together(const Operation& a, const Operation& b) {
  std::vector<std::int32_t> qubits = a.qubits;
  for (std::int32_t q : b.qubits)
    if (std::find(qubits.begin(), qubits.end(), q) == qubits.end()) qubits.push_back(q);
  return qubits;
}

std::vector<std::int32_t> places(const Operation& operation, const std::vector<std::int32_t>& among) {
  std::vector<std::int32_t> result;
  for (std::int32_t q : operation.qubits)
    result.push_back(static_cast<std::int32_t>(std::find(among.begin(), among.end(), q) - among.begin()));
  return result;
}

bool same_qubits(const Operation& a, const Operation& b) {
  return a.qubits.size() == b.qubits.size() && together(a, b).size() == a.qubits.size();
}

/// Values of the angles, with a variable's own number.
std::vector<double> values(const Operation& operation, int setting,
                           std::map<std::pair<std::int32_t, std::int64_t>, int>& variables) {
  std::vector<double> result;
  for (const Angle& angle : operation.angles) {
    if (angle.operand < 0) {
      result.push_back(angle.offset);
      continue;
    }
    const auto next = static_cast<int>(variables.size());
    const int number = variables.emplace(std::pair{angle.operand, angle.element}, next).first->second;
    result.push_back(angle.scale * generic(setting, number) + angle.offset);
  }
  return result;
}

/// Values of the angles, each variable one on its own.
std::vector<double> independent(const Operation& operation, int setting, int first) {
  std::vector<double> result;
  for (const Angle& angle : operation.angles)
    result.push_back(angle.operand < 0 ? angle.offset : generic(setting, first + static_cast<int>(result.size())));
  return result;
}

std::vector<double> pair_key(const Operation& a, const Operation& b, const std::vector<std::int32_t>& qubits) {
  std::vector<double> key = action_key(a);
  const std::vector<double> second = action_key(b);
  key.insert(key.end(), second.begin(), second.end());
  key.push_back(static_cast<double>(a.qubits.size()));
  for (std::int32_t q : places(b, qubits)) key.push_back(q);
  return key;
}

bool constant(const Operation& operation) {
  return std::all_of(operation.angles.begin(), operation.angles.end(), [](const Angle& a) { return a.operand < 0; });
}

/// One angle, and two of it add up.
bool rotation(const Operation& operation) { return operation.angles.size() == 1; }

}  // namespace

const std::vector<int>& Commutation::axes(const Operation& operation) {
  auto [found, added] = axes_.try_emplace(action_key(operation));
  if (!added) return found->second;
  found->second.assign(operation.qubits.size(), 0);
  if (static_cast<int>(operation.qubits.size()) > HeisenbergAction::max_qubits) return found->second;
  HeisenbergAction action(operation);
  constexpr PauliString paulis[3] = {{1, 0}, {1, 1}, {0, 1}};
  for (std::size_t k = 0; k < operation.qubits.size(); ++k) {
    const auto shift = operation.qubits.size() - 1 - k;
    for (int p = 0; p < 3; ++p)
      if (action.fixes({paulis[p].x << shift, paulis[p].z << shift})) found->second[k] |= 1 << p;
  }
  return found->second;
}

bool Commutation::commute(const Operation& a, const Operation& b) {
  // Where both are diagonal in one basis of each shared qubit, they act on the rest for each of its states. (A channel
  // that leaves Z as it is has Kraus operators that commute with Z, so this holds for channels too.)
  bool shared = false, diagonal = true;
  for (std::size_t i = 0; i < a.qubits.size(); ++i)
    for (std::size_t j = 0; j < b.qubits.size(); ++j)
      if (a.qubits[i] == b.qubits[j]) {
        shared = true;
        diagonal = diagonal && (axes(a)[i] & axes(b)[j]) != 0;
      }
  if (!shared || diagonal) return true;
  if (a.is_channel() || b.is_channel()) return false;
  const std::vector<std::int32_t> qubits = together(a, b);
  if (static_cast<int>(qubits.size()) > max_qubits) return false;
  const auto [found, added] = commute_.emplace(pair_key(a, b, qubits), true);
  if (!added) return found->second;
  const auto k = static_cast<int>(qubits.size());
  const auto at_a = places(a, qubits), at_b = places(b, qubits);
  for (int s = 0; s < settings && found->second; ++s) {
    const auto of_a = independent(a, s, 0), of_b = independent(b, s, max_gate_parameters);
    found->second =
        Unitary(k).then(a, at_a, of_a).then(b, at_b, of_b).equals(Unitary(k).then(b, at_b, of_b).then(a, at_a, of_a));
  }
  return found->second;
}

bool Commutation::undo(const Operation& a, const Operation& b) {
  if (a.is_channel() || b.is_channel()) return false;
  if (!same_qubits(a, b) || static_cast<int>(a.qubits.size()) > max_qubits) return false;
  const auto k = static_cast<int>(a.qubits.size());
  const auto at_a = places(a, a.qubits), at_b = places(b, a.qubits);
  for (int s = 0; s < settings; ++s) {
    std::map<std::pair<std::int32_t, std::int64_t>, int> variables;
    const auto of_a = values(a, s, variables), of_b = values(b, s, variables);
    if (!Unitary(k).then(a, at_a, of_a).then(b, at_b, of_b).like(Unitary(k))) return false;
  }
  return true;
}

bool Commutation::nothing(const Operation& a) {
  if (a.is_channel() || static_cast<int>(a.qubits.size()) > max_qubits) return false;
  const auto k = static_cast<int>(a.qubits.size());
  for (int s = 0; s < settings; ++s) {
    std::map<std::pair<std::int32_t, std::int64_t>, int> variables;
    if (!Unitary(k).then(a, places(a, a.qubits), values(a, s, variables)).like(Unitary(k))) return false;
  }
  return true;
}

std::optional<Commutation::Sum> Commutation::sum(const Operation& a, const Operation& b) {
  if (a.is_channel() || b.is_channel()) return std::nullopt;
  if (!same_qubits(a, b) || static_cast<int>(a.qubits.size()) > max_qubits) return std::nullopt;
  if (!rotation(a) && !rotation(b)) return std::nullopt;
  const auto [found, added] = sums_.emplace(pair_key(a, b, a.qubits), std::nullopt);
  if (!added) return found->second;
  const auto k = static_cast<int>(a.qubits.size());
  const auto at_a = places(a, a.qubits), at_b = places(b, a.qubits);
  // The product against `kept` at `angle_of(its angle, the other's)`.
  auto holds = [&](bool second, auto angle_of) {
    for (int s = 0; s < settings; ++s) {
      std::vector<double> of_a, of_b;
      for (std::size_t i = 0; i < a.angles.size(); ++i)
        of_a.push_back(rotation(a) ? generic(s, 0) : a.angles[i].offset);
      for (std::size_t i = 0; i < b.angles.size(); ++i)
        of_b.push_back(rotation(b) ? generic(s, 1) : b.angles[i].offset);
      const Unitary product = Unitary(k).then(a, at_a, of_a).then(b, at_b, of_b);
      const double of_kept = second ? of_b[0] : of_a[0];
      const double angle[] = {angle_of(of_kept, second ? (of_a.empty() ? 0 : of_a[0]) : (of_b.empty() ? 0 : of_b[0]))};
      if (!product.like(Unitary(k).then(second ? b : a, second ? at_b : at_a, angle))) return false;
    }
    return true;
  };
  if (rotation(a) && rotation(b)) {
    for (double sign : {1.0, -1.0})
      if (holds(false, [&](double x, double y) { return x + sign * y; })) return found->second = Sum{false, sign, 0};
    return std::nullopt;
  }
  const bool second = rotation(b);
  if (!constant(second ? a : b)) return std::nullopt;
  for (int eighths = 0; eighths < 16; ++eighths) {
    const double offset = eighths * std::numbers::pi / 4;
    if (holds(second, [&](double x, double) { return x + offset; })) return found->second = Sum{second, 0, offset};
  }
  return std::nullopt;
}

}  // namespace qiln::circuit
