// The channel table: one row declares everything about a noise channel on one qubit, as the gate table does for gates.
//
// Conventions are PennyLane's: depolarize(p) applies X, Y and Z with p / 3 each, amplitude_damp(g) takes |1> to |0>
// with probability g. A channel is its Pauli-transfer matrix R, rows and columns in the order I, X, Y, Z: the
// expectation of P after it is the sum over Q of R(P, Q) times that of Q before it. A row of R is thus the channel in
// the Heisenberg picture, R as a whole acts on the Bloch vector (1, <X>, <Y>, <Z>).
#pragma once

#include <array>
#include <complex>
#include <cstdint>
#include <initializer_list>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

namespace qiln {

/// Index of a row of the channel table.
enum class Channel : std::uint8_t {};

inline constexpr int max_channel_parameters = 2;

/// constant + sum over k of slope[k] * parameter k + root * sqrt(1 - parameter 0). Numbers and graph values are both
/// made from this one formula.
struct ChannelFormula {
  double constant = 0;
  std::array<double, max_channel_parameters> slope{};
  double root = 0;

  constexpr bool is(double number) const {
    for (double s : slope)
      if (s != 0) return false;
    return constant == number && root == 0;
  }
};

/// A nonzero element of a Pauli-transfer matrix.
struct TransferEntry {
  std::int8_t row = 0, column = 0;  // 0 to 3: I, X, Y, Z
  ChannelFormula value;
};

/// The nonzero elements of a Pauli-transfer matrix.
class TransferMatrix {
 public:
  constexpr TransferMatrix() = default;
  constexpr TransferMatrix(std::initializer_list<TransferEntry> entries) {
    for (const TransferEntry& entry : entries) entries_[size_++] = entry;
  }
  constexpr std::span<const TransferEntry> entries() const {
    return {entries_.data(), static_cast<std::size_t>(size_)};
  }

 private:
  std::array<TransferEntry, 8> entries_{};
  int size_ = 0;
};

using KrausOperator = std::array<std::complex<double>, 4>;  // row-major

struct ChannelFlags {
  bool mixed_unitary = false;  // a random Pauli, with the probabilities of `pauli`
  bool readout = false;        // acts on what is read, whatever the basis: nothing may follow on its qubit
  bool fresh = false;          // leaves |0>, whatever was there
};

struct ChannelRow {
  std::string_view name;
  std::array<std::string_view, 2> aliases{};
  std::array<std::string_view, max_channel_parameters> parameters{};  // names; each lies in 0..1
  TransferMatrix transfer{};
  std::array<ChannelFormula, 3> pauli{};  // probabilities of X, Y and Z, if mixed_unitary
  ChannelFlags flags{};
  /// Empty for a channel that is none on the state but on what is read.
  std::vector<KrausOperator> (*kraus)(std::span<const double> parameters) = nullptr;
  std::string_view pennylane{};
  std::string_view help{};

  constexpr int parameter_count() const {
    int count = 0;
    while (count < max_channel_parameters && !parameters[count].empty()) ++count;
    return count;
  }
};

/// The table, in order of `Channel`.
std::span<const ChannelRow> channels();
const ChannelRow& channel(Channel id);
/// By name or alias, as written.
std::optional<Channel> channel_named(std::string_view name);
/// Every name and alias.
std::vector<std::string_view> channel_names();

double evaluate(const ChannelFormula& formula, std::span<const double> parameters);
/// The whole row-major Pauli-transfer matrix.
std::array<double, 16> transfer_matrix(Channel id, std::span<const double> parameters);

}  // namespace qiln
