// Values of the reference interpreter.
#pragma once

#include <Eigen/Core>
#include <cstdint>

#include "compiler/graph/graph.h"

namespace qiln::reference {

/// [samples, elements]: a row a sample of the batch (one row for a uniform value), elements in row-major order of the
/// shape. Columns are contiguous: sample s of element e is data()[e * rows() + s].
template <class Real>
using Array = Eigen::Array<Real, Eigen::Dynamic, Eigen::Dynamic>;

/// A value and its magnitude, elementwise: an estimate M such that computing the value in another order, or in float
/// where this is in double, changes it by about eps * M. It is the first-order (running) error analysis of a program
/// whose every operation and leaf has relative error 1:
///   leaf, constant          |v|
///   sum of terms            the sum of the terms' M (add, subtract, reduce_sum, batch_sum, contract)
///   product of a and b      M_a |b| + |a| M_b
///   smooth function f       sum over operands of |df/da| M_a, plus |v|
///   max, min, select        M of the operand that wins; the largest when they are too close to call
///   relu, abs               M_a, and 0 where a is negative beyond doubt (relu)
///   less, equal, floor      |v|, but 1 / eps where the decision hangs on rounding: the result may be off by one, and
///                           the factors that multiply it turn up in the tolerance as wholes
///   circuits                see circuits.h
/// Two numbers are too close to call when they differ by less than 64 eps (M_a + M_b) and are not exactly equal, eps of
/// float in either precision, since it is float programs that are compared.
template <class Real>
struct Value {
  Array<Real> value, magnitude;
};

/// Epsilon of float: the unit of magnitudes.
inline constexpr double float_epsilon = 0x1p-23;

template <class Real>
Value<Real> zeros(std::int64_t samples, const graph::Shape& shape) {
  const auto elements = graph::element_count(shape);
  return {Array<Real>::Zero(samples, elements), Array<Real>::Zero(samples, elements)};
}

}  // namespace qiln::reference
