// What the results of a circuit see of its qubits, carried backwards: all Pauli strings that can occur at any value of
// the angles, or, where these would be too many, the Paulis that can occur on each qubit.
#pragma once

#include <set>
#include <vector>

#include "compiler/circuit/pauli.h"

namespace qiln::circuit {

class Observed {
 public:
  /// More strings than this are not kept one by one.
  static constexpr std::size_t max_strings = 4096;

  /// At the end of the circuit. Probabilities are all products of Z on their qubits.
  explicit Observed(const Circuit& circuit);

  /// Every string that occurs is in strings(); else only what stands on each qubit is known.
  bool exact() const { return exact_; }
  const std::set<PauliString>& strings() const { return strings_; }
  /// The strings that can occur on the operation's qubits. Only for operations that HeisenbergActions covers.
  std::vector<PauliString> on(const Operation& operation) const;
  /// Something other than the identity can occur on a qubit of the operation.
  bool sees(const Operation& operation) const;

  /// What is seen before the operation.
  void carry_back(const Operation& operation, HeisenbergActions& actions);

 private:
  void lose_strings();
  int qubits_;
  bool exact_ = true;
  std::set<PauliString> strings_;  // no identity
  std::vector<int> paulis_;        // for each qubit, bit c is set where the string with code c can occur
};

}  // namespace qiln::circuit
