#include "compiler/circuit/known_bits.h"

#include <cmath>
#include <complex>
#include <span>

namespace qiln::circuit {
namespace {

/// U|b> for an operation at given angles.
std::vector<std::complex<double>> column(const Operation& operation, std::span<const double> angles, std::size_t b) {
  const auto u = gate_matrix(operation.gate, angles, operation.inverse, operation.controls);
  const std::size_t size = std::size_t{1} << operation.qubits.size();
  std::vector<std::complex<double>> result(size);
  for (std::size_t i = 0; i < size; ++i) result[i] = u[i * size + b];
  return result;
}

double overlap(const std::vector<std::complex<double>>& a, const std::vector<std::complex<double>>& b) {
  std::complex<double> sum = 0;
  for (std::size_t i = 0; i < a.size(); ++i) sum += std::conj(a[i]) * b[i];
  return std::abs(sum);
}

/// The bit that a channel leaves a qubit with bit `b` (-1: not known) in, or -1.
int bit_after(const Operation& operation, int b) {
  std::vector<double> parameters;
  for (const Angle& angle : operation.angles) parameters.push_back(angle.operand < 0 ? angle.offset : 0.3);
  const auto transfer = transfer_matrix(operation.channel, parameters);
  if (b < 0 && transfer[15] != 0) return -1;
  const double z = transfer[12] + (b < 0 ? 0 : b == 0 ? transfer[15] : -transfer[15]);
  return std::abs(std::abs(z) - 1) < 1e-12 ? (z < 0 ? 1 : 0) : -1;
}

bool is_diagonal(const Operation& operation) { return !operation.is_channel() && gate(operation.gate).flags.diagonal; }

}  // namespace

std::vector<std::vector<std::optional<DeadReason>>> angles_on_known_bits(const Circuit& circuit) {
  std::vector<std::vector<std::optional<DeadReason>>> findings(circuit.operations.size());
  for (std::size_t o = 0; o < findings.size(); ++o) findings[o].resize(circuit.operations[o].angles.size());
  std::vector<int> basis(circuit.qubits, 0);  // the bit a qubit is known to have, or -1
  if (circuit.initial)
    for (std::int32_t q : circuit.initial->qubits) basis[q] = -1;
  const std::vector<double> generic{0.7390851332, 1.9106332362, -2.2360679775, 0.9068996821};
  for (std::size_t o = 0; o < circuit.operations.size(); ++o) {
    const Operation& operation = circuit.operations[o];
    if (operation.is_channel()) {
      basis[operation.qubits[0]] = bit_after(operation, basis[operation.qubits[0]]);
      continue;
    }
    std::size_t b = 0;
    bool known = true;
    for (std::int32_t q : operation.qubits) {
      known &= basis[q] >= 0;
      b = b << 1 | (basis[q] == 1);
    }
    if (!known) {
      if (!is_diagonal(operation))
        for (std::int32_t q : operation.qubits) basis[q] = -1;
      continue;
    }
    std::vector<double> angles;
    for (const Angle& angle : operation.angles)
      angles.push_back(angle.operand < 0 ? angle.offset : generic[angles.size()]);
    const auto image = column(operation, angles, b);
    for (std::size_t a = 0; a < angles.size(); ++a) {
      if (operation.angles[a].operand < 0) continue;
      bool fixed = true;
      for (double change : {0.9189385332, 1.6180339887, -2.6220575543}) {
        std::vector<double> other = angles;
        other[a] += change;
        fixed &= std::abs(overlap(image, column(operation, other, b)) - 1) < 1e-9;
      }
      if (fixed) findings[o][a] = DeadReason::global_phase;
    }
    std::size_t where = 0;
    while (where < image.size() && std::abs(std::abs(image[where]) - 1) > 1e-9) ++where;
    for (std::size_t k = operation.qubits.size(); k-- > 0; where >>= 1)
      basis[operation.qubits[k]] = where < image.size() ? static_cast<int>(where & 1) : -1;
  }
  return findings;
}

}  // namespace qiln::circuit
