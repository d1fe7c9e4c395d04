// Dense state vectors of the reference, one a sample, with the error that each amplitude carries.
#pragma once

#include <complex>
#include <span>
#include <vector>

#include "compiler/circuit/circuit.h"
#include "runtime/reference/array.h"

namespace qiln::reference {

/// [samples, 2^qubits] amplitudes. `variance` is the square of their magnitude (array.h): a block U carries it over as
///   variance'[r] = sum over c of |U_rc|^2 variance[c] + M(U_rc)^2 |psi[c]|^2, plus |psi'[r]|^2,
/// roundings taken as independent, since a sum of absolute terms would grow exponentially through unitaries.
template <class Real>
struct State {
  using Complex = std::complex<Real>;
  int qubits = 0;
  Eigen::Array<Complex, Eigen::Dynamic, Eigen::Dynamic> amplitudes;
  Array<Real> variance;

  static State zero_state(int qubits, std::int64_t samples);
  /// From and to [samples, 2 * 2^qubits]: real parts, then imaginary ones.
  static State from(int qubits, const Value<Real>& parts);
  Value<Real> parts() const;
};

/// A block's entries, [samples or 1, 4^k] row-major (dense) or [samples or 1, 2^k] (diagonal).
template <class Real>
struct BlockMatrix {
  std::vector<std::int32_t> qubits;  // the first is the most significant bit of the block's index
  bool diagonal = false;
  Eigen::Array<std::complex<Real>, Eigen::Dynamic, Eigen::Dynamic> entries;
  Array<Real> magnitude;

  BlockMatrix adjoint() const;
};

template <class Real>
void apply(State<Real>& state, const BlockMatrix<Real>& block);

/// Basis state b becomes image[b].
template <class Real>
void permute(State<Real>& state, std::span<const std::int64_t> image);

/// Basis offsets of the block's index values, given the qubits it acts on, and the bases they are added to.
std::vector<std::int64_t> block_offsets(int qubits, std::span<const std::int32_t> acted_on);
std::vector<std::int64_t> block_bases(int qubits, std::span<const std::int32_t> acted_on);

}  // namespace qiln::reference
