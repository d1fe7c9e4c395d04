#include "compiler/kernel/state_plan.h"

#include <algorithm>
#include <bit>
#include <cassert>

namespace qiln::kernel {
namespace {

using circuit::Block;
using circuit::BlockProgram;

std::uint64_t bits_of(const BlockProgram& program, const Block& block) {
  std::uint64_t bits = 0;
  for (std::int32_t q : block.qubits) bits |= std::uint64_t{1} << (program.qubits - 1 - q);
  for (const circuit::Phase& phase : block.phases) bits |= phase.mask;
  return bits;
}

class Planner {
 public:
  Planner(const BlockProgram& program, Chunks chunks) : program_(program), at_(identity_map(program.qubits)) {
    int widest = 1;
    for (const Block& block : program.blocks) widest = std::max(widest, static_cast<int>(block.qubits.size()));
    plan_.chunk_bits = std::min(program.qubits, std::max(std::min(chunks.bits, max_chunk_bits), widest));
    plan_.in_place = plan_.chunk_bits < program.qubits;
    if (plan_.in_place) run_ = std::max(0, std::min(chunks.run, plan_.chunk_bits - widest));
  }

  StatePlan run() {
    find_start();
    std::vector<int> waiting;
    for (int b = 0; b < static_cast<int>(program_.blocks.size()); ++b) {
      if (std::find(plan_.start.begin(), plan_.start.end(), b) != plan_.start.end()) continue;
      if (program_.blocks[b].kind != Block::Kind::permutation) {
        waiting.push_back(b);
        continue;
      }
      segment(std::move(waiting));
      waiting.clear();
      at_ = compose(at_, inverse(bit_map(program_.blocks[b])));
    }
    segment(std::move(waiting));
    const bool none = plan_.in_place && plan_.sweeps.empty();
    if (none || (!plan_.in_place && at_ != identity_map(program_.qubits)))
      add_sweep(identity_map(program_.qubits).columns, {});
    plan_.index = inverse(at_);
    return std::move(plan_);
  }

 private:
  /// Blocks of turns before anything else.
  void find_start() {
    plan_.start.assign(program_.qubits, -1);
    if (program_.initial >= 0) return;
    for (int b = 0; b < static_cast<int>(program_.blocks.size()); ++b) {
      if (program_.blocks[b].kind != Block::Kind::turns) return;
      int& of_bit = plan_.start[program_.qubits - 1 - program_.blocks[b].qubits[0]];
      if (of_bit >= 0) return;
      of_bit = b;
    }
  }

  /// A basis whose lowest bits hold the bits `local`, above the directions of the lowest `run_` bits of the position
  /// now, so that runs of amplitudes stay together.
  std::vector<std::uint64_t> basis_for(std::uint64_t local) const {
    std::vector<std::uint64_t> now = inverse(at_).columns, basis, reduced;
    auto independent = [&](std::uint64_t vector) {
      for (std::uint64_t known : reduced) vector = std::min(vector, vector ^ known);
      return vector;
    };
    auto add = [&](std::uint64_t vector, bool in_front = false) {
      const std::uint64_t rest = independent(vector);
      if (rest == 0) return;
      reduced.push_back(rest);
      basis.insert(in_front ? basis.begin() : basis.end(), vector);
    };
    for (int bit = 0; bit < program_.qubits; ++bit)
      if (local >> bit & 1) add(std::uint64_t{1} << bit);
    for (int j = run_; j-- > 0;) {
      const auto known = std::find(basis.begin(), basis.end(), now[j]);
      if (known != basis.end())
        basis.erase(known), basis.insert(basis.begin(), now[j]);
      else
        add(now[j], true);
    }
    for (std::uint64_t vector : now) add(vector);
    // A qubit of `local` is to be one bit of the position and no other's business.
    for (std::uint64_t& vector : basis)
      if (!(std::has_single_bit(vector) && (vector & local))) vector &= ~local;
    return basis;
  }

  /// Whether each of the bits `local` is a bit of the position within a chunk.
  bool holds(const std::vector<std::uint64_t>& basis, std::uint64_t local) const {
    std::uint64_t found = 0;
    for (std::size_t j = 0; j < basis.size(); ++j) {
      const std::uint64_t touched = basis[j] & local;
      const bool alone = static_cast<int>(j) < plan_.chunk_bits && basis[j] == touched && std::has_single_bit(touched);
      if (touched && !alone) return false;
      found |= touched;
    }
    return found == local;
  }

  void add_sweep(std::vector<std::uint64_t> basis, std::vector<SweepStep> steps) {
    Sweep sweep;
    const BitMap from{std::move(basis), 0};
    sweep.fetch = compose(at_, from);
    sweep.moves = sweep.fetch != identity_map(program_.qubits);
    sweep.basis = from.columns;
    sweep.steps = std::move(steps);
    if (!plan_.in_place) at_ = inverse(from);
    plan_.sweeps.push_back(std::move(sweep));
  }

  /// Which of the blocks waiting can run in one sweep, and the bits that it must have in its chunks.
  std::vector<int> choose(const std::vector<int>& waiting, std::uint64_t& local) const {
    std::vector<int> chosen;
    std::uint64_t blocked = 0;
    for (int b : waiting) {
      const Block& block = program_.blocks[b];
      const std::uint64_t bits = bits_of(program_, block);
      const std::uint64_t wanted = block.kind == Block::Kind::phases ? local : local | bits;
      if ((bits & blocked) == 0 && std::popcount(wanted) <= plan_.chunk_bits - run_) {
        chosen.push_back(b);
        local = wanted;
      } else {
        blocked |= bits;
      }
    }
    return chosen;
  }

  /// Sweeps over blocks none of which is a permutation.
  void segment(std::vector<int> waiting) {
    while (!waiting.empty()) {
      std::uint64_t local = 0;
      const std::vector<int> chosen = choose(waiting, local);
      assert(!chosen.empty() && "the first block can always run");
      std::erase_if(waiting, [&](int b) { return std::find(chosen.begin(), chosen.end(), b) != chosen.end(); });
      std::vector<std::uint64_t> basis = identity_map(program_.qubits).columns;
      if (plan_.in_place) {
        basis = inverse(at_).columns;
        if (!holds(basis, local)) basis = basis_for(local);
      }
      add_sweep(std::move(basis), steps_of(chosen));
    }
  }

  /// Whether two blocks in sequence are worth a pass of their own together.
  bool pairs(int first, int second) const {
    const Block &a = program_.blocks[first], &b = program_.blocks[second];
    if (a.kind != b.kind || a.qubits.size() != 1 || b.qubits.size() != 1 || a.qubits == b.qubits) return false;
    return a.kind == Block::Kind::dense || (a.kind == Block::Kind::turns && is_rotation(a) == is_rotation(b));
  }

  std::vector<SweepStep> steps_of(const std::vector<int>& blocks) const {
    std::vector<SweepStep> steps;
    for (int b : blocks)
      if (!steps.empty() && steps.back().blocks.size() == 1 && pairs(steps.back().blocks[0], b))
        steps.back().blocks.push_back(b);
      else
        steps.push_back({{b}});
    return steps;
  }

  const BlockProgram& program_;
  StatePlan plan_;
  BitMap at_;  // the position of each basis state
  int run_ = 0;
};

}  // namespace

std::uint64_t BitMap::operator()(std::uint64_t b) const {
  std::uint64_t image = flip;
  for (std::size_t bit = 0; bit < columns.size(); ++bit)
    if (b >> bit & 1) image ^= columns[bit];
  return image;
}

BitMap identity_map(int bits) {
  BitMap map;
  for (int bit = 0; bit < bits; ++bit) map.columns.push_back(std::uint64_t{1} << bit);
  return map;
}

BitMap compose(const BitMap& outer, const BitMap& inner) {
  BitMap map{{}, outer(inner.flip)};
  for (std::uint64_t column : inner.columns) map.columns.push_back(outer(column) ^ outer.flip);
  return map;
}

BitMap bit_map(const Block& permutation) {
  BitMap map{std::vector<std::uint64_t>(permutation.rows.size()), permutation.flip};
  for (std::size_t i = 0; i < permutation.rows.size(); ++i)
    for (std::size_t j = 0; j < permutation.rows.size(); ++j) map.columns[j] |= (permutation.rows[i] >> j & 1) << i;
  return map;
}

BitMap inverse(const BitMap& map) {
  const std::size_t n = map.columns.size();
  std::vector<std::uint64_t> left = map.columns;  // reduced to the identity by column operations
  BitMap result{std::vector<std::uint64_t>(n), 0};
  for (std::size_t j = 0; j < n; ++j) result.columns[j] = std::uint64_t{1} << j;
  for (std::size_t bit = 0; bit < n; ++bit) {
    std::size_t pivot = bit;
    while (pivot < n && !(left[pivot] >> bit & 1)) ++pivot;
    assert(pivot < n && "a permutation is invertible");
    std::swap(left[bit], left[pivot]);
    std::swap(result.columns[bit], result.columns[pivot]);
    for (std::size_t j = 0; j < n; ++j) {
      if (j == bit || !(left[j] >> bit & 1)) continue;
      left[j] ^= left[bit];
      result.columns[j] ^= result.columns[bit];
    }
  }
  for (std::size_t j = 0; j < n; ++j)
    if (map.flip >> j & 1) result.flip ^= result.columns[j];
  return result;
}

StatePlan plan_state(const BlockProgram& program, Chunks chunks) { return Planner(program, chunks).run(); }

bool is_rotation(const Block& block) {
  return block.kind == Block::Kind::turns &&
         std::all_of(block.turns.begin(), block.turns.end(),
                     [](const circuit::Turn& turn) { return turn.axis == circuit::Turn::Axis::y; });
}

std::vector<std::int64_t> strides(const BlockProgram& program, const Sweep& sweep,
                                  const std::vector<std::int32_t>& qubits) {
  std::vector<std::int64_t> result;
  for (std::int32_t q : qubits) {
    const auto bit = std::find(sweep.basis.begin(), sweep.basis.end(), std::uint64_t{1} << (program.qubits - 1 - q));
    assert(bit != sweep.basis.end() && "a step's qubits are bits of the position");
    result.push_back(std::int64_t{1} << (bit - sweep.basis.begin()));
  }
  return result;
}

std::uint64_t placed(std::uint64_t mask, const Sweep& sweep) {
  std::uint64_t result = 0;
  for (std::size_t j = 0; j < sweep.basis.size(); ++j)
    result |= std::uint64_t(std::popcount(mask & sweep.basis[j]) & 1) << j;
  return result;
}

std::array<Level, max_block_qubits + 1> levels(int chunk_bits, const std::vector<std::int64_t>& strides) {
  std::uint64_t bits = (std::uint64_t{1} << chunk_bits) - 1;
  for (std::int64_t stride : strides) bits &= ~static_cast<std::uint64_t>(stride);
  std::vector<Level> runs;  // the smallest stride first
  while (bits) {
    const int low = std::countr_zero(bits), length = std::countr_one(bits >> low);
    runs.push_back({std::int64_t{1} << length, std::int64_t{1} << low});
    bits &= ~(((std::uint64_t{1} << length) - 1) << low);
  }
  std::array<Level, max_block_qubits + 1> result{};
  assert(runs.size() <= result.size());
  // A long innermost loop is worth more than one of neighbours.
  auto inner = std::find_if(runs.begin(), runs.end(), [](const Level& run) { return run.count >= 4; });
  if (inner == runs.end()) inner = runs.begin();
  if (inner != runs.end()) std::rotate(runs.begin(), inner, inner + 1);
  for (std::size_t i = 0; i < runs.size(); ++i) result[result.size() - 1 - i] = runs[i];
  return result;
}

TurnArea::TurnArea(const BlockProgram& program) {
  const std::size_t count = program.blocks.size();
  matrix.assign(count, -1);
  first_turn.assign(count, -1);
  first_phase.assign(count, -1);
  for (std::size_t b = 0; b < count; ++b) {
    const Block& block = program.blocks[b];
    if (block.kind == Block::Kind::turns) {
      matrix[b] = elements;
      first_turn[b] = elements + 2 * sum;
      elements += 2 * sum + 2 * static_cast<std::int64_t>(block.turns.size());
    } else if (block.kind == Block::Kind::phases) {
      first_phase[b] = elements;
      elements += static_cast<std::int64_t>(block.phases.size());
    }
  }
  sign = elements++;
  chunk = elements;
  elements += std::int64_t{4} << std::min(program.qubits, max_chunk_bits);
}

int part_bits(const Nest& nest) {
  constexpr int fewest_qubits = max_chunk_bits + 4;  // a part is a chunk at least
  const bool tables = nest.kind == Nest::Kind::phase_tables;
  return nest.places > 0 || tables || nest.program.initial >= 0 || nest.program.qubits < fewest_qubits ? 0 : 4;
}

std::int64_t area_elements(const Nest& nest, std::int64_t result_elements) {
  std::int64_t elements = TurnArea(nest.program).elements;
  if (part_bits(nest) == 0) return elements;
  if (nest.kind == Nest::Kind::apply_blocks_adjoint) elements += result_elements;
  return elements << part_bits(nest);
}

bool places_in_lanes(const Nest& nest) {
  const bool state = nest.kind == Nest::Kind::apply_blocks || nest.kind == Nest::Kind::apply_blocks_adjoint;
  return state && !nest.varying && nest.places > 0;
}

std::int64_t placed_elements(const Nest& nest, std::int64_t result_elements) {
  std::int64_t elements = result_elements;
  for (std::size_t k = 0; k < nest.placed.size(); ++k)
    if (nest.placed[k]) elements += nest.operand_elements[k];
  return elements;
}

}  // namespace qiln::kernel
