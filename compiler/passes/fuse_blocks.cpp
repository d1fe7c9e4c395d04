#include "compiler/passes/fuse_blocks.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <complex>
#include <optional>

namespace qiln::passes {
namespace {

using circuit::Block;
using circuit::Circuit;
using circuit::Operation;

/// b -> M b ^ flip on the gate's own qubits; bit 0 is the last qubit.
struct AffineMap {
  std::vector<std::uint64_t> rows;
  std::uint64_t flip = 0;
};

/// The map over GF(2) that the operation is, if it is one.
std::optional<AffineMap> affine_map(const Operation& operation) {
  if (!gate(operation.gate).flags.permutation) return std::nullopt;
  const auto u = gate_matrix(operation.gate, {}, operation.inverse, operation.controls);
  const int k = static_cast<int>(operation.qubits.size());
  const std::size_t size = std::size_t{1} << k;
  std::vector<std::uint64_t> image(size);
  for (std::size_t b = 0; b < size; ++b)
    for (std::size_t i = 0; i < size; ++i)
      if (std::abs(u[i * size + b]) > 0.5) image[b] = i;
  AffineMap map{std::vector<std::uint64_t>(k), image[0]};
  for (int column = 0; column < k; ++column)
    for (int row = 0; row < k; ++row)
      map.rows[row] |= ((image[std::size_t{1} << column] ^ map.flip) >> row & 1) << column;
  for (std::size_t b = 0; b < size; ++b) {
    std::uint64_t expected = map.flip;
    for (int row = 0; row < k; ++row) expected ^= std::uint64_t(std::popcount(b & map.rows[row]) & 1) << row;
    if (expected != image[b]) return std::nullopt;
  }
  return map;
}

FusedBlock identity_permutation(int qubits) {
  FusedBlock block;
  block.kind = Block::Kind::permutation;
  for (int bit = 0; bit < qubits; ++bit) block.rows.push_back(std::uint64_t{1} << bit);
  return block;
}

/// Lets `map` act on `qubits` after `block`.
void append(FusedBlock& block, const AffineMap& map, const std::vector<std::int32_t>& qubits, int n) {
  const std::size_t k = qubits.size();
  std::vector<std::uint64_t> rows(k);
  std::vector<std::uint64_t> flips(k);
  for (std::size_t i = 0; i < k; ++i) {
    flips[i] = map.flip >> i & 1;
    for (std::size_t j = 0; j < k; ++j) {
      if (!(map.rows[i] >> j & 1)) continue;
      const int bit = n - 1 - qubits[k - 1 - j];
      rows[i] ^= block.rows[bit];
      flips[i] ^= block.flip >> bit & 1;
    }
  }
  for (std::size_t i = 0; i < k; ++i) {
    const int bit = n - 1 - qubits[k - 1 - i];
    block.rows[bit] = rows[i];
    block.flip = (block.flip & ~(std::uint64_t{1} << bit)) | flips[i] << bit;
  }
}

class Fuser {
 public:
  explicit Fuser(const Circuit& circuit) : circuit_(circuit), last_(circuit.qubits, -1) {}

  std::vector<FusedBlock> run() {
    for (const Operation& operation : circuit_.operations) {
      if (const auto map = affine_map(operation))
        permute(operation, *map);
      else
        multiply(operation);
    }
    return std::move(blocks_);
  }

 private:
  /// The last block that touches any of these qubits, or -1.
  int last(const std::vector<std::int32_t>& qubits) const {
    int found = -1;
    for (std::int32_t q : qubits) found = std::max(found, last_[q]);
    return found;
  }

  void append_block(FusedBlock block, const std::vector<std::int32_t>& touched) {
    blocks_.push_back(std::move(block));
    for (std::int32_t q : touched) last_[q] = static_cast<int>(blocks_.size()) - 1;
  }

  void permute(const Operation& operation, const AffineMap& map) {
    if (permutation_ < 0 || last(operation.qubits) > permutation_) {
      permutation_ = static_cast<int>(blocks_.size());
      append_block(identity_permutation(circuit_.qubits), operation.qubits);
    }
    append(blocks_[permutation_], map, operation.qubits, circuit_.qubits);
    for (std::int32_t q : operation.qubits) last_[q] = permutation_;
  }

  void multiply(const Operation& operation) {
    const bool diagonal = gate(operation.gate).flags.diagonal;
    const int before = last(operation.qubits);
    if (operation.qubits.size() == 1 && before >= 0 && blocks_[before].qubits == operation.qubits) {
      blocks_[before].gates.push_back(&operation);
      if (!diagonal) blocks_[before].kind = Block::Kind::dense;
      return;
    }
    FusedBlock block;
    block.kind = diagonal ? Block::Kind::diagonal : Block::Kind::dense;
    block.qubits = operation.qubits;
    block.gates = {&operation};
    append_block(std::move(block), operation.qubits);
  }

  const Circuit& circuit_;
  std::vector<FusedBlock> blocks_;
  std::vector<int> last_;  // for each qubit, the last block that touches it
  int permutation_ = -1;   // the last permutation block
};

}  // namespace

std::vector<FusedBlock> fuse_blocks(const Circuit& circuit) { return Fuser(circuit).run(); }

}  // namespace qiln::passes
