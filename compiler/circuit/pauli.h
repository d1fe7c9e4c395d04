// Pauli strings in the Heisenberg picture: what a gate makes of an observable that stands after it.
#pragma once

#include <array>
#include <compare>
#include <complex>
#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <vector>

#include "compiler/circuit/circuit.h"

namespace qiln::circuit {

/// A product of Paulis: bit n - 1 - q of x (z) is set where qubit q has X or Y (Z or Y).
struct PauliString {
  std::uint64_t x = 0, z = 0;
  bool identity() const { return x == 0 && z == 0; }
  auto operator<=>(const PauliString&) const = default;
};

/// The part of `string` on `qubits` of a circuit of n, the first of them in the most significant bit.
PauliString restrict(PauliString string, std::span<const std::int32_t> qubits, int n);
/// `string` with the Paulis on `qubits` replaced by those of `local`.
PauliString replace(PauliString string, PauliString local, std::span<const std::int32_t> qubits, int n);

/// P|b> = pauli_phase(P, b) |b ^ P.x>.
std::complex<double> pauli_phase(PauliString p, std::uint64_t b);

/// The coefficients of U^dagger P U in Pauli strings, indexed by code() of the string; `u` is row-major and unitary.
std::vector<double> heisenberg_image(std::span<const std::complex<double>> u, PauliString p);
/// x << k | z.
inline std::size_t code(PauliString p, int k) { return static_cast<std::size_t>(p.x) << k | p.z; }
inline PauliString decode(std::size_t code, int k) { return {code >> k, code & ((std::size_t{1} << k) - 1)}; }

/// The row of string `p` (on one qubit) in the Pauli-transfer matrix of a channel, indexed by code() of the string.
std::vector<double> heisenberg_image(Channel channel, std::span<const double> parameters, PauliString p);

/// What an operation does to every Pauli string on its qubits, for all values of the angles that are not constant:
/// decided at three generic settings of them, which a trigonometric polynomial of the table's low degree cannot fool.
/// The images of a channel may be damped, and empty.
class HeisenbergAction {
 public:
  /// Operations on more qubits than this are not analysed.
  static constexpr int max_qubits = 4;
  explicit HeisenbergAction(const Operation& operation);

  /// Strings with a nonzero coefficient in the image of `p` at some setting.
  const std::vector<PauliString>& support(PauliString p);
  /// The image is +-one string, whatever the angles.
  struct Signed {
    PauliString string;
    double sign = 1;
  };
  std::optional<Signed> single(PauliString p);
  bool fixes(PauliString p);
  struct Part {
    PauliString string;
    double coefficient = 1;
  };
  /// The image as a sum, where no angle changes it: of a constant channel damped, shifted or empty.
  const std::optional<std::vector<Part>>& fixed_image(PauliString p);
  /// The image depends on angle `angle` (false for constants).
  bool depends(PauliString p, int angle);
  /// How the image changes with angle `angle`: by this much of `string` at each of the generic settings.
  struct Change {
    PauliString string;
    std::array<double, 3> by{};
  };
  const std::vector<Change>& changes(PauliString p, int angle);

 private:
  struct Setting {
    std::vector<double> angles;
    std::vector<std::complex<double>> unitary;  // of a gate
    int changed = -1;                           // the angle in which it differs from the generic setting
  };
  std::vector<double> coefficients(const Setting& setting, PauliString p) const;
  struct Image {
    bool known = false;
    std::vector<PauliString> support;
    std::optional<Signed> single;
    std::optional<std::vector<Part>> fixed;
    std::vector<std::vector<Change>> changes;  // one list an angle
  };
  Image& image(PauliString p);
  int qubits_;
  std::optional<Channel> channel_;
  std::vector<bool> variable_;     // one an angle
  std::vector<Setting> settings_;  // the generic ones, then for each variable angle those with that one changed
  std::vector<Image> images_;
};

/// What identifies the action of an operation: equal keys, equal actions (on their own qubits).
std::vector<double> action_key(const Operation& operation);

/// The actions of the operations seen so far, shared by those that differ in qubits and operands only.
class HeisenbergActions {
 public:
  static bool covers(const Operation& operation) {
    return static_cast<int>(operation.qubits.size()) <= HeisenbergAction::max_qubits;
  }
  HeisenbergAction& of(const Operation& operation);

 private:
  std::map<std::vector<double>, HeisenbergAction> actions_;
};

}  // namespace qiln::circuit
