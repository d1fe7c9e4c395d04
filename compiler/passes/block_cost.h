// What blocks cost on the state vector: which of two equal programs is the faster one.
#pragma once

#include <span>

#include "compiler/passes/fused_block.h"

namespace qiln::passes {

/// Whether the state is only simulated, or derivatives are run backwards through it as well.
enum class Purpose : std::uint8_t { values, gradients };

/// Costs are in multiply-adds of lane vectors for one block of samples (as many as there are lanes), which is what all
/// of the steps are bound by in the caches. What happens once a step is shared by `expected_blocks`, what happens when
/// weights change by `expected_sampling` of these too where steps do not change them, and what happens once by
/// `expected_runs` of these.
class BlockCost {
 public:
  BlockCost(int qubits, Purpose purpose) : qubits_(qubits), gradients_(purpose == Purpose::gradients) {}

  /// Of a program: its steps, making its products, and compiling what they are made with.
  double program(std::span<const FusedBlock> blocks) const;
  /// One block among others, with its product's making. A phase or a part of a permutation among single gates counts as
  /// its share of the block that it will be in.
  double step(const FusedBlock& block) const;
  double single(const FusedBlock& block) const;
  /// Code for the products of one structure.
  double structure() const;

 private:
  double amplitudes() const;
  double making(const FusedBlock& product) const;
  int qubits_;
  bool gradients_;
};

}  // namespace qiln::passes
