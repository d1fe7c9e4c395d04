// Circuits of gates (no channels) on few qubits, in double, straight from the gate table: what analyses look at when
// they need a number. Not what models run on.
#pragma once

#include <complex>
#include <cstdint>
#include <span>
#include <vector>

#include "compiler/circuit/circuit.h"

namespace qiln::circuit {

using Complex = std::complex<double>;
/// 2^n amplitudes; qubit 0 is the most significant bit of the index.
using State = std::vector<Complex>;
/// values[operand][element]
using OperandValues = std::vector<std::vector<double>>;

double value_of(const Angle& angle, const OperandValues& values);
std::vector<double> angle_values(const Operation& operation, const OperandValues& values);

/// state <- matrix state; `matrix` is row-major on `qubits`, the first of them the most significant bit.
void apply(State& state, std::span<const Complex> matrix, std::span<const std::int32_t> qubits, int n);

/// Row-major, on the operation's own qubits.
std::vector<Complex> matrix_of(const Operation& operation, std::span<const double> angles);
/// Its derivative in angle k.
std::vector<Complex> matrix_derivative(const Operation& operation, std::span<const double> angles, int k);

State run(const Circuit& circuit, const OperandValues& values);
/// The results of the circuit: readings, then probabilities.
std::vector<double> readings(const Circuit& circuit, const OperandValues& values);
/// The derivative of sum_i weights[i] * result i in every element of the operands.
OperandValues gradient(const Circuit& circuit, const OperandValues& values, std::span<const double> weights);

}  // namespace qiln::circuit
