#include "compiler/passes/absorb_permutations.h"

#include <algorithm>
#include <bit>

namespace qiln::passes {
namespace {

using circuit::Block;
using circuit::Phase;

/// b -> second(first(b)), as `first`.
void append(FusedBlock& first, const FusedBlock& second) {
  std::vector<std::uint64_t> rows(first.rows.size());
  std::uint64_t flip = second.flip;
  for (std::size_t i = 0; i < rows.size(); ++i) {
    rows[i] = pulled_back(second.rows[i], first.rows);
    flip ^= std::uint64_t(std::popcount(second.rows[i] & first.flip) & 1) << i;
  }
  first.rows = std::move(rows);
  first.flip = flip;
}

/// A turn by an angle that is turned over as often as there are bits in `flipped`.
void turn_over(Phase& phase, std::uint64_t flipped) {
  if (std::popcount(flipped) % 2 == 0) return;
  phase.angle.scale = -phase.angle.scale;
  phase.angle.offset = -phase.angle.offset;
}

}  // namespace

std::uint64_t pulled_back(std::uint64_t mask, const std::vector<std::uint64_t>& rows) {
  std::uint64_t result = 0;
  for (std::size_t i = 0; i < rows.size(); ++i)
    if (mask >> i & 1) result ^= rows[i];
  return result;
}

std::uint64_t pushed_forward(std::uint64_t mask, std::vector<std::uint64_t> rows) {
  std::vector<std::uint64_t> made(rows.size());  // rows[i] is what made[i] is pulled back to
  for (std::size_t i = 0; i < rows.size(); ++i) made[i] = std::uint64_t{1} << i;
  std::uint64_t result = 0;
  for (std::size_t bit = 0; bit < rows.size(); ++bit) {
    std::size_t pivot = bit;
    while (!(rows[pivot] >> bit & 1)) ++pivot;
    std::swap(rows[bit], rows[pivot]);
    std::swap(made[bit], made[pivot]);
    for (std::size_t i = bit + 1; i < rows.size(); ++i) {
      if (!(rows[i] >> bit & 1)) continue;
      rows[i] ^= rows[bit];
      made[i] ^= made[bit];
    }
    if (!(mask >> bit & 1)) continue;
    mask ^= rows[bit];
    result ^= made[bit];
  }
  return result;
}

Phase behind(Phase phase, const FusedBlock& permutation) {
  phase.mask = pushed_forward(phase.mask, permutation.rows);
  turn_over(phase, phase.mask & permutation.flip);
  return phase;
}

Phase before(Phase phase, const FusedBlock& permutation) {
  turn_over(phase, phase.mask & permutation.flip);
  phase.mask = pulled_back(phase.mask, permutation.rows);
  return phase;
}

std::vector<FusedBlock> absorb_permutations(std::vector<FusedBlock> blocks, int qubits) {
  std::vector<FusedBlock> result;
  std::size_t last = 0;  // the last permutation in `result`, if `any`
  bool any = false;
  std::uint64_t touched = 0;  // by the blocks behind it, phases apart
  for (FusedBlock& block : blocks) {
    const std::uint64_t bits = support(block, qubits);
    if (block.kind != Block::Kind::permutation) {
      if (block.kind != Block::Kind::phases) touched |= bits;
      result.push_back(std::move(block));
      continue;
    }
    if (!any || (bits & touched)) {
      any = true;
      last = result.size();
      touched = 0;
      result.push_back(std::move(block));
      continue;
    }
    for (std::size_t b = last + 1; b < result.size(); ++b)
      for (Phase& phase : result[b].phases) phase = behind(phase, block);
    append(result[last], block);
  }
  return result;
}

}  // namespace qiln::passes
