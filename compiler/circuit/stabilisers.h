// What is known of a circuit's state whatever its angles are: Pauli strings g with g|state> = |state>. They start as Z
// on each qubit, Clifford gates carry them along, and a rotation keeps those that commute with it.
#pragma once

#include <vector>

#include "compiler/circuit/pauli.h"

namespace qiln::circuit {

class Stabilisers {
 public:
  /// Of the state that the circuit starts in; nothing is known of amplitudes that an operand holds.
  explicit Stabilisers(const Circuit& circuit);

  /// What is known after the operation.
  void apply(const Operation& operation, HeisenbergActions& actions);

  /// Q|state> = i^power string|state>, with one string for all Q that differ by stabilisers.
  struct Reduced {
    PauliString string;
    int power = 0;
  };
  Reduced reduce(PauliString q) const;
  /// A stabiliser anticommutes with it, so that its expectation is 0.
  bool opposes(PauliString q) const;

 private:
  struct Element {
    PauliString string;
    int power = 0;  // of i: 0 or 2
  };
  static Element product(Element a, Element b);
  void make_canonical();
  int qubits_;
  std::vector<Element> generators_;  // each has a bit that no other has
};

}  // namespace qiln::circuit
