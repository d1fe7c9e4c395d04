#include "compiler/circuit/pauli.h"

#include <algorithm>
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

std::complex<double> pauli_phase(PauliString p, std::uint64_t b) {
  return power_of_i(std::popcount(p.x & p.z) + 2 * std::popcount(p.z & b));
}

std::vector<double> heisenberg_image(std::span<const std::complex<double>> u, PauliString p) {
  const int k = qubits_of(u.size());
  const std::size_t size = std::size_t{1} << k;
  std::vector<std::complex<double>> m(size * size);  // U^dagger P U
  for (std::size_t b = 0; b < size; ++b)
    for (std::size_t i = 0; i < size; ++i)
      for (std::size_t j = 0; j < size; ++j)
        m[i * size + j] += std::conj(u[(b ^ p.x) * size + i]) * pauli_phase(p, b) * u[b * size + j];
  std::vector<double> coefficients(size * size);
  for (std::size_t c = 0; c < coefficients.size(); ++c) {
    const PauliString q = decode(c, k);
    std::complex<double> trace = 0;
    for (std::size_t b = 0; b < size; ++b) trace += pauli_phase(q, b) * m[b * size + (b ^ q.x)];
    coefficients[c] = trace.real() / static_cast<double>(size);
  }
  return coefficients;
}

std::vector<double> heisenberg_image(Channel channel, std::span<const double> parameters, PauliString p) {
  constexpr std::size_t place[] = {0, 3, 1, 2};  // of the string with this code among I, X, Y, Z
  const auto transfer = transfer_matrix(channel, parameters);
  std::vector<double> coefficients(4);
  for (std::size_t c = 0; c < 4; ++c) coefficients[c] = transfer[4 * place[code(p, 1)] + place[c]];
  return coefficients;
}

HeisenbergAction::HeisenbergAction(const Operation& operation) : qubits_(static_cast<int>(operation.qubits.size())) {
  assert(qubits_ <= max_qubits);
  constexpr double turns[3][max_gate_parameters] = {{0.7390851332, 1.9106332362, -2.2360679775, 0.9068996821},
                                                    {-1.4142135624, 0.5671432904, 2.6651441427, -1.7724538509},
                                                    {2.0287578381, -0.8346268417, 1.2020569032, 2.5066282746}};
  constexpr double probabilities[3][max_gate_parameters] = {
      {0.1234567891, 0.3183098862}, {0.2718281828, 0.1570796327}, {0.0618033989, 0.4142135624}};
  const bool noise = operation.is_channel();
  if (noise) channel_ = operation.channel;
  std::vector<double> angles(operation.angles.size());
  auto add = [&](int setting, int changed) {
    for (std::size_t a = 0; a < angles.size(); ++a)
      angles[a] = !variable_[a]                    ? operation.angles[a].offset
                  : static_cast<int>(a) == changed ? (noise ? probabilities[setting][a] + 0.2 : turns[setting][a] + 0.9)
                                                   : (noise ? probabilities : turns)[setting][a];
    settings_.push_back({angles, {}, changed});
    if (!noise) settings_.back().unitary = gate_matrix(operation.gate, angles, operation.inverse, operation.controls);
  };
  for (const Angle& angle : operation.angles) variable_.push_back(angle.operand >= 0);
  for (int setting = 0; setting < 3; ++setting) add(setting, -1);
  for (std::size_t a = 0; a < angles.size(); ++a)
    if (variable_[a])
      for (int setting = 0; setting < 3; ++setting) add(setting, static_cast<int>(a));
  images_.resize(std::size_t{1} << (2 * qubits_));
}

std::vector<double> HeisenbergAction::coefficients(const Setting& setting, PauliString p) const {
  return channel_ ? heisenberg_image(*channel_, setting.angles, p) : heisenberg_image(setting.unitary, p);
}

HeisenbergAction::Image& HeisenbergAction::image(PauliString p) {
  Image& image = images_[code(p, qubits_)];
  if (image.known) return image;
  image.known = true;
  image.changes.resize(variable_.size());
  std::vector<std::vector<double>> base;
  std::vector<bool> seen(images_.size());
  for (std::size_t s = 0; s < settings_.size(); ++s) {
    std::vector<double> coefficients = this->coefficients(settings_[s], p);
    for (std::size_t c = 0; c < coefficients.size(); ++c) {
      if (std::abs(coefficients[c]) > zero_below) seen[c] = true;
      const int changed = settings_[s].changed;
      if (changed < 0 || std::abs(coefficients[c] - base[s % 3][c]) <= zero_below) continue;
      auto& changes = image.changes[changed];
      const PauliString string = decode(c, qubits_);
      auto known = std::find_if(changes.begin(), changes.end(), [&](const Change& x) { return x.string == string; });
      if (known == changes.end()) known = changes.insert(changes.end(), Change{string, {}});
      known->by[s % 3] = coefficients[c] - base[s % 3][c];
    }
    if (s < 3) base.push_back(std::move(coefficients));
  }
  for (std::size_t c = 0; c < seen.size(); ++c)
    if (seen[c]) image.support.push_back(decode(c, qubits_));
  bool same = true;
  for (const auto& other : base)
    for (std::size_t c = 0; c < seen.size(); ++c) same &= std::abs(other[c] - base[0][c]) <= zero_below;
  if (same) {
    image.fixed.emplace();
    for (PauliString string : image.support) image.fixed->push_back({string, base[0][code(string, qubits_)]});
  }
  if (image.support.size() == 1) {
    const std::size_t only = code(image.support[0], qubits_);
    const bool damped = std::any_of(base.begin(), base.end(),
                                    [&](const auto& c) { return std::abs(std::abs(c[only]) - 1) > zero_below; });
    if (!damped) image.single = Signed{image.support[0], base[0][only] > 0 ? 1.0 : -1.0};
  }
  return image;
}

const std::vector<PauliString>& HeisenbergAction::support(PauliString p) { return image(p).support; }
std::optional<HeisenbergAction::Signed> HeisenbergAction::single(PauliString p) { return image(p).single; }
const std::optional<std::vector<HeisenbergAction::Part>>& HeisenbergAction::fixed_image(PauliString p) {
  return image(p).fixed;
}
bool HeisenbergAction::fixes(PauliString p) {
  const auto& single = image(p).single;
  return single && single->string == p && single->sign > 0;
}
bool HeisenbergAction::depends(PauliString p, int angle) { return !image(p).changes[angle].empty(); }
const std::vector<HeisenbergAction::Change>& HeisenbergAction::changes(PauliString p, int angle) {
  return image(p).changes[angle];
}

HeisenbergAction& HeisenbergActions::of(const Operation& operation) {
  auto key = action_key(operation);
  auto found = actions_.find(key);
  if (found == actions_.end()) found = actions_.emplace(std::move(key), HeisenbergAction(operation)).first;
  return found->second;
}

std::vector<double> action_key(const Operation& operation) {
  const bool noise = operation.is_channel();
  std::vector<double> key{static_cast<double>(operation.kind),
                          noise ? static_cast<double>(operation.channel) : static_cast<double>(operation.gate),
                          static_cast<double>(operation.inverse), static_cast<double>(operation.controls)};
  for (const Angle& angle : operation.angles) {
    key.push_back(angle.operand >= 0);
    key.push_back(angle.operand >= 0 ? 0 : angle.offset);
  }
  return key;
}

}  // namespace qiln::circuit
