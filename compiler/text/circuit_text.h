// Circuits and block programs as text, in front of the graph whose nodes name them by their order.
//
//   circuit "Bottleneck" 2 {
//     amplitudes q0, q1 from %1
//     %q0_1 = RY(2*%0[3] + 0.5) %q0_0
//     %q0_2, %q1_1 = CNOT %q0_1, %q1_0
//     read [Z0, 0.5*Z0*Z1 + X1]
//     probabilities q1, q0
//   }
//   blocks 2 {
//     initial from %1
//     dense q0, q1 from %0[16]
//     turns q1 y(%2[3]) z(2*%2[4] + 0.5)
//     phases 0x1(%2[0]) 0x3(%2[1])
//     permutation [0x1, 0x3] flip 0x2
//     read [Z0]
//   }
//
// SSA over qubits: qubit 3 after its second gate is `%q3_2`, and each value is used once. `%0[3]` is element 3 of
// operand 0 of the circuit's node. `inv @` and `ctrl(2) @` stand before a gate's name, `density`
// behind the number of qubits of a circuit that is simulated as one. `amplitudes`, `initial` and `probabilities` are left
// out where there are none, `read` where there are only probabilities.
#pragma once

#include <string>

#include "compiler/circuit/circuit.h"
#include "compiler/text/lexer.h"
#include "compiler/text/text.h"

namespace qiln::text {

std::string print(const circuit::Circuit& circuit, PrintOptions options = {});
std::string print(const circuit::BlockProgram& program);

std::string print_angle(const circuit::Angle& angle);
circuit::Angle parse_angle(Lexer& lexer);

/// Each reads what follows its keyword.
circuit::Circuit parse_circuit(Lexer& lexer);
circuit::BlockProgram parse_blocks(Lexer& lexer);

/// `read [ … ]`, the observables of `qubits` qubits.
std::string print_readout(const std::vector<circuit::Observable>& readout, int qubits);
std::vector<circuit::Observable> parse_readout(Lexer& lexer, int qubits);

/// A qubit, `prefix` and its number below `qubits`; `word` has been read from `line`.
std::int32_t qubit_number(const Lexer& lexer, std::string_view word, std::string_view prefix, int qubits);

}  // namespace qiln::text
