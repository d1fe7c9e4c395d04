#include "runtime/reference/state.h"

#include <cassert>

namespace qiln::reference {

std::vector<std::int64_t> block_offsets(int qubits, std::span<const std::int32_t> acted_on) {
  std::vector<std::int64_t> offsets(std::size_t{1} << acted_on.size(), 0);
  for (std::size_t j = 0; j < offsets.size(); ++j)
    for (std::size_t k = 0; k < acted_on.size(); ++k)
      if (j >> (acted_on.size() - 1 - k) & 1) offsets[j] |= std::int64_t{1} << (qubits - 1 - acted_on[k]);
  return offsets;
}

std::vector<std::int64_t> block_bases(int qubits, std::span<const std::int32_t> acted_on) {
  const std::int64_t taken = block_offsets(qubits, acted_on).back();
  std::vector<std::int64_t> bases;
  for (std::int64_t b = 0; b < std::int64_t{1} << qubits; ++b)
    if ((b & taken) == 0) bases.push_back(b);
  return bases;
}

template <class Real>
State<Real> State<Real>::zero_state(int qubits, std::int64_t samples) {
  const std::int64_t size = std::int64_t{1} << qubits;
  State state{qubits, decltype(amplitudes)::Zero(samples, size), Array<Real>::Zero(samples, size)};
  state.amplitudes.col(0).setOnes();
  return state;
}

template <class Real>
State<Real> State<Real>::from(int qubits, const Value<Real>& parts) {
  const std::int64_t size = std::int64_t{1} << qubits;
  assert(parts.value.cols() == 2 * size);
  State state{qubits, {}, {}};
  state.amplitudes = parts.value.leftCols(size).template cast<Complex>() +
                     Complex(0, 1) * parts.value.rightCols(size).template cast<Complex>();
  state.variance = parts.magnitude.leftCols(size).square() + parts.magnitude.rightCols(size).square();
  return state;
}

template <class Real>
Value<Real> State<Real>::parts() const {
  const std::int64_t rows = amplitudes.rows(), size = amplitudes.cols();
  Value<Real> result{Array<Real>(rows, 2 * size), Array<Real>(rows, 2 * size)};
  result.value << amplitudes.real(), amplitudes.imag();
  result.magnitude << variance.sqrt(), variance.sqrt();
  return result;
}

template <class Real>
BlockMatrix<Real> BlockMatrix<Real>::adjoint() const {
  BlockMatrix result = *this;
  result.entries = entries.conjugate();
  if (diagonal) return result;
  const std::int64_t size = std::int64_t{1} << qubits.size();
  for (std::int64_t r = 0; r < size; ++r)
    for (std::int64_t c = 0; c < size; ++c) {
      result.entries.col(c * size + r) = entries.col(r * size + c).conjugate();
      result.magnitude.col(c * size + r) = magnitude.col(r * size + c);
    }
  return result;
}

template <class Real>
void apply(State<Real>& state, const BlockMatrix<Real>& block) {
  using Complex = std::complex<Real>;
  const auto offsets = block_offsets(state.qubits, block.qubits);
  const auto size = static_cast<std::int64_t>(offsets.size());
  const std::int64_t rows = state.amplitudes.rows();
  const std::int64_t times = rows / block.entries.rows();
  const Eigen::Array<Complex, Eigen::Dynamic, Eigen::Dynamic> entries = block.entries.replicate(times, 1);
  const Array<Real> gains = entries.abs2(), noises = block.magnitude.square().replicate(times, 1);

  Eigen::Array<Complex, Eigen::Dynamic, Eigen::Dynamic> old(rows, size);
  Array<Real> old_variance(rows, size), old_weight(rows, size);
  for (const std::int64_t base : block_bases(state.qubits, block.qubits)) {
    for (std::int64_t j = 0; j < size; ++j) {
      old.col(j) = state.amplitudes.col(base + offsets[j]);
      old_variance.col(j) = state.variance.col(base + offsets[j]);
    }
    old_weight = old.abs2();
    for (std::int64_t r = 0; r < size; ++r) {
      auto amplitude = state.amplitudes.col(base + offsets[r]);
      auto variance = state.variance.col(base + offsets[r]);
      amplitude.setZero();
      variance.setZero();
      for (std::int64_t c = block.diagonal ? r : 0; c < (block.diagonal ? r + 1 : size); ++c) {
        const std::int64_t entry = block.diagonal ? r : r * size + c;
        amplitude += entries.col(entry) * old.col(c);
        variance += gains.col(entry) * old_variance.col(c) + noises.col(entry) * old_weight.col(c);
      }
      variance += amplitude.abs2();
    }
  }
}

template <class Real>
void permute(State<Real>& state, std::span<const std::int64_t> image) {
  const State<Real> old = state;
  for (std::size_t b = 0; b < image.size(); ++b) {
    state.amplitudes.col(image[b]) = old.amplitudes.col(static_cast<std::int64_t>(b));
    state.variance.col(image[b]) = old.variance.col(static_cast<std::int64_t>(b));
  }
}

template struct State<float>;
template struct State<double>;
template struct BlockMatrix<float>;
template struct BlockMatrix<double>;
template void apply(State<float>&, const BlockMatrix<float>&);
template void apply(State<double>&, const BlockMatrix<double>&);
template void permute(State<float>&, std::span<const std::int64_t>);
template void permute(State<double>&, std::span<const std::int64_t>);

}  // namespace qiln::reference
