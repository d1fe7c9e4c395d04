// A density matrix as graph values: the expectations of all Pauli strings.
#pragma once

#include <span>
#include <vector>

#include "compiler/graph/build.h"

namespace qiln::passes {

/// The vector [4^n] of <P>, P numbered with a digit I, X, Y, Z a qubit, qubit 0 the most significant.
class BlochState {
 public:
  /// The state that the circuit starts in.
  BlochState(graph::Builder& builder, const circuit::Circuit& circuit, std::span<const graph::ValueId> operands);

  /// Applies matrix `number` of `matrices` [count, 4^k, 4^k] to `qubits`, the first the most significant in its index.
  void apply(graph::ValueId matrices, std::int64_t number, std::span<const std::int32_t> qubits);

  /// [outputs] of the circuit: readings, then probabilities.
  graph::ValueId results(const circuit::Circuit& circuit);

 private:
  graph::ValueId ground() const;
  graph::ValueId loaded(const circuit::InitialState& initial, graph::ValueId amplitudes);
  graph::ValueId readings(const std::vector<circuit::Observable>& readout);
  graph::ValueId probabilities(std::span<const std::int32_t> qubits);

  graph::Builder& builder_;
  int qubits_;
  graph::ValueId vector_;
};

}  // namespace qiln::passes
