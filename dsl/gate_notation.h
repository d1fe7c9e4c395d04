// The notation of the gate table (dsl/gates_table.cpp), and the matrices and sequences that its rows name.
#pragma once

#include <numbers>

#include "dsl/gates.h"

namespace qiln::gate_table {

constexpr double half_root = 0.70710678118654752440, pi = std::numbers::pi;

// The notation of the rows. An entry starts as the coefficient 1 at (row, column).
constexpr GateEntry at(int row, int column, double real = 1, double imaginary = 0) {
  GateEntry entry;
  entry.row = static_cast<std::int8_t>(row);
  entry.column = static_cast<std::int8_t>(column);
  entry.real = real;
  entry.imaginary = imaginary;
  return entry;
}
/// times cos(angle / 2)
constexpr GateEntry cosine(GateEntry entry, int angle = 0) {
  entry.trigonometric = GateEntry::Trigonometric::cosine;
  entry.half_angle = static_cast<std::int8_t>(angle);
  return entry;
}
/// times sin(angle / 2)
constexpr GateEntry sine(GateEntry entry, int angle = 0) {
  entry.trigonometric = GateEntry::Trigonometric::sine;
  entry.half_angle = static_cast<std::int8_t>(angle);
  return entry;
}
/// times exp(i (a * angle 0 + b * angle 1 + …))
constexpr GateEntry phase(GateEntry entry, double a, double b = 0, double c = 0, double d = 0) {
  entry.phase = {a, b, c, d};
  return entry;
}
/// The matrix that is 1 in the corners and these entries in rows and columns 1 and 2.
constexpr GateMatrix inside(GateEntry a, GateEntry b, GateEntry c, GateEntry d, GateEntry first = at(0, 0),
                            GateEntry last = at(3, 3)) {
  return {first, a, b, c, d, last};
}

using Qubits = std::array<std::int8_t, max_gate_qubits>;
constexpr Qubits q0{0, -1, -1}, q1{1, -1, -1}, q01{0, 1, -1}, q10{1, 0, -1}, q2{2, -1, -1}, q21{2, 1, -1},
    q012{0, 1, 2};
/// factor * parameter k + offset
constexpr StepAngle times(double factor, int k = 0, double offset = 0) {
  StepAngle angle{{}, offset};
  angle.factors[k] = factor;
  return angle;
}
constexpr StepAngle fixed(double value) { return {{}, value}; }
constexpr GateStep step(std::string_view gate, Qubits qubits, StepAngle angle = {}) {
  return {gate, 0, qubits, {angle}};
}
/// A step of the frame around the others.
constexpr GateStep frame(std::string_view gate, Qubits qubits, StepAngle angle = {}) {
  return {gate, 0, qubits, {angle}, true};
}
/// P under as many controls as there are qubits before the last.
constexpr GateStep phase_step(Qubits qubits, StepAngle angle) {
  GateStep result{"P", 0, qubits, {angle}};
  result.controls = result.qubit_count() - 1;
  return result;
}

// Matrices that several rows share: a controlled gate has the matrix of its target.
constexpr GateMatrix identity{at(0, 0), at(1, 1)};
constexpr GateMatrix pauli_x{at(0, 1), at(1, 0)};
constexpr GateMatrix pauli_y{at(0, 1, 0, -1), at(1, 0, 0, 1)};
constexpr GateMatrix pauli_z{at(0, 0), at(1, 1, -1)};
constexpr GateMatrix hadamard{at(0, 0, half_root), at(0, 1, half_root), at(1, 0, half_root), at(1, 1, -half_root)};
constexpr GateMatrix rotate_x{cosine(at(0, 0)), sine(at(0, 1, 0, -1)), sine(at(1, 0, 0, -1)), cosine(at(1, 1))};
constexpr GateMatrix rotate_y{cosine(at(0, 0)), sine(at(0, 1, -1)), sine(at(1, 0)), cosine(at(1, 1))};
constexpr GateMatrix rotate_z{phase(at(0, 0), -0.5), phase(at(1, 1), 0.5)};
constexpr GateMatrix phase_shift{at(0, 0), phase(at(1, 1), 1)};
constexpr GateMatrix exchange{at(0, 0), at(1, 2), at(2, 1), at(3, 3)};

constexpr GateMatrix u_matrix{cosine(at(0, 0)), phase(sine(at(0, 1, -1)), 0, 0, 1), phase(sine(at(1, 0)), 0, 1, 0),
                              phase(cosine(at(1, 1)), 0, 1, 1)};
constexpr GateMatrix rot_matrix{phase(cosine(at(0, 0), 1), -0.5, 0, -0.5), phase(sine(at(0, 1, -1), 1), 0.5, 0, -0.5),
                                phase(sine(at(1, 0), 1), -0.5, 0, 0.5), phase(cosine(at(1, 1), 1), 0.5, 0, 0.5)};

constexpr std::array<std::int8_t, max_gate_parameters> u_inverse{0, 2, 1, 3}, rot_inverse{2, 1, 0, 3};
constexpr std::array<Spectrum, max_gate_parameters> one_gap{Spectrum::one_gap, Spectrum::one_gap, Spectrum::one_gap,
                                                            Spectrum::one_gap},
    half_gap{Spectrum::half_gap, Spectrum::half_gap, Spectrum::half_gap}, two_gaps{Spectrum::two_gaps},
    u_gaps{Spectrum::half_gap, Spectrum::one_gap, Spectrum::one_gap, Spectrum::one_gap};

// Generators.
constexpr GeneratorTerm half_x[] = {{0.5, "X"}}, half_y[] = {{0.5, "Y"}}, half_z[] = {{0.5, "Z"}},
                        minus_one[] = {{-0.5, "I"}, {0.5, "Z"}}, half_xx[] = {{0.5, "XX"}}, half_yy[] = {{0.5, "YY"}},
                        half_zz[] = {{0.5, "ZZ"}}, minus_xy[] = {{-0.25, "XX"}, {-0.25, "YY"}},
                        givens[] = {{0.25, "YX"}, {-0.25, "XY"}},
                        givens_plus[] = {{0.25, "YX"}, {-0.25, "XY"}, {-0.25, "II"}, {-0.25, "ZZ"}},
                        givens_minus[] = {{0.25, "YX"}, {-0.25, "XY"}, {0.25, "II"}, {0.25, "ZZ"}},
                        fermionic[] = {{0.25, "XX"}, {0.25, "YY"}, {-0.5, "II"}, {0.25, "ZI"}, {0.25, "IZ"}},
                        minus_00[] = {{-0.25, "II"}, {-0.25, "ZI"}, {-0.25, "IZ"}, {-0.25, "ZZ"}},
                        minus_01[] = {{-0.25, "II"}, {-0.25, "ZI"}, {0.25, "IZ"}, {0.25, "ZZ"}},
                        minus_10[] = {{-0.25, "II"}, {0.25, "ZI"}, {-0.25, "IZ"}, {0.25, "ZZ"}};

// Decompositions; frames come in pairs that undo each other.
constexpr GateStep x_steps[] = {frame("H", q0), phase_step(q0, fixed(pi)), frame("H", q0)};
constexpr GateStep y_steps[] = {frame("Sdg", q0), step("X", q0), frame("S", q0)};
constexpr GateStep z_steps[] = {phase_step(q0, fixed(pi))};
constexpr GateStep h_steps[] = {frame("RY", q0, fixed(-pi / 4)), step("Z", q0), frame("RY", q0, fixed(pi / 4))};
constexpr GateStep s_steps[] = {phase_step(q0, fixed(pi / 2))};
constexpr GateStep sdg_steps[] = {phase_step(q0, fixed(-pi / 2))};
constexpr GateStep t_steps[] = {phase_step(q0, fixed(pi / 4))};
constexpr GateStep tdg_steps[] = {phase_step(q0, fixed(-pi / 4))};
constexpr GateStep sx_steps[] = {frame("H", q0), step("S", q0), frame("H", q0)};
constexpr GateStep sxdg_steps[] = {frame("H", q0), step("Sdg", q0), frame("H", q0)};
constexpr GateStep rx_steps[] = {frame("H", q0), step("RZ", q0, times(1)), frame("H", q0)};
constexpr GateStep ry_steps[] = {frame("SX", q0), step("RZ", q0, times(1)), frame("SXdg", q0)};
constexpr GateStep rz_steps[] = {phase_step(q0, times(0.5)), frame("X", q0), phase_step(q0, times(-0.5)),
                                 frame("X", q0)};
constexpr GateStep u_steps[] = {phase_step(q0, times(1, 2)), step("RY", q0, times(1)), phase_step(q0, times(1, 1))};
constexpr GateStep u2_steps[] = {phase_step(q0, times(1, 1)), step("RY", q0, fixed(pi / 2)), phase_step(q0, times(1))};
constexpr GateStep rot_steps[] = {step("RZ", q0, times(1)), step("RY", q0, times(1, 1)), step("RZ", q0, times(1, 2))};
constexpr GateStep cnot_steps[] = {frame("H", q1), phase_step(q01, fixed(pi)), frame("H", q1)};
constexpr GateStep cy_steps[] = {frame("Sdg", q1), step("CNOT", q01), frame("S", q1)};
constexpr GateStep cz_steps[] = {phase_step(q01, fixed(pi))};
constexpr GateStep ch_steps[] = {frame("RY", q1, fixed(-pi / 4)), step("CZ", q01), frame("RY", q1, fixed(pi / 4))};
constexpr GateStep swap_steps[] = {frame("CNOT", q01), step("CNOT", q10), frame("CNOT", q01)};
constexpr GateStep iswap_steps[] = {step("IsingXY", q01, fixed(pi))};
constexpr GateStep siswap_steps[] = {step("IsingXY", q01, fixed(pi / 2))};
constexpr GateStep ecr_steps[] = {frame("H", q1), step("RZZ", q01, fixed(pi / 2)), frame("H", q1), step("X", q0)};
constexpr GateStep pswap_steps[] = {step("SWAP", q01), frame("CNOT", q01), phase_step(q1, times(1)),
                                    frame("CNOT", q01)};
constexpr GateStep crx_steps[] = {frame("H", q1), step("CRZ", q01, times(1)), frame("H", q1)};
constexpr GateStep cry_steps[] = {step("RY", q1, times(0.5)), frame("CNOT", q01), step("RY", q1, times(-0.5)),
                                  frame("CNOT", q01)};
constexpr GateStep crz_steps[] = {step("RZ", q1, times(0.5)), frame("CNOT", q01), step("RZ", q1, times(-0.5)),
                                  frame("CNOT", q01)};
constexpr GateStep crot_steps[] = {step("CRZ", q01, times(1)), step("CRY", q01, times(1, 1)),
                                   step("CRZ", q01, times(1, 2))};
constexpr GateStep cp_steps[] = {phase_step(q01, times(1))};
constexpr GateStep cu3_steps[] = {phase_step(q01, times(1, 2)), step("CRY", q01, times(1)),
                                  phase_step(q01, times(1, 1))};
constexpr GateStep cu_steps[] = {phase_step(q01, times(1, 2)), step("CRY", q01, times(1)), phase_step(q01, times(1, 1)),
                                 phase_step(q0, times(1, 3))};
constexpr GateStep cp00_steps[] = {frame("X", q0), frame("X", q1), phase_step(q01, times(1)), frame("X", q1),
                                   frame("X", q0)};
constexpr GateStep cp01_steps[] = {frame("X", q0), phase_step(q01, times(1)), frame("X", q0)};
constexpr GateStep cp10_steps[] = {frame("X", q1), phase_step(q01, times(1)), frame("X", q1)};
constexpr GateStep rxx_steps[] = {frame("H", q0), frame("H", q1), step("RZZ", q01, times(1)), frame("H", q1),
                                  frame("H", q0)};
constexpr GateStep ryy_steps[] = {frame("SX", q0), frame("SX", q1), step("RZZ", q01, times(1)), frame("SXdg", q1),
                                  frame("SXdg", q0)};
constexpr GateStep rzz_steps[] = {frame("CNOT", q01), step("RZ", q1, times(1)), frame("CNOT", q01)};
constexpr GateStep xy_steps[] = {step("RXX", q01, times(-0.5)), step("RYY", q01, times(-0.5))};
constexpr GateStep givens_steps[] = {frame("CNOT", q01), step("CRY", q10, times(1)), frame("CNOT", q01)};
constexpr GateStep plus_steps[] = {frame("CNOT", q01), step("CRY", q10, times(1)),
                                   frame("X", q1),     phase_step(q1, times(0.5)),
                                   frame("X", q1),     frame("CNOT", q01)};
constexpr GateStep minus_steps[] = {frame("CNOT", q01), step("CRY", q10, times(1)),
                                    frame("X", q1),     phase_step(q1, times(-0.5)),
                                    frame("X", q1),     frame("CNOT", q01)};
constexpr GateStep fermionic_steps[] = {step("RXX", q01, times(0.5)), step("RYY", q01, times(0.5)),
                                        phase_step(q0, times(0.5)), phase_step(q1, times(0.5))};
constexpr GateStep ccx_steps[] = {frame("H", q2), phase_step(q012, fixed(pi)), frame("H", q2)};
constexpr GateStep ccz_steps[] = {phase_step(q012, fixed(pi))};
constexpr GateStep cswap_steps[] = {frame("CNOT", q21), step("CCX", q012), frame("CNOT", q21)};

// Powers: the steps' parameter is the exponent.
constexpr GateStep i_power[] = {step("I", q0)};
constexpr GateStep x_power[] = {frame("H", q0), phase_step(q0, times(pi)), frame("H", q0)};
constexpr GateStep y_power[] = {frame("Sdg", q0), frame("H", q0), phase_step(q0, times(pi)), frame("H", q0),
                                frame("S", q0)};
constexpr GateStep z_power[] = {phase_step(q0, times(pi))};
constexpr GateStep h_power[] = {frame("RY", q0, fixed(-pi / 4)), phase_step(q0, times(pi)),
                                frame("RY", q0, fixed(pi / 4))};
constexpr GateStep s_power[] = {phase_step(q0, times(pi / 2))};
constexpr GateStep sdg_power[] = {phase_step(q0, times(-pi / 2))};
constexpr GateStep t_power[] = {phase_step(q0, times(pi / 4))};
constexpr GateStep tdg_power[] = {phase_step(q0, times(-pi / 4))};
constexpr GateStep sx_power[] = {frame("H", q0), phase_step(q0, times(pi / 2)), frame("H", q0)};
constexpr GateStep sxdg_power[] = {frame("H", q0), phase_step(q0, times(-pi / 2)), frame("H", q0)};
constexpr GateStep cnot_power[] = {frame("H", q1), phase_step(q01, times(pi)), frame("H", q1)};
constexpr GateStep cy_power[] = {frame("Sdg", q1), frame("H", q1), phase_step(q01, times(pi)), frame("H", q1),
                                 frame("S", q1)};
constexpr GateStep cz_power[] = {phase_step(q01, times(pi))};
constexpr GateStep ch_power[] = {frame("RY", q1, fixed(-pi / 4)), phase_step(q01, times(pi)),
                                 frame("RY", q1, fixed(pi / 4))};
constexpr GateStep swap_power[] = {frame("CNOT", q01), frame("H", q0), phase_step(q10, times(pi)), frame("H", q0),
                                   frame("CNOT", q01)};
constexpr GateStep iswap_power[] = {step("IsingXY", q01, times(pi))};
constexpr GateStep siswap_power[] = {step("IsingXY", q01, times(pi / 2))};
constexpr GateStep ecr_power[] = {
    frame("H", q1), frame("RZZ", q01, fixed(pi / 4)),  frame("H", q0), phase_step(q0, times(pi)),
    frame("H", q0), frame("RZZ", q01, fixed(-pi / 4)), frame("H", q1)};
constexpr GateStep ccx_power[] = {frame("H", q2), phase_step(q012, times(pi)), frame("H", q2)};
constexpr GateStep ccz_power[] = {phase_step(q012, times(pi))};
constexpr GateStep cswap_power[] = {frame("CNOT", q21), frame("H", q2), phase_step(q012, times(pi)), frame("H", q2),
                                    frame("CNOT", q21)};

}  // namespace qiln::gate_table
