#include "compiler/passes/block_cost.h"

#include <algorithm>
#include <bit>
#include <set>

#include "compiler/passes/fuse_gates.h"

namespace qiln::passes {
namespace {

using circuit::Block;

/// Blocks of samples a step, steps a compiled program, steps of a sampler with the same weights, and multiply-adds of a
/// second.
constexpr double expected_blocks = 8, expected_runs = 1e4, expected_sampling = 20, rate = 6e9;
/// Lanes that columns of a product fill.
constexpr double lanes = 8;
/// Of code for a product: the nests that make it, forwards and backwards, and the step that applies it.
constexpr double forward_seconds = 0.05, backward_seconds = 0.1;

/// An amplitude's part, forwards and backwards (where two states are undone, and derivatives summed), and what a step
/// takes for itself. A turn about y is three shears, 3 multiply-adds an amplitude, and bound by its stores; another
/// turn is a matrix.
struct Price {
  double forward, backward, overhead;
};
constexpr Price rotation{3.5, 9, 60}, matrix_turn{8, 24, 60}, phases{6, 18, 60}, permutation{5, 10, 80};
/// Of each phase in a block, backwards.
constexpr double sign_sum = 0.25;
/// Cosine and sine of a turn, for each block of samples, forwards and backwards.
constexpr double angle = 60;
/// Adding one real number's derivative over the lanes.
constexpr double batch_sum = 6;

bool is_rotation(const FusedBlock& block) {
  return std::all_of(block.turns.begin(), block.turns.end(),
                     [](const circuit::Turn& turn) { return turn.axis == circuit::Turn::Axis::y; });
}

/// A complex matrix of the width of the block times the amplitudes; backwards two of these and an outer product, which
/// loads more.
Price dense(std::size_t qubits) {
  const double products = 4.0 * (std::size_t{1} << qubits);
  return {products, 3.2 * products, 60 + 15.0 * (std::size_t{1} << qubits)};
}

Price price_of(const FusedBlock& block) {
  switch (block.kind) {
    case Block::Kind::turns:
      return is_rotation(block) ? rotation : matrix_turn;
    case Block::Kind::phases:
      return {phases.forward, phases.backward + sign_sum * static_cast<double>(block.phases.size()), phases.overhead};
    case Block::Kind::permutation:
      return permutation;
    case Block::Kind::diagonal:
      return {phases.forward, phases.backward, phases.overhead * (std::size_t{1} << block.qubits.size())};
    case Block::Kind::dense:
      break;
  }
  return dense(block.qubits.size());
}

}  // namespace

double BlockCost::amplitudes() const { return static_cast<double>(std::uint64_t{1} << qubits_); }

double BlockCost::step(const FusedBlock& block) const {
  const Price price = price_of(block);
  double cost = price.forward * amplitudes() + price.overhead;
  if (gradients_) cost += price.backward * amplitudes() + 2 * price.overhead;
  cost += angle * static_cast<double>(block.turns.size()) * (gradients_ ? 2 : 1);
  return block.parts.empty() ? cost : cost + making(block);
}

double BlockCost::single(const FusedBlock& block) const {
  const double share = static_cast<double>(std::popcount(support(block, qubits_))) / qubits_;
  const bool together = block.kind == Block::Kind::permutation || block.kind == Block::Kind::phases;
  return together ? step(block) * std::min(1.0, share) : step(block);
}

/// The product's columns are states of its own qubits, which run through the parts in lanes; and the derivatives of its
/// elements are summed over the batch.
double BlockCost::making(const FusedBlock& product) const {
  const auto side = static_cast<double>(std::size_t{1} << product.qubits.size());
  const BlockCost small(static_cast<int>(product.qubits.size()), gradients_ ? Purpose::gradients : Purpose::values);
  double parts = 0;
  for (const FusedBlock& part : product.parts) parts += small.step(part);
  const double forward = parts * std::max(1.0, side / lanes) / expected_blocks;
  return gradients_ ? forward + 2 * side * side * batch_sum : forward / expected_sampling;
}

double BlockCost::structure() const {
  return (gradients_ ? forward_seconds + backward_seconds : forward_seconds) * rate / (expected_runs * expected_blocks);
}

double BlockCost::program(std::span<const FusedBlock> blocks) const {
  double cost = 0;
  std::set<std::vector<std::int64_t>> structures;
  for (const FusedBlock& block : blocks) {
    cost += step(block);
    if (!block.parts.empty()) structures.insert(structure_of(block));
  }
  return cost + structure() * static_cast<double>(structures.size());
}

}  // namespace qiln::passes
