#include "compiler/circuit/known_bits.h"

#include <algorithm>
#include <cmath>

#include "compiler/circuit/dense.h"
#include "compiler/circuit/pauli.h"

namespace qiln::circuit {
namespace {

constexpr int unknown = -1;
constexpr double zero_below = 1e-9;
constexpr double generic[max_gate_parameters] = {0.7390851332, 1.9106332362, -2.2360679775, 0.9068996821};

/// The bit that a channel leaves a qubit with bit `b` in.
int bit_after(const Operation& operation, int b) {
  std::vector<double> parameters;
  for (const Angle& angle : operation.angles) parameters.push_back(angle.operand < 0 ? angle.offset : 0.3);
  const auto transfer = transfer_matrix(operation.channel, parameters);
  if (b == unknown && transfer[15] != 0) return unknown;
  const double z = transfer[12] + (b == unknown ? 0 : b == 0 ? transfer[15] : -transfer[15]);
  return std::abs(std::abs(z) - 1) < 1e-12 ? (z < 0 ? 1 : 0) : unknown;
}

/// A gate where some of its qubits have known bits: the columns of its matrix that matter.
class Restricted {
 public:
  Restricted(const Operation& operation, const std::vector<int>& bits) : operation_(operation) {
    const std::size_t k = operation.qubits.size();
    for (std::size_t b = 0; b < std::size_t{1} << k; ++b) {
      bool fits = true;
      for (std::size_t i = 0; i < k; ++i) {
        const int known = bits[operation.qubits[i]];
        fits = fits && (known == unknown || known == static_cast<int>(b >> (k - 1 - i) & 1));
      }
      if (fits) columns_.push_back(b);
    }
    for (const Angle& angle : operation.angles)
      angles_.push_back(angle.operand < 0 ? angle.offset : generic[angles_.size()]);
    matrix_ = matrix_of(operation, angles_);
  }

  /// Another value of the angle gives these columns another phase, one for all of them, and nothing else.
  bool turns_phase(std::size_t angle) const {
    const std::size_t side = std::size_t{1} << operation_.qubits.size();
    for (const double change : {0.9189385332, 1.6180339887, -2.6220575543}) {
      std::vector<double> angles = angles_;
      angles[angle] += change;
      const auto other = matrix_of(operation_, angles);
      Complex overlap = 0;
      for (std::size_t c : columns_)
        for (std::size_t r = 0; r < side; ++r) overlap += std::conj(matrix_[r * side + c]) * other[r * side + c];
      if (std::abs(overlap) < static_cast<double>(columns_.size()) - zero_below) return false;
    }
    return true;
  }

  /// The bit of the gate's qubit `i` in everything that these columns hold.
  int bit(std::size_t i) const {
    const std::size_t k = operation_.qubits.size(), side = std::size_t{1} << k;
    int found = unknown;
    for (std::size_t c : columns_)
      for (std::size_t r = 0; r < side; ++r) {
        if (std::abs(matrix_[r * side + c]) < zero_below) continue;
        const int here = static_cast<int>(r >> (k - 1 - i) & 1);
        if (found != unknown && found != here) return unknown;
        found = here;
      }
    return found;
  }

 private:
  const Operation& operation_;
  std::vector<std::size_t> columns_;
  std::vector<double> angles_;
  std::vector<Complex> matrix_;
};

}  // namespace

std::vector<std::vector<std::optional<DeadReason>>> angles_on_known_bits(const Circuit& circuit) {
  std::vector<std::vector<std::optional<DeadReason>>> findings(circuit.operations.size());
  std::vector<int> bits(circuit.qubits, 0);
  if (circuit.initial)
    for (std::int32_t q : circuit.initial->qubits) bits[q] = unknown;
  for (std::size_t o = 0; o < circuit.operations.size(); ++o) {
    const Operation& operation = circuit.operations[o];
    findings[o].resize(operation.angles.size());
    if (operation.is_channel()) {
      bits[operation.qubits[0]] = bit_after(operation, bits[operation.qubits[0]]);
      continue;
    }
    const bool none = std::all_of(operation.qubits.begin(), operation.qubits.end(),
                                  [&](std::int32_t q) { return bits[q] == unknown; });
    if (none) continue;
    if (!HeisenbergActions::covers(operation)) {
      for (std::int32_t q : operation.qubits) bits[q] = unknown;
      continue;
    }
    const Restricted restricted(operation, bits);
    for (std::size_t a = 0; a < operation.angles.size(); ++a)
      if (operation.angles[a].operand >= 0 && restricted.turns_phase(a)) findings[o][a] = DeadReason::global_phase;
    for (std::size_t i = 0; i < operation.qubits.size(); ++i) bits[operation.qubits[i]] = restricted.bit(i);
  }
  return findings;
}

}  // namespace qiln::circuit
