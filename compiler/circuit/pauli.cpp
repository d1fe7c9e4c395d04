#include "compiler/circuit/pauli.h"

#include <bit>
#include <cassert>
#include <cmath>

namespace qiln::circuit {
namespace {

constexpr double zero_below = 1e-9;  // coefficients are sums of a few products of sines and cosines, in double

/// i^k
std::complex<double> power_of_i(int k) {
  constexpr std::complex<double> powers[] = {{1, 0}, {0, 1}, {-1, 0}, {0, -1}};
  return powers[k & 3];
}

/// P|b> = phase(P, b) |b ^ x>.
std::complex<double> phase(PauliString p, std::uint64_t b) {
  return power_of_i(std::popcount(p.x & p.z) + 2 * std::popcount(p.z & b));
}

int qubits_of(std::size_t matrix_size) { return std::countr_zero(matrix_size) / 2; }

}  // namespace

PauliString restrict(PauliString string, std::span<const std::int32_t> qubits, int n) {
  PauliString local;
  for (std::int32_t q : qubits) {
    local.x = local.x << 1 | (string.x >> (n - 1 - q) & 1);
    local.z = local.z << 1 | (string.z >> (n - 1 - q) & 1);
  }
  return local;
}

PauliString replace(PauliString string, PauliString local, std::span<const std::int32_t> qubits, int n) {
  for (std::size_t k = qubits.size(); k-- > 0; local.x >>= 1, local.z >>= 1) {
    const int bit = n - 1 - qubits[k];
    string.x = (string.x & ~(std::uint64_t{1} << bit)) | (local.x & 1) << bit;
    string.z = (string.z & ~(std::uint64_t{1} << bit)) | (local.z & 1) << bit;
  }
  return string;
}

std::vector<double> heisenberg_image(std::span<const std::complex<double>> u, PauliString p) {
  const int k = qubits_of(u.size());
  const std::size_t size = std::size_t{1} << k;
  std::vector<std::complex<double>> m(size * size);  // U^dagger P U
  for (std::size_t b = 0; b < size; ++b)
    for (std::size_t i = 0; i < size; ++i)
      for (std::size_t j = 0; j < size; ++j)
        m[i * size + j] += std::conj(u[(b ^ p.x) * size + i]) * phase(p, b) * u[b * size + j];
  std::vector<double> coefficients(size * size);
  for (std::size_t c = 0; c < coefficients.size(); ++c) {
    const PauliString q = decode(c, k);
    std::complex<double> trace = 0;
    for (std::size_t b = 0; b < size; ++b) trace += phase(q, b) * m[b * size + (b ^ q.x)];
    coefficients[c] = trace.real() / static_cast<double>(size);
  }
  return coefficients;
}

HeisenbergAction::HeisenbergAction(const Operation& operation) : qubits_(static_cast<int>(operation.qubits.size())) {
  assert(qubits_ <= max_qubits);
  constexpr double generic[3][max_gate_parameters] = {{0.7390851332, 1.9106332362, -2.2360679775},
                                                      {-1.4142135624, 0.5671432904, 2.6651441427},
                                                      {2.0287578381, -0.8346268417, 1.2020569032}};
  std::vector<double> angles(operation.angles.size());
  auto add = [&](int setting, int changed) {
    for (std::size_t a = 0; a < angles.size(); ++a)
      angles[a] = !variable_[a]                    ? operation.angles[a].offset
                  : static_cast<int>(a) == changed ? generic[setting][a] + 0.9189385332
                                                   : generic[setting][a];
    settings_.push_back(gate_matrix(operation.gate, angles, operation.inverse, operation.controls));
    changed_.push_back(changed);
  };
  for (const Angle& angle : operation.angles) variable_.push_back(angle.operand >= 0);
  for (int setting = 0; setting < 3; ++setting) add(setting, -1);
  for (std::size_t a = 0; a < angles.size(); ++a)
    if (variable_[a])
      for (int setting = 0; setting < 3; ++setting) add(setting, static_cast<int>(a));
  images_.resize(std::size_t{1} << (2 * qubits_));
}

HeisenbergAction::Image& HeisenbergAction::image(PauliString p) {
  Image& image = images_[code(p, qubits_)];
  if (image.known) return image;
  image.known = true;
  image.depends.assign(variable_.size(), false);
  std::vector<std::vector<double>> base;
  std::vector<bool> seen(images_.size());
  for (std::size_t s = 0; s < settings_.size(); ++s) {
    std::vector<double> coefficients = heisenberg_image(settings_[s], p);
    for (std::size_t c = 0; c < coefficients.size(); ++c) {
      if (std::abs(coefficients[c]) > zero_below) seen[c] = true;
      if (changed_[s] >= 0 && std::abs(coefficients[c] - base[s % 3][c]) > zero_below)
        image.depends[changed_[s]] = true;
    }
    if (s < 3) base.push_back(std::move(coefficients));
  }
  for (std::size_t c = 0; c < seen.size(); ++c)
    if (seen[c]) image.support.push_back(decode(c, qubits_));
  if (image.support.size() == 1) {
    const double value = base[0][code(image.support[0], qubits_)];
    image.single = Signed{image.support[0], value > 0 ? 1.0 : -1.0};
  }
  return image;
}

const std::vector<PauliString>& HeisenbergAction::support(PauliString p) { return image(p).support; }
std::optional<HeisenbergAction::Signed> HeisenbergAction::single(PauliString p) { return image(p).single; }
bool HeisenbergAction::fixes(PauliString p) {
  const auto& single = image(p).single;
  return single && single->string == p && single->sign > 0;
}
bool HeisenbergAction::depends(PauliString p, int angle) { return image(p).depends[angle]; }

std::vector<double> action_key(const Operation& operation) {
  std::vector<double> key{static_cast<double>(operation.gate), static_cast<double>(operation.inverse),
                          static_cast<double>(operation.controls)};
  for (const Angle& angle : operation.angles) {
    key.push_back(angle.operand >= 0);
    key.push_back(angle.operand >= 0 ? 0 : angle.offset);
  }
  return key;
}

}  // namespace qiln::circuit
