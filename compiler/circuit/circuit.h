// The circuit level: a straight line of gates and noise channels over qubits, all from their tables (dsl/gates.h,
// dsl/channels.h), every angle or probability an element of a tensor that the circuit's graph node has as operand, or a
// constant. Qubit 0 is the most significant bit of a basis index. The state starts as |0...0>, or as amplitudes that an
// operand holds.
//
// A circuit's results are one vector: the expectation values of `readout`, then for each list of `probabilities` the
// 2^k probabilities of its basis states. A node that maps a circuit over `places` runs it once a place: operands that
// it names as mapped have a leading axis of that extent (elements count within a place), the others are shared, and
// results get the axis in front (graph.h, CircuitAttributes).
#pragma once

#include <algorithm>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "dsl/channels.h"
#include "dsl/gates.h"

namespace qiln::circuit {

/// scale * operand[element] + offset; operand -1: the constant `offset`. `element` is a row-major index.
struct Angle {
  std::int32_t operand = -1;
  std::int64_t element = 0;
  double scale = 1, offset = 0;
  bool operator==(const Angle&) const = default;
};

struct Operation {
  Gate gate{};
  bool inverse = false;
  int controls = 0;                  // extra controls, the first qubits of `qubits`
  std::vector<std::int32_t> qubits;  // controls of the gate itself before its targets, as the table orders them
  std::vector<Angle> angles;         // as many as the table says
  std::uint32_t begin = 0, end = 0;  // byte range in the file of the graph node's origin
  enum class Kind : std::uint8_t { gate, channel } kind = Kind::gate;
  Channel channel{};  // of a channel, which has one qubit, no inverse and no controls; `angles` are its parameters
  bool operator==(const Operation&) const = default;

  bool is_channel() const { return kind == Kind::channel; }
  /// In the table of its kind.
  std::string_view name() const { return is_channel() ? qiln::channel(channel).name : qiln::gate(gate).name; }
};

/// coefficient * product of Paulis; bit n - 1 - q of x (z) is set where qubit q has X or Y (Z or Y).
struct PauliTerm {
  double coefficient = 1;
  std::uint64_t x = 0, z = 0;
  bool operator==(const PauliTerm&) const = default;
};
/// One expectation value.
using Observable = std::vector<PauliTerm>;

/// The state that `qubits` start in: sum over b of operand[b] |b>, the first of them in the most significant bit of b.
/// The operand has 2^k elements and norm 1. The other qubits start as |0>.
struct InitialState {
  std::vector<std::int32_t> qubits;
  std::int32_t operand = 0;
  bool operator==(const InitialState&) const = default;
};

/// How a circuit is to be simulated: the state vector, where channels are one random trajectory a sample, or exactly
/// with its channels as a density matrix.
enum class Simulation : std::uint8_t { state, density };

struct Circuit {
  std::string name;  // "Bottleneck"
  int qubits = 0;
  Simulation simulation = Simulation::state;
  std::optional<InitialState> initial;
  std::vector<Operation> operations;
  std::vector<Observable> readout;
  std::vector<std::vector<std::int32_t>> probabilities;  // each a list of qubits, the first the most significant bit
  bool operator==(const Circuit&) const = default;

  /// Numbers that it gives: readings, then probabilities.
  std::int64_t outputs() const {
    auto count = static_cast<std::int64_t>(readout.size());
    for (const auto& list : probabilities) count += std::int64_t{1} << list.size();
    return count;
  }
  bool has_channels() const {
    return std::any_of(operations.begin(), operations.end(), [](const Operation& o) { return o.is_channel(); });
  }
};

/// exp(-i angle / 2 * Y) or exp(-i angle / 2 * Z) on one qubit.
struct Turn {
  enum class Axis : std::uint8_t { y, z } axis = Axis::y;
  Angle angle;
  bool operator==(const Turn&) const = default;
};

/// exp(-i angle / 2 * (product of Z over the bits of `mask`)), bits as in PauliTerm.
struct Phase {
  std::uint64_t mask = 0;
  Angle angle;
  bool operator==(const Phase&) const = default;
};

/// One step on the state vector.
///   dense        on k qubits: 2 * 4^k reals (row-major complex matrix, re and im interleaved) from operand `operand`
///   of
///                apply_blocks, starting at element `element`
///   diagonal     2 * 2^k reals in the same way
///   permutation  basis state b to M b over GF(2): bit i of the image is the parity of b & rows[i] (bit 0 the least
///                significant), then xor'ed with `flip`
///   turns        on one qubit, the first acts first; their angles are elements of operands of apply_blocks
///   phases       on the whole register, all of angles that every sample and place shares
struct Block {
  enum class Kind : std::uint8_t { dense, diagonal, permutation, turns, phases } kind = Kind::dense;
  std::vector<std::int32_t> qubits;  // the first is the most significant bit of the block's index; none: the register
  std::int32_t operand = 0;
  std::int64_t element = 0;
  std::vector<std::uint64_t> rows;
  std::uint64_t flip = 0;
  std::vector<Turn> turns;
  std::vector<Phase> phases;
  bool operator==(const Block&) const = default;
  /// Whether its numbers are a matrix in an operand.
  bool has_entries() const { return kind == Kind::dense || kind == Kind::diagonal; }
};

/// What a circuit is after its passes. apply_blocks(operands...) -> [2, 2^n] (re, im);
/// apply_blocks_adjoint(operands..., state, cotangent of the state) runs the blocks backwards and gives the cotangents
/// of all operands, flattened and concatenated in operand order, varying [total]; expval(state) -> [readout.size()].
/// Probabilities are ordinary arithmetic on the state. With places P: states [P, 2, 2^n], cotangents [P, total] (those
/// of shared operands once a place, not summed), values [P, readout.size()].
struct BlockProgram {
  int qubits = 0;
  std::int32_t initial = -1;  // operand that is the initial state [2, 2^n]; -1: |0...0>
  std::vector<Block> blocks;
  std::vector<Observable> readout;
  bool operator==(const BlockProgram&) const = default;

  /// Blocks of phases. If there are any, the last operand of apply_blocks and the last but two of its adjoint are
  /// their tables, which are uniform, shared by places, and get no cotangent.
  std::int64_t phase_blocks() const {
    std::int64_t count = 0;
    for (const Block& block : blocks) count += block.kind == Block::Kind::phases;
    return count;
  }
  std::int64_t table_elements() const { return phase_blocks() * (std::int64_t{2} << qubits); }
};

}  // namespace qiln::circuit
