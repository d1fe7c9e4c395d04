// How a block program runs over a state vector: sweeps that work on one cache-sized chunk of neighbouring amplitudes
// after another. A sweep's qubits lie in the lowest bits of an amplitude's position: on the way into it the state is
// permuted, and permutations of the program happen on the same way. At position p of a state stand two lane vectors, re
// at p and im at 2^n + p; at the start and at the end a basis state stands at its own index.
#pragma once

#include <array>
#include <cstdint>
#include <vector>

#include "compiler/circuit/circuit.h"
#include "compiler/kernel/kernel.h"

namespace qiln::kernel {

inline constexpr int max_block_qubits = 4;
inline constexpr int max_chunk_bits = 10;

/// A loop over amplitudes.
struct Level {
  std::int64_t count = 1, stride = 0;
  bool operator==(const Level&) const = default;
};

/// b -> M b ^ flip as the columns of M: bit i set gives columns[i].
struct BitMap {
  std::vector<std::uint64_t> columns;
  std::uint64_t flip = 0;
  bool operator==(const BitMap&) const = default;
  std::uint64_t operator()(std::uint64_t b) const;
};
BitMap identity_map(int bits);
BitMap bit_map(const circuit::Block& permutation);
BitMap inverse(const BitMap& map);
/// b -> outer(inner(b))
BitMap compose(const BitMap& outer, const BitMap& inner);

/// One block, or two at once: dense ones on one qubit each, or rotations.
struct SweepStep {
  std::vector<int> blocks;  // one or two indices of BlockProgram::blocks
};

/// For each chunk: the amplitude at position p comes from position fetch(p), then all steps in order. The basis state
/// at position p is the exclusive or of basis[j] over the bits j of p; the steps' qubits are single bits of both.
struct Sweep {
  BitMap fetch;
  bool moves = false;  // fetch is not the identity
  std::vector<std::uint64_t> basis;
  std::vector<SweepStep> steps;
};

/// How much of a state is worked on at once.
struct Chunks {
  int bits = 8;  // a chunk holds at most 2^bits amplitudes unless a block itself needs more
  int run = 0;   // states beyond a chunk move in runs of 2^run amplitudes where they can
};

struct StatePlan {
  int chunk_bits = 0;      // bits that vary within a chunk: at most all qubits
  bool in_place = false;   // chunks are put back to where they came from, those of the last sweep to their own index:
  BitMap index;            // in place: the basis index that the amplitude at a place has in the end
  std::vector<int> start;  // for each bit of a basis index, the block of turns that finds its qubit in |0>, or -1
  std::vector<Sweep> sweeps;
};

/// The blocks in order; blocks that commute may have changed places.
StatePlan plan_state(const circuit::BlockProgram& program, Chunks chunks);

/// Whether a block of turns is a rotation of real numbers: all about y.
bool is_rotation(const circuit::Block& block);

/// The distance between the amplitudes that differ in each of the qubits.
std::vector<std::int64_t> strides(const circuit::BlockProgram& program, const Sweep& sweep,
                                  const std::vector<std::int32_t>& qubits);
/// The bits of a position whose parity is that of the bits `mask` of the basis state there.
std::uint64_t placed(std::uint64_t mask, const Sweep& sweep);

/// The loops over a chunk's amplitudes whose bits in `strides` are 0, the innermost last; unused ones, in front, have
/// count 1. k strides leave at most k + 1 loops.
std::array<Level, max_block_qubits + 1> levels(int chunk_bits, const std::vector<std::int64_t>& strides);

/// What kernels keep beside states, in lane vectors: for each block of turns its matrix and the sum of its adjoint (4
/// complex numbers each), for each turn the cosine and sine of half its angle, for each phase its sum, a sign.
struct TurnArea {
  explicit TurnArea(const circuit::BlockProgram& program);
  std::vector<std::int64_t> matrix;       // by block; -1 for other kinds
  std::vector<std::int64_t> first_turn;   // by block: of its first turn, 2 each
  std::vector<std::int64_t> first_phase;  // by block: of its first phase
  std::int64_t sign = 0;
  std::int64_t chunk = 0;  // room for a chunk of two states
  std::int64_t elements = 0;
  static constexpr std::int64_t sum = 8;  // from the matrix to the sum
};

/// Threads may share the work on a large state: 2^part_bits parts of it (0 where there is only one), each with sums of
/// its own, which are added in order, so that bits do not depend on who does which.
int part_bits(const Nest& nest);
/// Lane vectors of the last scratch buffer but that of places: a TurnArea for each part, and with it the cotangents
/// that an adjoint's part finds, `result_elements`.
std::int64_t area_elements(const Nest& nest, std::int64_t result_elements);

/// Whether a circuit's nest runs as many places at once as there are lanes: one for all samples does.
bool places_in_lanes(const Nest& nest);
/// Floats of a place that such a nest keeps lane by lane, in a buffer behind all others: of operands with an element a
/// place, and of the result, which has `result_elements`.
std::int64_t placed_elements(const Nest& nest, std::int64_t result_elements);

}  // namespace qiln::kernel
