#include "compiler/passes/gate_matrices.h"

#include <array>
#include <bit>
#include <map>

namespace qiln::passes {
namespace {

using circuit::Operation;
using graph::ValueId;

/// A row-major matrix for each of the operations.
struct MatrixBatch {
  std::size_t side = 1;
  std::vector<ComplexBatch> entries;
};

/// cos and sin of sums of angles, each made once.
class AngleFunctions {
 public:
  AngleFunctions(BatchMath& math, std::vector<BatchValue> angles) : math_(math), angles_(std::move(angles)) {}

  /// exp(i * sum over k of factor[k] * angle k)
  ComplexBatch phase(std::array<double, max_gate_parameters> factors) {
    bool negative = false;
    for (double factor : factors)
      if (factor != 0) {
        negative = factor < 0;
        break;
      }
    if (negative)
      for (double& factor : factors) factor = -factor;
    auto found = known_.find(factors);
    if (found == known_.end()) {
      BatchValue sum = math_.number(0);
      for (std::size_t k = 0; k < angles_.size(); ++k)
        sum = math_.add(sum, math_.multiply(math_.number(factors[k]), angles_[k]));
      found = known_.emplace(factors, ComplexBatch{math_.cos(sum), math_.sin(sum)}).first;
    }
    return negative ? conjugate(math_, found->second) : found->second;
  }

  ComplexBatch entry(const GateEntry& entry) {
    ComplexBatch value{math_.number(entry.real), math_.number(entry.imaginary)};
    if (entry.trigonometric != GateEntry::Trigonometric::one) {
      std::array<double, max_gate_parameters> half{};
      half[entry.half_angle] = 0.5;
      const ComplexBatch both = phase(half);
      const bool cosine = entry.trigonometric == GateEntry::Trigonometric::cosine;
      value = multiply(math_, value, {cosine ? both.re : both.im, math_.number(0)});
    }
    return entry.has_phase() ? multiply(math_, value, phase(entry.phase)) : value;
  }

 private:
  BatchMath& math_;
  std::vector<BatchValue> angles_;
  std::map<std::array<double, max_gate_parameters>, ComplexBatch> known_;
};

/// The matrix of like operations, one for each block of a group.
MatrixBatch matrix_of(BatchMath& math, std::span<const Operation* const> operations,
                      std::span<const ValueId> operands) {
  const Operation& first = *operations[0];
  std::vector<BatchValue> angles;
  for (std::size_t a = 0; a < first.angles.size(); ++a) {
    std::vector<circuit::Angle> of_angle;
    for (const Operation* operation : operations) of_angle.push_back(operation->angles[a]);
    angles.push_back(math.gather(of_angle, operands));
  }
  AngleFunctions functions(math, std::move(angles));
  const GateRow& row = gate(first.gate);
  MatrixBatch matrix;
  matrix.side = std::size_t{1} << first.qubits.size();
  matrix.entries.assign(matrix.side * matrix.side, {math.number(0), math.number(0)});
  const std::size_t begin = matrix.side - (std::size_t{1} << row.targets);  // where all controls are 1
  for (std::size_t i = 0; i < begin; ++i) matrix.entries[i * matrix.side + i].re = math.number(1);
  for (const GateEntry& entry : row.matrix.entries()) {
    const std::size_t i = begin + (first.inverse ? entry.column : entry.row);
    const std::size_t j = begin + (first.inverse ? entry.row : entry.column);
    const ComplexBatch value = functions.entry(entry);
    matrix.entries[i * matrix.side + j] = first.inverse ? conjugate(math, value) : value;
  }
  return matrix;
}

}  // namespace

std::vector<BatchValue> matrix_reals(BatchMath& math, std::span<const Operation* const> operations,
                                     std::span<const ValueId> operands, bool diagonal) {
  const MatrixBatch matrix = matrix_of(math, operations, operands);
  std::vector<BatchValue> reals;
  for (std::size_t i = 0; i < matrix.side; ++i)
    for (std::size_t j = 0; j < matrix.side; ++j) {
      if (diagonal && i != j) continue;
      reals.push_back(matrix.entries[i * matrix.side + j].re);
      reals.push_back(matrix.entries[i * matrix.side + j].im);
    }
  return reals;
}

std::vector<BatchValue> phase_reals(BatchMath& math, std::span<const std::vector<circuit::Phase>> phases,
                                    std::span<const ValueId> operands, int qubits) {
  std::vector<BatchValue> halves;
  for (std::size_t p = 0; p < phases[0].size(); ++p) {
    std::vector<circuit::Angle> angles;
    for (const auto& list : phases) angles.push_back(list[p].angle);
    halves.push_back(math.multiply(math.number(0.5), math.gather(angles, operands)));
  }
  std::vector<BatchValue> reals;
  for (std::uint64_t b = 0; b < std::uint64_t{1} << qubits; ++b) {
    BatchValue sum = math.number(0);
    for (std::size_t p = 0; p < halves.size(); ++p)
      sum = math.add(sum, std::popcount(phases[0][p].mask & b) & 1 ? halves[p] : math.negate(halves[p]));
    reals.push_back(math.cos(sum));
    reals.push_back(math.sin(sum));
  }
  return reals;
}

}  // namespace qiln::passes
