// Where the gates of a circuit stand when it is drawn: each in the first column where its wires are free.
#pragma once

#include <vector>

#include "compiler/circuit/circuit.h"

namespace qiln::circuit {

struct Place {
  int column = 0;
  int top = 0, bottom = 0;  // the first and last wire that it covers, those between included
};

struct Layout {
  std::vector<Place> places;  // one an operation
  int columns = 0;
};

Layout layout(const Circuit& circuit);

/// The longest chain of operations that wait for one another: the number of columns if wires could cross freely.
int depth(const Circuit& circuit);

/// How a gate is drawn. Its first `controls` qubits are dots; the others are a box with `label`, or the field's signs
/// for a controlled X, a controlled sign and an exchange.
struct Symbol {
  enum class Kind { box, plus, dots, cross } kind = Kind::box;
  int controls = 0;
  std::string label;  // of a box, without angles
};
Symbol symbol(const Operation& operation);

/// `Z0 Z1 + 0.5 X2`
std::string to_string(const Observable& observable, int qubits);

}  // namespace qiln::circuit
