#include "compiler/passes/fuse_blocks.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <complex>
#include <optional>

#include "compiler/passes/gate_turns.h"

namespace qiln::passes {
namespace {

using circuit::Angle;
using circuit::Block;
using circuit::Circuit;
using circuit::Operation;
using circuit::Phase;
using circuit::Turn;

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

/// Adds a constant angle to one that acts in the same way.
bool join(Angle& to, const Angle& angle) {
  if (to.operand >= 0 && angle.operand >= 0) return false;
  if (to.operand < 0) {
    const double offset = to.offset;
    to = angle;
    to.offset += offset;
  } else {
    to.offset += angle.offset;
  }
  return true;
}

/// Z on the bits of `mask` behind a permutation, as a mask in front of it.
std::uint64_t pulled_back(std::uint64_t mask, const std::vector<std::uint64_t>& rows) {
  std::uint64_t result = 0;
  for (std::size_t i = 0; i < rows.size(); ++i)
    if (mask >> i & 1) result ^= rows[i];
  return result;
}

/// The mask that `pulled_back` makes `mask` of.
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

/// A phase somewhere among other blocks.
class MovingPhase {
 public:
  MovingPhase(Phase phase, std::size_t slot) : phase_(phase), slot_(slot) {}
  std::size_t slot() const { return slot_; }  // how many blocks stand in front of it
  const Phase& phase() const { return phase_; }

  /// Past the block in front of it, or the one behind: false where they do not commute.
  bool back(const std::vector<FusedBlock>& blocks, int qubits) {
    if (slot_ == 0) return false;
    const FusedBlock& block = blocks[slot_ - 1];
    if (block.kind == Block::Kind::permutation) {
      turn(phase_.mask & block.flip);
      phase_.mask = pulled_back(phase_.mask, block.rows);
    } else if (touches(block, qubits)) {
      return false;
    }
    --slot_;
    return true;
  }
  bool forward(const std::vector<FusedBlock>& blocks, int qubits) {
    if (slot_ == blocks.size()) return false;
    const FusedBlock& block = blocks[slot_];
    if (block.kind == Block::Kind::permutation)
      permute(block);
    else if (touches(block, qubits))
      return false;
    ++slot_;
    return true;
  }
  void permute(const FusedBlock& permutation) {
    phase_.mask = pushed_forward(phase_.mask, permutation.rows);
    turn(phase_.mask & permutation.flip);
  }

 private:
  bool touches(const FusedBlock& block, int qubits) const {
    for (std::int32_t q : block.qubits)
      if (phase_.mask >> (qubits - 1 - q) & 1) return true;
    return false;
  }
  void turn(std::uint64_t flipped) {
    if (std::popcount(flipped) % 2 == 0) return;
    phase_.angle.scale = -phase_.angle.scale;
    phase_.angle.offset = -phase_.angle.offset;
  }
  Phase phase_;
  std::size_t slot_;
};

class Fuser {
 public:
  Fuser(const Circuit& circuit, const std::vector<bool>& shared)
      : circuit_(circuit),
        shared_(shared),
        last_(circuit.qubits, -1),
        starts_(circuit.qubits, -1),
        turned_(circuit.qubits, false) {}

  std::vector<FusedBlock> run() {
    for (const Operation& operation : circuit_.operations) {
      if (const auto map = affine_map(operation))
        permute(operation, *map);
      else
        apply(operation);
    }
    return gathered();
  }

 private:
  bool shared(const Angle& angle) const { return angle.operand < 0 || shared_[angle.operand]; }
  std::uint64_t bit(std::int32_t qubit) const { return std::uint64_t{1} << (circuit_.qubits - 1 - qubit); }

  /// The last block that touches any of these qubits, or -1.
  int last(const std::vector<std::int32_t>& qubits) const {
    int found = -1;
    for (std::int32_t q : qubits) found = std::max(found, last_[q]);
    return found;
  }

  FusedBlock& append_block(Block::Kind kind, std::vector<std::int32_t> qubits) {
    FusedBlock& block = blocks_.emplace_back();
    block.kind = kind;
    block.qubits = std::move(qubits);
    for (std::int32_t q : block.qubits) {
      last_[q] = static_cast<int>(blocks_.size()) - 1;
      turned_[q] = false;
    }
    return block;
  }

  void permute(const Operation& operation, const AffineMap& map) {
    if (permutation_ < 0 || last(operation.qubits) > permutation_) {
      permutation_ = static_cast<int>(blocks_.size());
      blocks_.push_back(identity_permutation(circuit_.qubits));
    }
    FusedBlock alone = identity_permutation(circuit_.qubits);
    append(alone, map, operation.qubits, circuit_.qubits);
    for (std::size_t p = phases_.size(); p-- > 0 && static_cast<int>(phases_[p].slot()) > permutation_;)
      phases_[p].permute(alone);
    append(blocks_[permutation_], map, operation.qubits, circuit_.qubits);
    for (std::int32_t q : operation.qubits) {
      last_[q] = permutation_;
      turned_[q] = false;
    }
  }

  void apply(const Operation& operation) {
    if (const auto turns = turns_of(operation)) {
      for (const Turn& turn : *turns) apply(turn, operation.qubits[0]);
      return;
    }
    const bool fixed = std::all_of(operation.angles.begin(), operation.angles.end(),
                                   [&](const Angle& angle) { return shared(angle); });
    if (const auto phases = phases_of(operation); phases && fixed) {
      const std::size_t k = operation.qubits.size();
      for (const Phase& phase : *phases) {
        std::uint64_t mask = 0;
        for (std::size_t i = 0; i < k; ++i)
          if (phase.mask >> i & 1) mask |= bit(operation.qubits[k - 1 - i]);
        apply(Phase{mask, phase.angle});
      }
      return;
    }
    const bool diagonal = gate(operation.gate).flags.diagonal;
    append_block(diagonal ? Block::Kind::diagonal : Block::Kind::dense, operation.qubits).gate = &operation;
  }

  void apply(const Turn& turn, std::int32_t q) {
    FusedBlock* before = last_[q] >= 0 ? &blocks_[last_[q]] : nullptr;
    const bool untouched = !before && !turned_[q] && !circuit_.initial;
    if (untouched && turn.axis == Turn::Axis::z) return;  // |0> gets a phase
    const bool turns = before && !turned_[q] && before->kind == Block::Kind::turns;
    const bool joins = turns && (before->turns.back().axis == turn.axis || starts_[q] == last_[q]);
    if (!joins && turn.axis == Turn::Axis::z && shared(turn.angle)) return apply(Phase{bit(q), turn.angle});
    if (!joins) {
      before = &append_block(Block::Kind::turns, {q});
      if (untouched) starts_[q] = last_[q];
    }
    std::vector<Turn>& list = before->turns;
    if (list.empty() || list.back().axis != turn.axis || !join(list.back().angle, turn.angle)) list.push_back(turn);
  }

  void apply(const Phase& phase) {
    phases_.emplace_back(phase, blocks_.size());
    for (std::int32_t q = 0; q < circuit_.qubits; ++q)
      if (phase.mask & bit(q)) turned_[q] = true;
  }

  /// As few blocks of phases as their order allows: each stands as far back as the first phase in it that is not in an
  /// earlier one can go, and takes all that can get there.
  std::vector<FusedBlock> gathered() {
    struct Range {
      MovingPhase phase;
      std::size_t first, last;
    };
    std::vector<Range> ranges;
    // Probabilities, and so readings of Z alone, do not see phases at the end.
    bool unseen = true;
    for (const circuit::Observable& observable : circuit_.readout)
      for (const circuit::PauliTerm& term : observable) unseen &= term.x == 0;
    for (const MovingPhase& phase : phases_) {
      MovingPhase early = phase, late = phase;
      while (early.back(blocks_, circuit_.qubits)) {
      }
      while (late.forward(blocks_, circuit_.qubits)) {
      }
      if (unseen && late.slot() == blocks_.size()) continue;
      ranges.push_back({std::move(late), early.slot(), 0});
      ranges.back().last = ranges.back().phase.slot();
    }
    std::stable_sort(ranges.begin(), ranges.end(), [](const Range& a, const Range& b) { return a.last < b.last; });
    std::vector<FusedBlock> at(blocks_.size() + 1);  // blocks of phases by slot
    std::vector<bool> taken(ranges.size());
    for (std::size_t r = 0; r < ranges.size(); ++r) {
      const std::size_t slot = ranges[r].last;
      for (std::size_t s = r; !taken[r] && s < ranges.size(); ++s) {
        if (taken[s] || s == r || ranges[s].first > slot) continue;
        take(ranges[s].phase, slot, at[slot]);
        taken[s] = true;
      }
      if (!taken[r]) take(ranges[r].phase, slot, at[slot]);
      taken[r] = true;
    }
    return in_order(std::move(at));
  }

  void take(MovingPhase phase, std::size_t slot, FusedBlock& block) {
    while (phase.slot() > slot) phase.back(blocks_, circuit_.qubits);
    block.kind = Block::Kind::phases;
    for (Phase& known : block.phases)
      if (known.mask == phase.phase().mask && join(known.angle, phase.phase().angle)) return;
    block.phases.push_back(phase.phase());
  }

  /// Starts first, since nothing in front of one touches its qubit.
  std::vector<FusedBlock> in_order(std::vector<FusedBlock> phases) {
    std::vector<FusedBlock> result;
    std::vector<bool> moved(blocks_.size());
    for (int b : starts_)
      if (b >= 0) moved[b] = true;
    for (bool starts : {true, false})
      for (std::size_t b = 0; b <= blocks_.size(); ++b) {
        if (!starts && !phases[b].phases.empty()) result.push_back(std::move(phases[b]));
        if (b < blocks_.size() && moved[b] == starts) result.push_back(std::move(blocks_[b]));
      }
    return result;
  }

  const Circuit& circuit_;
  const std::vector<bool>& shared_;
  std::vector<FusedBlock> blocks_;  // all but phases
  std::vector<MovingPhase> phases_;
  std::vector<int> last_;     // for each qubit, the last block that touches it
  std::vector<int> starts_;   // for each qubit, the block of turns that finds it in |0>
  std::vector<bool> turned_;  // for each qubit, whether a phase does after that block
  int permutation_ = -1;      // the last permutation block
};

}  // namespace

std::vector<FusedBlock> fuse_blocks(const Circuit& circuit, const std::vector<bool>& shared) {
  return Fuser(circuit, shared).run();
}

}  // namespace qiln::passes
