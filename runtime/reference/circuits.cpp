#include "runtime/reference/circuits.h"

#include <bit>
#include <cassert>

#include "runtime/reference/state.h"

namespace qiln::reference {
namespace {

using circuit::Block;
using circuit::PauliTerm;

template <class Real>
BlockMatrix<Real> matrix_of(const Block& block, Operands<Real> entries) {
  const Value<Real>& x = *entries[block.operand];
  const bool diagonal = block.kind == Block::Kind::diagonal;
  const std::int64_t count = std::int64_t{1} << (block.qubits.size() * (diagonal ? 1 : 2));
  BlockMatrix<Real> matrix{block.qubits, diagonal, {}, Array<Real>(x.value.rows(), count)};
  matrix.entries.resize(x.value.rows(), count);
  for (std::int64_t e = 0; e < count; ++e) {
    const std::int64_t real = block.element + 2 * e, imaginary = real + 1;
    matrix.entries.col(e).real() = x.value.col(real);
    matrix.entries.col(e).imag() = x.value.col(imaginary);
    matrix.magnitude.col(e) = (x.magnitude.col(real).square() + x.magnitude.col(imaginary).square()).sqrt();
  }
  return matrix;
}

/// The angle for each row, and its magnitude.
template <class Real>
Value<Real> angle_of(const circuit::Angle& angle, Operands<Real> x) {
  auto result = zeros<Real>(1, {1});
  if (angle.operand >= 0) {
    const Value<Real>& operand = *x[angle.operand];
    result.value = Real(angle.scale) * operand.value.col(angle.element);
    result.magnitude = Real(std::abs(angle.scale)) * operand.magnitude.col(angle.element);
  }
  result.value += Real(angle.offset);
  result.magnitude += Real(std::abs(angle.offset));
  return result;
}

/// A turn about y or z of one qubit.
template <class Real>
BlockMatrix<Real> matrix_of(const circuit::Turn& turn, const std::vector<std::int32_t>& qubits, Operands<Real> x) {
  const Value<Real> angle = angle_of<Real>(turn.angle, x);
  const Array<Real> c = (angle.value / 2).cos(), s = (angle.value / 2).sin();
  const bool y = turn.axis == circuit::Turn::Axis::y;
  BlockMatrix<Real> matrix{qubits, !y, {}, Array<Real>(c.rows(), y ? 4 : 2)};
  matrix.entries.setZero(c.rows(), y ? 4 : 2);
  const Array<Real> error = angle.magnitude / 2 + 1;
  matrix.magnitude = error.replicate(1, y ? 4 : 2);
  if (y) {
    matrix.entries.real() << c, -s, s, c;
  } else {
    matrix.entries.real() << c, c;
    matrix.entries.imag() << -s, s;
  }
  return matrix;
}

/// Z on the bits of `mask`: +1 or -1.
int sign_of(std::uint64_t mask, std::int64_t b) {
  return std::popcount(mask & static_cast<std::uint64_t>(b)) & 1 ? -1 : 1;
}

/// The whole diagonal of a block of phases.
template <class Real>
BlockMatrix<Real> diagonal_of(const Block& block, int qubits, Operands<Real> x) {
  const std::int64_t size = std::int64_t{1} << qubits;
  Array<Real> half = Array<Real>::Zero(1, size);
  Real error = 1;
  for (const circuit::Phase& phase : block.phases) {
    const Value<Real> angle = angle_of<Real>(phase.angle, x);
    assert(angle.value.rows() == 1 && "phases are of shared angles");
    for (std::int64_t b = 0; b < size; ++b) half(0, b) += Real(sign_of(phase.mask, b)) * angle.value(0, 0) / 2;
    error += angle.magnitude(0, 0) / 2;
  }
  BlockMatrix<Real> matrix{{}, true, {}, Array<Real>::Constant(1, size, error)};
  for (std::int32_t q = 0; q < qubits; ++q) matrix.qubits.push_back(q);
  matrix.entries.resize(1, size);
  matrix.entries.real() = half.cos();
  matrix.entries.imag() = -half.sin();
  return matrix;
}

/// Adds the cotangent of an angle: half the sum over basis states of the imaginary part of sign * conj(lambda) psi for
/// a product of Z, and of the real part of conj(lambda) (-i Y psi) for Y.
template <class Real, class Term>
void add_angle(Value<Real>& result, std::int64_t column, const circuit::Angle& angle, const State<Real>& psi,
               const State<Real>& lambda, const Term& term) {
  if (angle.operand < 0) return;
  const std::int64_t rows = result.value.rows();
  Array<Real> sum = Array<Real>::Zero(rows, 1), magnitude = sum;
  for (std::int64_t b = 0; b < psi.amplitudes.cols(); ++b) {
    const auto [from, factor] = term(b);
    const auto l = lambda.amplitudes.col(b), p = psi.amplitudes.col(from);
    sum += (l.conjugate() * p * factor).real();
    magnitude += lambda.variance.col(b).sqrt() * p.abs() + l.abs() * psi.variance.col(from).sqrt();
  }
  const Real half = static_cast<Real>(angle.scale / 2);
  result.value.col(column) += half * sum;
  result.magnitude.col(column) += std::abs(half) * magnitude;
}

std::vector<std::int64_t> image_of(const Block& block, int qubits) {
  std::vector<std::int64_t> image(std::size_t{1} << qubits);
  for (std::size_t b = 0; b < image.size(); ++b) {
    std::uint64_t to = 0;
    for (std::size_t i = 0; i < block.rows.size(); ++i) to |= std::uint64_t(std::popcount(b & block.rows[i]) & 1) << i;
    image[b] = static_cast<std::int64_t>(to ^ block.flip);
  }
  return image;
}

std::vector<std::int64_t> inverse(const std::vector<std::int64_t>& image) {
  std::vector<std::int64_t> result(image.size());
  for (std::size_t b = 0; b < image.size(); ++b) result[image[b]] = static_cast<std::int64_t>(b);
  return result;
}

/// Adds lambda_r conj(psi_c), summed over the block's groups, to the cotangents of its entries, which start at column
/// `first` of `result`.
template <class Real>
void accumulate_entries(Value<Real>& result, std::int64_t first, const BlockMatrix<Real>& block, const State<Real>& psi,
                        const State<Real>& lambda) {
  const auto offsets = block_offsets(psi.qubits, block.qubits);
  const auto size = static_cast<std::int64_t>(offsets.size());
  const std::int64_t times = result.value.rows();
  const auto full = [&](const auto& column) { return column.replicate(times / column.rows(), 1).eval(); };
  for (const std::int64_t base : block_bases(psi.qubits, block.qubits))
    for (std::int64_t r = 0; r < size; ++r)
      for (std::int64_t c = block.diagonal ? r : 0; c < (block.diagonal ? r + 1 : size); ++c) {
        const std::int64_t to = first + 2 * (block.diagonal ? r : r * size + c);
        const std::int64_t from = base + offsets[c], at = base + offsets[r];
        const auto in = full(psi.amplitudes.col(from)), out = full(lambda.amplitudes.col(at));
        const auto product = (out * in.conjugate()).eval();
        const auto magnitude =
            (full(lambda.variance.col(at)).sqrt() * in.abs() + out.abs() * full(psi.variance.col(from)).sqrt()).eval();
        result.value.col(to) += product.real();
        result.value.col(to + 1) += product.imag();
        result.magnitude.col(to) += magnitude;
        result.magnitude.col(to + 1) += magnitude;
      }
}

/// P |b> = phase(b) |b ^ x>.
template <class Real>
std::complex<Real> phase_of(const PauliTerm& term, std::uint64_t b) {
  static constexpr std::complex<Real> powers_of_i[] = {{1, 0}, {0, 1}, {-1, 0}, {0, -1}};
  return powers_of_i[(std::popcount(term.x & term.z) + 2 * (std::popcount(b & term.z) & 1)) % 4];
}

template <class Real>
Value<Real> expectations(std::span<const circuit::Observable> readout, const State<Real>& state) {
  const std::int64_t rows = state.amplitudes.rows();
  auto result = zeros<Real>(rows, {static_cast<std::int64_t>(readout.size())});
  const Array<Real> weight = state.amplitudes.abs(), error = state.variance.sqrt();
  for (std::size_t j = 0; j < readout.size(); ++j)
    for (const PauliTerm& term : readout[j])
      for (std::int64_t b = 0; b < state.amplitudes.cols(); ++b) {
        const auto to = static_cast<std::int64_t>(static_cast<std::uint64_t>(b) ^ term.x);
        const auto phase = phase_of<Real>(term, static_cast<std::uint64_t>(b)) * Real(term.coefficient);
        const auto column = static_cast<std::int64_t>(j);
        result.value.col(column) += (state.amplitudes.col(to).conjugate() * state.amplitudes.col(b) * phase).real();
        result.magnitude.col(column) +=
            std::abs(phase) * (weight.col(to) * error.col(b) + error.col(to) * weight.col(b));
      }
  return result;
}

/// The angles of an operation for row s; `moved` of them shifted by `by`.
template <class Real>
std::vector<double> angles_of(const circuit::Operation& operation, Operands<Real> x, std::int64_t s, int moved = -1,
                              double by = 0) {
  std::vector<double> angles;
  for (const circuit::Angle& angle : operation.angles) {
    double value = angle.offset;
    if (angle.operand >= 0) {
      const auto& array = x[angle.operand]->value;
      value += angle.scale * static_cast<double>(array(array.rows() == 1 ? 0 : s, angle.element));
    }
    angles.push_back(value + (static_cast<int>(angles.size()) == moved ? by : 0));
  }
  return angles;
}

template <class Real>
BlockMatrix<Real> matrix_of(const circuit::Operation& operation, Operands<Real> x, std::int64_t samples) {
  const std::int64_t count = std::int64_t{1} << (2 * operation.qubits.size());
  BlockMatrix<Real> matrix{operation.qubits, false, {}, Array<Real>::Zero(samples, count)};
  matrix.entries.resize(samples, count);
  const auto at = [&](const std::vector<double>& angles) {
    return gate_matrix(operation.gate, angles, operation.inverse, operation.controls);
  };
  for (std::int64_t s = 0; s < samples; ++s) {
    const auto values = at(angles_of<Real>(operation, x, s));
    for (std::int64_t e = 0; e < count; ++e) {
      matrix.entries(s, e) = std::complex<Real>(values[e]);
      matrix.magnitude(s, e) = static_cast<Real>(std::abs(values[e]));
    }
    for (int k = 0; k < static_cast<int>(operation.angles.size()); ++k) {
      const circuit::Angle& angle = operation.angles[k];
      if (angle.operand < 0) continue;
      const auto& magnitudes = x[angle.operand]->magnitude;
      const double magnitude =
          std::abs(angle.scale * static_cast<double>(magnitudes(magnitudes.rows() == 1 ? 0 : s, angle.element))) +
          std::abs(angle.offset);
      const double h = 1e-4;  // the slope needs few digits
      const auto above = at(angles_of<Real>(operation, x, s, k, h)),
                 below = at(angles_of<Real>(operation, x, s, k, -h));
      for (std::int64_t e = 0; e < count; ++e)
        matrix.magnitude(s, e) += static_cast<Real>(std::abs(above[e] - below[e]) / (2 * h) * magnitude);
    }
  }
  return matrix;
}

/// The map of a density matrix that a Pauli-transfer matrix is: half the sum of R(P, Q) |P>> <<Q|.
Eigen::Array<std::complex<double>, 1, 16> from_transfer(Channel id, std::span<const double> parameters) {
  constexpr std::complex<double> i{0, 1};
  const std::complex<double> paulis[4][4] = {{1, 0, 0, 1}, {0, 1, 1, 0}, {0, -i, i, 0}, {1, 0, 0, -1}};
  const auto transfer = transfer_matrix(id, parameters);
  Eigen::Array<std::complex<double>, 1, 16> entries = Eigen::Array<std::complex<double>, 1, 16>::Zero();
  for (int p = 0; p < 4; ++p)
    for (int q = 0; q < 4; ++q)
      for (int to = 0; to < 4; ++to)
        for (int row = 0; row < 2; ++row)
          for (int column = 0; column < 2; ++column)
            entries(4 * to + 2 * row + column) +=
                transfer[4 * p + q] * paulis[p][to] * paulis[q][2 * column + row] / 2.0;
  return entries;
}

/// A channel on |row><column|: the sum over its Kraus operators of K (x) conj(K), for qubits `row` and `column`.
template <class Real>
BlockMatrix<Real> superoperator(const circuit::Operation& operation, Operands<Real> x, std::int64_t samples, int row,
                                int column) {
  const ChannelRow& channel = qiln::channel(operation.channel);
  BlockMatrix<Real> matrix{{row, column}, false, {}, Array<Real>(samples, 16)};
  matrix.entries.setZero(samples, 16);
  for (std::int64_t s = 0; s < samples; ++s) {
    const auto parameters = angles_of<Real>(operation, x, s);
    if (channel.flags.readout)
      matrix.entries.row(s) = from_transfer(operation.channel, parameters).template cast<std::complex<Real>>();
    for (const KrausOperator& k : channel.kraus(parameters))
      for (int e = 0; e < 16; ++e)
        matrix.entries(s, e) +=
            std::complex<Real>(k[(e >> 3) * 2 + (e >> 1 & 1)] * std::conj(k[(e >> 2 & 1) * 2 + (e & 1)]));
  }
  matrix.magnitude = matrix.entries.abs();
  return matrix;
}

/// The results of density matrices, kept as states of qubits (rows, columns): tr(O rho), and what is on the diagonal.
template <class Real>
Value<Real> density_expectations(const circuit::Circuit& circuit, const State<Real>& state) {
  const std::int64_t rows = state.amplitudes.rows(), size = std::int64_t{1} << circuit.qubits;
  auto result = zeros<Real>(rows, {circuit.outputs()});
  const Array<Real> error = state.variance.sqrt();
  auto first = static_cast<std::int64_t>(circuit.readout.size());
  for (const auto& qubits : circuit.probabilities) {
    for (std::int64_t b = 0; b < size; ++b) {
      std::int64_t outcome = first;
      for (std::size_t k = 0; k < qubits.size(); ++k)
        outcome += (b >> (circuit.qubits - 1 - qubits[k]) & 1) << (qubits.size() - 1 - k);
      result.value.col(outcome) += state.amplitudes.col(b * size + b).real();
      result.magnitude.col(outcome) += error.col(b * size + b);
    }
    first += std::int64_t{1} << qubits.size();
  }
  for (std::size_t j = 0; j < circuit.readout.size(); ++j)
    for (const PauliTerm& term : circuit.readout[j])
      for (std::int64_t b = 0; b < size; ++b) {
        const std::int64_t element = b * size + static_cast<std::int64_t>(static_cast<std::uint64_t>(b) ^ term.x);
        const auto phase = phase_of<Real>(term, static_cast<std::uint64_t>(b)) * Real(term.coefficient);
        const auto column = static_cast<std::int64_t>(j);
        result.value.col(column) += (state.amplitudes.col(element) * phase).real();
        result.magnitude.col(column) += std::abs(phase) * error.col(element);
      }
  return result;
}

template <class Real>
Value<Real> simulate_density(const circuit::Circuit& circuit, Operands<Real> angles, std::int64_t samples) {
  const int n = circuit.qubits;
  auto state = State<Real>::zero_state(2 * n, samples);
  if (circuit.initial) {
    const Value<Real>& x = *angles[circuit.initial->operand];
    const std::int64_t times = samples / x.value.rows(), size = std::int64_t{1} << n;
    const auto offsets = block_offsets(n, circuit.initial->qubits);
    for (std::int64_t r = 0; r < static_cast<std::int64_t>(offsets.size()); ++r)
      for (std::int64_t c = 0; c < static_cast<std::int64_t>(offsets.size()); ++c) {
        const std::int64_t to = offsets[r] * size + offsets[c];
        const Array<Real> product = (x.value.col(r) * x.value.col(c)).replicate(times, 1);
        state.amplitudes.col(to) = product.template cast<std::complex<Real>>();
        state.variance.col(to) = (x.magnitude.col(r) * x.value.col(c).abs() + x.value.col(r).abs() * x.magnitude.col(c))
                                     .square()
                                     .replicate(times, 1);
      }
  }
  for (const circuit::Operation& operation : circuit.operations) {
    if (operation.is_channel()) {
      const std::int32_t q = operation.qubits[0];
      apply(state, superoperator<Real>(operation, angles, samples, q, q + n));
      continue;
    }
    auto matrix = matrix_of<Real>(operation, angles, samples);
    apply(state, matrix);
    for (std::int32_t& q : matrix.qubits) q += n;
    matrix.entries = matrix.entries.conjugate().eval();
    apply(state, matrix);
  }
  return density_expectations(circuit, state);
}

}  // namespace

template <class Real>
Value<Real> apply_blocks(const circuit::BlockProgram& program, Operands<Real> entries, std::int64_t samples) {
  auto state = State<Real>::zero_state(program.qubits, samples);
  if (program.initial >= 0) {
    const Value<Real>& initial = *entries[program.initial];
    const std::int64_t times = samples / initial.value.rows();
    state =
        State<Real>::from(program.qubits, {initial.value.replicate(times, 1), initial.magnitude.replicate(times, 1)});
  }
  for (const Block& block : program.blocks)
    if (block.kind == Block::Kind::permutation)
      permute<Real>(state, image_of(block, program.qubits));
    else if (block.kind == Block::Kind::phases)
      apply(state, diagonal_of<Real>(block, program.qubits, entries));
    else if (block.kind == Block::Kind::turns)
      for (const circuit::Turn& turn : block.turns) apply(state, matrix_of<Real>(turn, block.qubits, entries));
    else
      apply(state, matrix_of<Real>(block, entries));
  return state.parts();
}

template <class Real>
Value<Real> apply_blocks_adjoint(const circuit::BlockProgram& program, Operands<Real> x, std::int64_t samples) {
  const Operands<Real> entries = x.first(x.size() - (program.table_elements() > 0 ? 3 : 2));
  const auto full = [&](const Value<Real>& v) -> Value<Real> {
    const std::int64_t times = samples / v.value.rows();
    return {v.value.replicate(times, 1), v.magnitude.replicate(times, 1)};
  };
  auto psi = State<Real>::from(program.qubits, full(*x[x.size() - 2]));
  auto lambda = State<Real>::from(program.qubits, full(*x[x.size() - 1]));
  std::vector<std::int64_t> first{0};  // column at which each operand's cotangents start
  for (const auto* operand : entries) first.push_back(first.back() + operand->value.cols());
  auto result = zeros<Real>(samples, {first.back()});

  for (std::size_t i = program.blocks.size(); i-- > 0;) {
    const Block& block = program.blocks[i];
    if (block.kind == Block::Kind::permutation) {
      const auto back = inverse(image_of(block, program.qubits));
      permute<Real>(psi, back);
      permute<Real>(lambda, back);
      continue;
    }
    const auto column = [&](const circuit::Angle& angle) {
      return angle.operand < 0 ? 0 : first[angle.operand] + angle.element;
    };
    if (block.kind == Block::Kind::phases) {
      for (const circuit::Phase& phase : block.phases)
        add_angle(result, column(phase.angle), phase.angle, psi, lambda, [&](std::int64_t b) {
          return std::pair(b, std::complex<Real>(0, static_cast<Real>(-sign_of(phase.mask, b))));
        });
      const auto undo = diagonal_of<Real>(block, program.qubits, entries).adjoint();
      apply(psi, undo);
      apply(lambda, undo);
      continue;
    }
    if (block.kind == Block::Kind::turns) {
      const std::int64_t bit = std::int64_t{1} << (program.qubits - 1 - block.qubits[0]);
      for (std::size_t t = block.turns.size(); t-- > 0;) {
        const circuit::Turn& turn = block.turns[t];
        add_angle(result, column(turn.angle), turn.angle, psi, lambda, [&](std::int64_t b) {
          const Real sign = b & bit ? 1 : -1;
          return turn.axis == circuit::Turn::Axis::y ? std::pair(b ^ bit, std::complex<Real>(sign, 0))
                                                     : std::pair(b, std::complex<Real>(0, sign));
        });
        const auto undo = matrix_of<Real>(turn, block.qubits, entries).adjoint();
        apply(psi, undo);
        apply(lambda, undo);
      }
      continue;
    }
    const auto matrix = matrix_of<Real>(block, entries);
    const auto undo = matrix.adjoint();
    apply(psi, undo);
    accumulate_entries(result, first[block.operand] + block.element, matrix, psi, lambda);
    apply(lambda, undo);
  }
  if (program.initial >= 0) {
    const Value<Real> cotangent = lambda.parts();
    result.value.middleCols(first[program.initial], cotangent.value.cols()) = cotangent.value;
    result.magnitude.middleCols(first[program.initial], cotangent.value.cols()) = cotangent.magnitude;
  }
  return result;
}

template <class Real>
Value<Real> expval(const circuit::BlockProgram& program, const Value<Real>& state) {
  return expectations<Real>(program.readout, State<Real>::from(program.qubits, state));
}

template <class Real>
Value<Real> expval_adjoint(const circuit::BlockProgram& program, const Value<Real>& state, const Value<Real>& cotangent,
                           std::int64_t samples) {
  const auto psi = State<Real>::from(program.qubits, state);
  const Array<Real> weight = psi.amplitudes.abs(), error = psi.variance.sqrt();
  State<Real> result{program.qubits, {}, Array<Real>::Zero(samples, psi.amplitudes.cols())};
  result.amplitudes.setZero(samples, psi.amplitudes.cols());
  Array<Real>& magnitude = result.variance;
  const auto full = [&](const auto& column) { return column.replicate(samples / column.rows(), 1).eval(); };
  for (std::size_t j = 0; j < program.readout.size(); ++j) {
    const auto column = static_cast<std::int64_t>(j);
    const auto c = full(cotangent.value.col(column)), noise = full(cotangent.magnitude.col(column));
    for (const PauliTerm& term : program.readout[j])
      for (std::int64_t b = 0; b < psi.amplitudes.cols(); ++b) {
        const auto to = static_cast<std::int64_t>(static_cast<std::uint64_t>(b) ^ term.x);
        const auto factor = phase_of<Real>(term, static_cast<std::uint64_t>(b)) * Real(2 * term.coefficient);
        result.amplitudes.col(to) += c * full(psi.amplitudes.col(b)) * factor;
        magnitude.col(to) += std::abs(factor) * (noise * full(weight.col(b)) + c.abs() * full(error.col(b)));
      }
  }
  result.variance = magnitude.square().eval();
  return result.parts();
}

template <class Real>
Value<Real> simulate(const circuit::Circuit& circuit, Operands<Real> angles, std::int64_t samples) {
  if (circuit.has_channels()) return simulate_density(circuit, angles, samples);
  auto state = State<Real>::zero_state(circuit.qubits, samples);
  if (circuit.initial) {
    const Value<Real>& amplitudes = *angles[circuit.initial->operand];
    const auto offsets = block_offsets(circuit.qubits, circuit.initial->qubits);
    for (std::size_t b = 0; b < offsets.size(); ++b) {
      const auto column = static_cast<std::int64_t>(b);
      const std::int64_t times = samples / amplitudes.value.rows();
      state.amplitudes.col(offsets[b]) =
          amplitudes.value.col(column).template cast<std::complex<Real>>().replicate(times, 1);
      state.variance.col(offsets[b]) = amplitudes.magnitude.col(column).square().replicate(times, 1);
    }
  }
  for (const circuit::Operation& operation : circuit.operations)
    apply(state, matrix_of<Real>(operation, angles, samples));
  const Value<Real> readings = expectations<Real>(circuit.readout, state);
  auto result = zeros<Real>(samples, {circuit.outputs()});
  std::int64_t column = readings.value.cols();
  result.value.leftCols(column) = readings.value;
  result.magnitude.leftCols(column) = readings.magnitude;
  for (const auto& qubits : circuit.probabilities) {
    for (std::int64_t b = 0; b < state.amplitudes.cols(); ++b) {
      std::int64_t outcome = 0;
      for (std::int32_t q : qubits) outcome = outcome << 1 | (b >> (circuit.qubits - 1 - q) & 1);
      const Array<Real> weight = state.amplitudes.col(b).abs();
      result.value.col(column + outcome) += weight.square();
      result.magnitude.col(column + outcome) += Real(2) * weight * state.variance.col(b).sqrt();
    }
    column += std::int64_t{1} << qubits.size();
  }
  return result;
}

template Value<float> apply_blocks(const circuit::BlockProgram&, Operands<float>, std::int64_t);
template Value<double> apply_blocks(const circuit::BlockProgram&, Operands<double>, std::int64_t);
template Value<float> apply_blocks_adjoint(const circuit::BlockProgram&, Operands<float>, std::int64_t);
template Value<double> apply_blocks_adjoint(const circuit::BlockProgram&, Operands<double>, std::int64_t);
template Value<float> expval(const circuit::BlockProgram&, const Value<float>&);
template Value<double> expval(const circuit::BlockProgram&, const Value<double>&);
template Value<float> expval_adjoint(const circuit::BlockProgram&, const Value<float>&, const Value<float>&,
                                     std::int64_t);
template Value<double> expval_adjoint(const circuit::BlockProgram&, const Value<double>&, const Value<double>&,
                                      std::int64_t);
template Value<float> simulate(const circuit::Circuit&, Operands<float>, std::int64_t);
template Value<double> simulate(const circuit::Circuit&, Operands<double>, std::int64_t);

}  // namespace qiln::reference
