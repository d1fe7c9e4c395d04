// Observables of a circuit as sums of Pauli strings in front of it, with coefficients that are products of cosines and
// sines of the angles: a directed graph of values, each the expectation of one string at one place in the circuit, that
// all observables share. Read forwards it is a simulation of just those elements of the Bloch vector that matter.
#pragma once

#include <optional>
#include <vector>

#include "compiler/circuit/pauli.h"

namespace qiln::circuit {

/// A factor for each angle of an operation: 1, cos a, sin a, cos(a / 2), sin(a / 2). Angle k has digit k in base 5.
inline constexpr int factors_of_an_angle = 5;
using Monomial = int;

/// factor * the value, or factor alone where there is no value.
struct Scaled {
  int value = -1;
  double factor = 0;
};

struct Propagated {
  /// coefficient * monomial of the operation's angles * `of`.
  struct Part {
    Scaled of;
    Monomial monomial = 0;
  };
  /// A value is a string's expectation in the product state behind the prefix, or a sum of parts of values before it.
  struct Value {
    int operation = -1;  // in the circuit; -1: of the prefix
    PauliString string;  // of the prefix
    std::vector<Part> parts;
    int level = 0;  // 0: of the prefix; else one more than the highest of its parts
  };
  std::vector<Operation> prefix;              // gates on one qubit, before everything else on it
  std::vector<Value> values;                  // each after those it needs
  std::vector<std::vector<Scaled>> readings;  // sums
  int levels = 0;                             // the highest
};

/// Carries the readout (there may be no probabilities and no given amplitudes) to the front of the circuit; nothing
/// when that takes more than `most_values` values, for operations on many qubits and for channels whose parameters
/// vary.
std::optional<Propagated> propagate(const Circuit& circuit, std::size_t most_values);

}  // namespace qiln::circuit
