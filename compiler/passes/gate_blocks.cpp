#include "compiler/passes/gate_blocks.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <complex>
#include <optional>

#include "compiler/passes/collect_diagonals.h"
#include "compiler/passes/gate_turns.h"

namespace qiln::passes {
namespace {

using circuit::Angle;
using circuit::Block;
using circuit::Circuit;
using circuit::Operation;
using circuit::Phase;
using circuit::Turn;

/// The permutation of n qubits that the operation is, if it is a map over GF(2).
std::optional<FusedBlock> permutation_of(const Operation& operation, int n) {
  if (!gate(operation.gate).flags.permutation) return std::nullopt;
  const auto u = gate_matrix(operation.gate, {}, operation.inverse, operation.controls);
  const int k = static_cast<int>(operation.qubits.size());
  const std::size_t size = std::size_t{1} << k;
  std::vector<std::uint64_t> image(size), rows(k);  // bit 0 is the last qubit
  for (std::size_t b = 0; b < size; ++b)
    for (std::size_t i = 0; i < size; ++i)
      if (std::abs(u[i * size + b]) > 0.5) image[b] = i;
  for (int column = 0; column < k; ++column)
    for (int row = 0; row < k; ++row) rows[row] |= ((image[std::size_t{1} << column] ^ image[0]) >> row & 1) << column;
  for (std::size_t b = 0; b < size; ++b) {
    std::uint64_t expected = image[0];
    for (int row = 0; row < k; ++row) expected ^= std::uint64_t(std::popcount(b & rows[row]) & 1) << row;
    if (expected != image[b]) return std::nullopt;
  }
  FusedBlock block;
  block.kind = Block::Kind::permutation;
  for (int bit = 0; bit < n; ++bit) block.rows.push_back(std::uint64_t{1} << bit);
  auto place = [&](int bit) { return n - 1 - operation.qubits[k - 1 - bit]; };
  for (int row = 0; row < k; ++row) {
    block.rows[place(row)] = 0;
    for (int column = 0; column < k; ++column)
      if (rows[row] >> column & 1) block.rows[place(row)] |= std::uint64_t{1} << place(column);
    block.flip |= (image[0] >> row & 1) << place(row);
  }
  return block;
}

class Translation {
 public:
  Translation(const Circuit& circuit, const std::vector<bool>& shared)
      : circuit_(circuit), shared_(shared), last_(circuit.qubits, -1), starts_(circuit.qubits, -1) {}

  std::vector<FusedBlock> run() {
    for (const Operation& operation : circuit_.operations) translate(operation);
    std::vector<FusedBlock> result;
    std::vector<bool> moved(blocks_.size());
    for (int b : starts_)
      if (b >= 0) moved[b] = true;
    for (bool starting : {true, false})
      for (std::size_t b = 0; b < blocks_.size(); ++b)
        if (moved[b] == starting) result.push_back(std::move(blocks_[b]));
    return result;
  }

 private:
  bool shared(const Angle& angle) const { return angle.operand < 0 || shared_[angle.operand]; }
  std::uint64_t bit(std::int32_t qubit) const { return std::uint64_t{1} << (circuit_.qubits - 1 - qubit); }

  FusedBlock& append(FusedBlock block) {
    const std::uint64_t bits = support(block, circuit_.qubits);
    for (std::int32_t q = 0; q < circuit_.qubits; ++q)
      if (bits & bit(q)) last_[q] = static_cast<int>(blocks_.size());
    return blocks_.emplace_back(std::move(block));
  }
  FusedBlock block(Block::Kind kind, std::vector<std::int32_t> qubits) {
    FusedBlock result;
    result.kind = kind;
    result.qubits = std::move(qubits);
    return result;
  }

  void translate(const Operation& operation) {
    if (auto permutation = permutation_of(operation, circuit_.qubits)) {
      append(std::move(*permutation));
      return;
    }
    if (const auto turns = turns_of(operation)) {
      for (const Turn& turn : *turns) apply(turn, operation.qubits[0]);
      return;
    }
    const bool fixed = std::all_of(operation.angles.begin(), operation.angles.end(),
                                   [&](const Angle& angle) { return shared(angle); });
    if (const auto phases = phases_of(operation); phases && fixed) {
      FusedBlock all = block(Block::Kind::phases, {});
      const std::size_t k = operation.qubits.size();
      for (const Phase& phase : *phases) {
        std::uint64_t mask = 0;
        for (std::size_t i = 0; i < k; ++i)
          if (phase.mask >> i & 1) mask |= bit(operation.qubits[k - 1 - i]);
        all.phases.push_back({mask, phase.angle});
      }
      if (!all.phases.empty()) append(std::move(all));
      return;
    }
    const bool diagonal = gate(operation.gate).flags.diagonal;
    append(block(diagonal ? Block::Kind::diagonal : Block::Kind::dense, operation.qubits)).gate = &operation;
  }

  void apply(const Turn& turn, std::int32_t q) {
    FusedBlock* before = last_[q] >= 0 ? &blocks_[last_[q]] : nullptr;
    const bool untouched = !before && !circuit_.initial;
    if (untouched && turn.axis == Turn::Axis::z) return;  // |0> gets a phase
    const bool turns = before && before->kind == Block::Kind::turns;
    const bool joins = turns && (before->turns.back().axis == turn.axis || starts_[q] == last_[q]);
    if (!joins && turn.axis == Turn::Axis::z && shared(turn.angle)) {
      append(block(Block::Kind::phases, {})).phases = {{bit(q), turn.angle}};
      last_[q] = static_cast<int>(blocks_.size()) - 1;
      return;
    }
    if (!joins) {
      before = &append(block(Block::Kind::turns, {q}));
      if (untouched) starts_[q] = last_[q];
    }
    std::vector<Turn>& list = before->turns;
    if (list.empty() || list.back().axis != turn.axis || !join(list.back().angle, turn.angle)) list.push_back(turn);
  }

  const Circuit& circuit_;
  const std::vector<bool>& shared_;
  std::vector<FusedBlock> blocks_;
  std::vector<int> last_;    // for each qubit, the last block that touches it
  std::vector<int> starts_;  // for each qubit, the block of turns that finds it in |0>
};

}  // namespace

std::vector<FusedBlock> gate_blocks(const Circuit& circuit, const std::vector<bool>& shared) {
  return Translation(circuit, shared).run();
}

}  // namespace qiln::passes
