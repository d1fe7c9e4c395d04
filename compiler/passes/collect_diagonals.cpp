#include "compiler/passes/collect_diagonals.h"

#include <algorithm>

#include "compiler/passes/absorb_permutations.h"

namespace qiln::passes {
namespace {

using circuit::Angle;
using circuit::Block;
using circuit::Phase;

/// A phase somewhere among other blocks.
class MovingPhase {
 public:
  MovingPhase(Phase phase, std::size_t slot) : phase_(phase), slot_(slot) {}
  std::size_t slot() const { return slot_; }  // how many blocks stand in front of it
  const Phase& phase() const { return phase_; }

  /// Past the block in front of it, or the one behind: false where they do not commute.
  bool back(const std::vector<FusedBlock>& blocks, int qubits, std::size_t first) {
    if (slot_ == first) return false;
    const FusedBlock& block = blocks[slot_ - 1];
    if (block.kind == Block::Kind::permutation)
      phase_ = before(phase_, block);
    else if (support(block, qubits) & phase_.mask)
      return false;
    --slot_;
    return true;
  }
  bool forward(const std::vector<FusedBlock>& blocks, int qubits) {
    if (slot_ == blocks.size()) return false;
    const FusedBlock& block = blocks[slot_];
    if (block.kind == Block::Kind::permutation)
      phase_ = behind(phase_, block);
    else if (support(block, qubits) & phase_.mask)
      return false;
    ++slot_;
    return true;
  }

 private:
  Phase phase_;
  std::size_t slot_;
};

class Collector {
 public:
  Collector(const std::vector<FusedBlock>& blocks, int qubits, bool seen)
      : qubits_(qubits), seen_(seen), first_(starts(blocks)) {
    for (const FusedBlock& block : blocks) {
      if (block.kind == Block::Kind::phases)
        for (const Phase& phase : block.phases) phases_.emplace_back(phase, others_.size());
      else
        others_.push_back(block);
    }
  }

  std::vector<FusedBlock> run() {
    std::vector<Range> ranges;
    for (const MovingPhase& phase : phases_) {
      MovingPhase early = phase, late = phase;
      while (early.back(others_, qubits_, first_)) {
      }
      while (late.forward(others_, qubits_)) {
      }
      if (!seen_ && late.slot() == others_.size()) continue;
      ranges.push_back({late, early.slot(), late.slot()});
    }
    std::stable_sort(ranges.begin(), ranges.end(), [](const Range& a, const Range& b) { return a.last < b.last; });
    std::vector<FusedBlock> at(others_.size() + 1);  // blocks of phases by slot
    std::vector<bool> taken(ranges.size());
    for (std::size_t r = 0; r < ranges.size(); ++r) {
      const std::size_t slot = ranges[r].last;
      for (std::size_t s = r + 1; !taken[r] && s < ranges.size(); ++s) {
        if (taken[s] || ranges[s].first > slot) continue;
        take(ranges[s].phase, slot, at[slot]);
        taken[s] = true;
      }
      if (!taken[r]) take(ranges[r].phase, slot, at[slot]);
      taken[r] = true;
    }
    std::vector<FusedBlock> result;
    for (std::size_t b = 0; b <= others_.size(); ++b) {
      if (!at[b].phases.empty()) result.push_back(std::move(at[b]));
      if (b < others_.size()) result.push_back(std::move(others_[b]));
    }
    return result;
  }

 private:
  struct Range {
    MovingPhase phase;
    std::size_t first, last;
  };

  void take(MovingPhase phase, std::size_t slot, FusedBlock& block) {
    while (phase.slot() > slot) phase.back(others_, qubits_, first_);
    block.kind = Block::Kind::phases;
    for (Phase& known : block.phases)
      if (known.mask == phase.phase().mask && join(known.angle, phase.phase().angle)) return;
    block.phases.push_back(phase.phase());
  }

  int qubits_;
  bool seen_;
  std::size_t first_;  // the slot behind the starts
  std::vector<FusedBlock> others_;
  std::vector<MovingPhase> phases_;
};

}  // namespace

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

std::vector<FusedBlock> collect_diagonals(const std::vector<FusedBlock>& blocks, int qubits, bool seen) {
  return Collector(blocks, qubits, seen).run();
}

}  // namespace qiln::passes
