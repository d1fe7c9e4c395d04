// How a block program runs over a state vector: sweeps that work on one cache-sized chunk of amplitudes after another,
// and permutations of the whole vector. Amplitude b of a state is two lane vectors, re at b and im at 2^n + b.
#pragma once

#include <array>
#include <cstdint>
#include <vector>

#include "compiler/circuit/circuit.h"
#include "compiler/kernel/kernel.h"

namespace qiln::kernel {

inline constexpr int max_block_qubits = 4;

/// A loop over amplitudes.
struct Level {
  std::int64_t count = 1, stride = 0;
  bool operator==(const Level&) const = default;
};

/// One block, or two dense one-qubit blocks on different qubits at once.
struct SweepStep {
  circuit::Block::Kind kind = circuit::Block::Kind::dense;
  std::vector<int> blocks;  // one or two indices of BlockProgram::blocks
};

/// Either a permutation of the whole vector (the index of its block), or a sweep: for each chunk, all steps in order.
/// The bits of `local` vary within a chunk, `chunks` are the loops over the others.
struct StateItem {
  int permutation = -1;
  std::uint64_t local = 0;
  std::array<Level, 2> chunks{};
  std::vector<SweepStep> steps;
};

/// The dense one-qubit blocks that find their qubit as it started, in |0>: they make a product state, which is written
/// down at once. In the order of their bits, the lowest first.
std::vector<int> product_start(const circuit::BlockProgram& program);

/// The items in order, without the blocks `done`; blocks on disjoint qubits may have changed places. A chunk holds at
/// most 2^chunk_bits amplitudes unless a block itself needs more.
std::vector<StateItem> plan_state(const circuit::BlockProgram& program, int chunk_bits,
                                  const std::vector<int>& done = {});

/// The distance between the amplitudes that differ in each of the qubits.
std::vector<std::int64_t> strides(const circuit::BlockProgram& program, const std::vector<std::int32_t>& qubits);

/// The loops over a chunk's amplitudes whose bits in `strides` are 0, the innermost last; unused ones have count 1.
std::array<Level, max_block_qubits + 2> levels(std::uint64_t local, const std::vector<std::int64_t>& strides);

/// b -> M b ^ flip as the columns of M: bit i set gives columns[i].
struct BitMap {
  std::vector<std::uint64_t> columns;
  std::uint64_t flip = 0;
};
BitMap bit_map(const circuit::Block& permutation);
BitMap inverse(const BitMap& map);

}  // namespace qiln::kernel
