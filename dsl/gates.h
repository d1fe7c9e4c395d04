// The gate table: one row declares everything about a gate. Code branches on flags and entries, never on names.
//
// Conventions are PennyLane's: RX(t) = exp(-i t X / 2), P(t) = diag(1, e^{it}), Rot(phi, theta, omega) =
// RZ(omega) RY(theta) RZ(phi), U(theta, phi, delta) = PennyLane's U3. The first qubit of a gate is the most significant
// bit of a matrix index; controls come before targets.
#pragma once

#include <array>
#include <complex>
#include <cstdint>
#include <initializer_list>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

namespace qiln {

/// Index of a row of the gate table.
enum class Gate : std::uint8_t {};

inline constexpr int max_gate_parameters = 4;
inline constexpr int max_gate_qubits = 3;  // of a row

/// One nonzero element of a gate's matrix:
///   coefficient * {1, cos, sin}(half_angle / 2) * exp(i * sum over k of phase[k] * angle k).
/// Numbers and graph values are both made from this one formula.
struct GateEntry {
  enum class Trigonometric : std::uint8_t { one, cosine, sine };

  std::int8_t row = 0, column = 0;
  double real = 1, imaginary = 0;  // of the coefficient
  Trigonometric trigonometric = Trigonometric::one;
  std::int8_t half_angle = 0;  // which angle the cosine or sine takes half of
  std::array<double, max_gate_parameters> phase{};

  constexpr bool has_phase() const {
    for (double factor : phase)
      if (factor != 0) return true;
    return false;
  }
};

/// The nonzero elements of a gate's matrix on its targets.
class GateMatrix {
 public:
  constexpr GateMatrix() = default;
  constexpr GateMatrix(std::initializer_list<GateEntry> entries) {
    for (const GateEntry& entry : entries) entries_[size_++] = entry;
  }
  constexpr std::span<const GateEntry> entries() const { return {entries_.data(), static_cast<std::size_t>(size_)}; }

 private:
  std::array<GateEntry, 8> entries_{};
  int size_ = 0;
};

struct GateFlags {
  bool diagonal = false;
  bool permutation = false;   // one 1 in each row; with `clifford`: a map over GF(2), b -> M b + f
  bool clifford = false;      // for every angle
  bool self_inverse = false;  // hermitian too
};

/// coefficient * a Pauli on each target, "XY".
struct GeneratorTerm {
  double coefficient = 0;
  std::string_view paulis;
};

/// factors . parameters + offset
struct StepAngle {
  std::array<double, max_gate_parameters> factors{};
  double offset = 0;
};

/// One gate of a sequence on a row's qubits.
struct GateStep {
  std::string_view gate;
  int controls = 0;                                             // extra ones, the first of `qubits`
  std::array<std::int8_t, max_gate_qubits> qubits{-1, -1, -1};  // of the row's; -1: unused
  std::array<StepAngle, max_gate_parameters> angles{};
  /// A step of a frame: with the other such steps alone it would do nothing, so that controls of the whole sequence
  /// need not control it.
  bool frame = false;

  constexpr int qubit_count() const {
    int count = 0;
    while (count < max_gate_qubits && qubits[count] >= 0) ++count;
    return count;
  }
};

/// The eigenvalues of an angle's generator G (dU/dangle = -i G U, G hermitian) on the targets, up to a common shift.
enum class Spectrum : std::uint8_t {
  one_gap,   // two values, one apart, the same with controls: 0 and 1
  half_gap,  // -1/2 and 1/2: one apart, and with a control, where 0 joins them, also half of it
  two_gaps,  // -1/2, 0 and 1/2
};

struct GateRow {
  std::string_view name;
  std::array<std::string_view, 4> aliases{};  // OpenQASM 3's and other usual names; empty ones are unused
  int controls = 0;
  int targets = 1;
  std::array<std::string_view, max_gate_parameters> parameters{};  // names of the angles; empty ones are unused
  GateMatrix matrix{};                                             // on the targets, applied where all controls are 1
  std::string_view inverse{};                                      // gate that undoes this one; empty: none has a name
  /// Angle k of the inverse is -angle[inverse_angles[k]].
  std::array<std::int8_t, max_gate_parameters> inverse_angles{0, 1, 2, 3};
  GateFlags flags{};
  /// Of a gate of one angle that is exp(-i angle G) on its targets: G. Its power is a multiple of the angle.
  std::span<const GeneratorTerm> generator{};
  std::array<Spectrum, max_gate_parameters> spectra{};  // one an angle
  /// The same gate, phase included, in terms of rows that are more basic; empty: this one is basic.
  std::span<const GateStep> decomposition{};
  /// The gate to a power, which is the steps' only parameter; of gates without angles. pow(1) is the gate itself.
  std::span<const GateStep> power{};
  std::string_view openqasm{};  // in OpenQASM 3's stdgates.inc; empty: not there
  std::string_view pennylane{};
  std::string_view help{};

  constexpr int qubits() const { return controls + targets; }
  constexpr int parameter_count() const {
    int count = 0;
    while (count < max_gate_parameters && !parameters[count].empty()) ++count;
    return count;
  }
};

/// The table, in order of `Gate`.
std::span<const GateRow> gates();
const GateRow& gate(Gate id);
/// By name or alias, as written.
std::optional<Gate> gate_named(std::string_view name);
/// Every name and alias (to suggest from, to complete from).
std::vector<std::string_view> gate_names();
/// The gate that undoes `id`, if a row has it.
std::optional<Gate> inverse_of(Gate id);

/// A derivative as a sum of coefficient * f(angle + shift).
struct ShiftTerm {
  double coefficient = 0, shift = 0;
};
/// The parameter-shift rule of an expectation value in angle `angle`: two terms where the eigenvalues of its generator
/// are one apart, four where they are also half of it (Anselmetti et al., New J. Phys. 23, 113010).
std::span<const ShiftTerm> shift_rule(Gate id, int angle, int extra_controls = 0);

/// The value of an entry at these angles.
std::complex<double> evaluate(const GateEntry& entry, std::span<const double> angles);
/// The whole row-major matrix, 2^(extra_controls + qubits) squared; the extra controls are the first qubits.
std::vector<std::complex<double>> gate_matrix(Gate id, std::span<const double> angles, bool inverse = false,
                                              int extra_controls = 0);

}  // namespace qiln
