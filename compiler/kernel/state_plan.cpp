#include "compiler/kernel/state_plan.h"

#include <algorithm>
#include <bit>
#include <cassert>

namespace qiln::kernel {
namespace {

using circuit::Block;
using circuit::BlockProgram;

std::uint64_t ones(int count) { return count >= 64 ? ~std::uint64_t{0} : (std::uint64_t{1} << count) - 1; }

std::uint64_t bits_of(const BlockProgram& program, const Block& block) {
  std::uint64_t bits = 0;
  for (std::int64_t stride : strides(program, block.qubits)) bits |= static_cast<std::uint64_t>(stride);
  return bits;
}

/// The kinds of chunks, as bits that vary: the lowest ones, or a window further up with a few of the lowest.
std::vector<std::uint64_t> chunk_shapes(int qubits, int chunk_bits) {
  if (qubits <= chunk_bits) return {ones(qubits)};
  constexpr int run_bits = 4;  // amplitudes that lie together, at least
  const int window = std::max(1, chunk_bits - run_bits);
  std::vector<std::uint64_t> shapes{ones(chunk_bits)};
  for (int low = chunk_bits; low < qubits; low += window) {
    const int high = std::min(qubits, low + window);
    shapes.push_back((ones(high) & ~ones(low)) | ones(std::max(0, chunk_bits - (high - low))));
  }
  return shapes;
}

StateItem sweep(std::uint64_t local, int qubits) {
  StateItem item;
  item.local = local;
  std::uint64_t outside = ones(qubits) & ~local;
  for (std::size_t level = item.chunks.size(); outside != 0; --level) {
    assert(level > 0 && "the bits outside a chunk are two runs at most");
    const int low = std::countr_zero(outside), length = std::countr_one(outside >> low);
    item.chunks[level - 1] = {std::int64_t{1} << length, std::int64_t{1} << low};
    outside &= ~(ones(length) << low);
  }
  return item;
}

/// Which of `waiting` (block indices in order) can run now in chunks of this shape.
std::vector<int> runnable(const BlockProgram& program, const std::vector<int>& waiting, std::uint64_t local) {
  std::vector<int> chosen;
  std::uint64_t blocked = 0;
  for (int b : waiting) {
    const std::uint64_t bits = bits_of(program, program.blocks[b]);
    if ((bits & ~local) == 0 && (bits & blocked) == 0)
      chosen.push_back(b);
    else
      blocked |= bits;
  }
  return chosen;
}

std::vector<SweepStep> steps_of(const BlockProgram& program, const std::vector<int>& blocks) {
  std::vector<SweepStep> steps;
  auto single = [&](int b) {
    return program.blocks[b].kind == Block::Kind::dense && program.blocks[b].qubits.size() == 1;
  };
  for (int b : blocks) {
    const bool pairs = !steps.empty() && steps.back().blocks.size() == 1 && single(b) &&
                       single(steps.back().blocks[0]) &&
                       program.blocks[b].qubits != program.blocks[steps.back().blocks[0]].qubits;
    if (pairs)
      steps.back().blocks.push_back(b);
    else
      steps.push_back({program.blocks[b].kind, {b}});
  }
  return steps;
}

/// Sweeps over the blocks `waiting`, none of which is a permutation.
void plan_segment(const BlockProgram& program, std::vector<int> waiting, const std::vector<std::uint64_t>& shapes,
                  std::vector<StateItem>& items) {
  while (!waiting.empty()) {
    std::vector<int> best;
    std::uint64_t local = ones(program.qubits);
    for (std::uint64_t shape : shapes) {
      std::vector<int> chosen = runnable(program, waiting, shape);
      if (chosen.size() <= best.size()) continue;
      best = std::move(chosen);
      local = shape;
    }
    if (best.empty()) best = {waiting[0]};
    items.push_back(sweep(local, program.qubits));
    items.back().steps = steps_of(program, best);
    std::erase_if(waiting, [&](int b) { return std::find(best.begin(), best.end(), b) != best.end(); });
  }
}

}  // namespace

std::vector<int> product_start(const BlockProgram& program) {
  std::vector<int> of_bit(program.qubits, -1);
  std::uint64_t touched = 0;
  for (int b = 0; b < static_cast<int>(program.blocks.size()); ++b) {
    const Block& block = program.blocks[b];
    if (block.kind == Block::Kind::permutation) break;
    const std::uint64_t bits = bits_of(program, block);
    if (block.kind == Block::Kind::dense && block.qubits.size() == 1 && (bits & touched) == 0)
      of_bit[std::countr_zero(bits)] = b;
    touched |= bits;
  }
  // The bits so far are what the next block's loops run over: few runs only.
  std::vector<int> start;
  int runs = 0;
  for (int bit = 0; bit < program.qubits; ++bit) {
    if (of_bit[bit] < 0) continue;
    if (bit == 0 || of_bit[bit - 1] < 0) ++runs;
    if (runs > max_block_qubits) break;
    start.push_back(of_bit[bit]);
  }
  return start;
}

std::vector<StateItem> plan_state(const BlockProgram& program, int chunk_bits, const std::vector<int>& done) {
  const auto shapes = chunk_shapes(program.qubits, chunk_bits);
  std::vector<StateItem> items;
  std::vector<int> waiting;
  for (int b = 0; b < static_cast<int>(program.blocks.size()); ++b) {
    if (program.blocks[b].kind != Block::Kind::permutation) {
      if (std::find(done.begin(), done.end(), b) == done.end()) waiting.push_back(b);
      continue;
    }
    plan_segment(program, std::move(waiting), shapes, items);
    waiting.clear();
    items.emplace_back().permutation = b;
  }
  plan_segment(program, std::move(waiting), shapes, items);
  return items;
}

std::vector<std::int64_t> strides(const BlockProgram& program, const std::vector<std::int32_t>& qubits) {
  std::vector<std::int64_t> result;
  for (std::int32_t q : qubits) result.push_back(std::int64_t{1} << (program.qubits - 1 - q));
  return result;
}

std::array<Level, max_block_qubits + 2> levels(std::uint64_t local, const std::vector<std::int64_t>& strides) {
  std::uint64_t bits = local;
  for (std::int64_t stride : strides) bits &= ~static_cast<std::uint64_t>(stride);
  std::vector<Level> runs;  // the smallest stride first
  while (bits) {
    const int low = std::countr_zero(bits), length = std::countr_one(bits >> low);
    runs.push_back({std::int64_t{1} << length, std::int64_t{1} << low});
    bits &= ~(ones(length) << low);
  }
  std::array<Level, max_block_qubits + 2> result{};
  assert(runs.size() <= result.size());
  // A long innermost loop is worth more than one of neighbours.
  auto inner = std::find_if(runs.begin(), runs.end(), [](const Level& run) { return run.count >= 4; });
  if (inner == runs.end()) inner = runs.begin();
  if (inner != runs.end()) std::rotate(runs.begin(), inner, inner + 1);
  for (std::size_t i = 0; i < runs.size(); ++i) result[result.size() - 1 - i] = runs[i];
  return result;
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

}  // namespace qiln::kernel
