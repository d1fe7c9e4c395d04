// Which operations may pass each other, undo each other or add up: decided from the matrices of the gate table at a few
// generic values of the angles, so that no gate is named. Channels pass what is diagonal in a basis they keep; they
// undo nothing and add to nothing.
#pragma once

#include <map>
#include <optional>
#include <vector>

#include "compiler/circuit/circuit.h"

namespace qiln::circuit {

/// Remembers what it has found out about pairs of operations.
class Commutation {
 public:
  /// Together on more qubits than this, operations are only compared qubit by qubit.
  static constexpr int max_qubits = 4;

  /// Their order does not matter, whatever the values of the angles. May miss some, when they share a variable or many
  /// qubits.
  bool commute(const Operation& a, const Operation& b);
  /// `b` after `a` changes the state by a phase at most. Elements that both have as angles count as equal.
  bool undo(const Operation& a, const Operation& b);
  /// `a` changes the state by a phase at most, whatever the values of the angles.
  bool nothing(const Operation& a);

  /// How two rotations about one axis become one: the angle of `kept` plus sign * (the other's angle) + offset.
  struct Sum {
    bool second = false;  // the second operation is kept, else the first
    double sign = 0;      // 0: the other has no variable angle
    double offset = 0;
  };
  /// `b` after `a` is one operation up to a phase: both have one angle and equal axes, or one has and the other is a
  /// constant turn by a multiple of pi / 4 about the same axis.
  std::optional<Sum> sum(const Operation& a, const Operation& b);

 private:
  /// Bits 0, 1, 2: the operation commutes with X, Y, Z on a qubit; one entry a qubit.
  const std::vector<int>& axes(const Operation& operation);
  std::map<std::vector<double>, std::vector<int>> axes_;
  std::map<std::vector<double>, bool> commute_;
  std::map<std::vector<double>, std::optional<Sum>> sums_;
};

}  // namespace qiln::circuit
