#include <algorithm>
#include <array>
#include <cassert>
#include <cmath>
#include <numbers>

#include "runtime/reference/operations.h"

namespace qiln::reference {
namespace {

template <class Real>
struct Scalar {
  Real value, magnitude;
};

constexpr double doubt = 64 * float_epsilon;  // see array.h on what is too close to call
constexpr double off_by_one = 1 / float_epsilon;

template <class Real>
bool too_close(const Scalar<Real>& a, const Scalar<Real>& b) {
  const Real gap = std::abs(a.value - b.value);
  return gap > 0 && gap < Real(doubt) * (a.magnitude + b.magnitude);
}

/// slope * magnitude, 0 where the operand is exact even if the slope is infinite.
template <class Real>
Real times(Real slope, Real magnitude) {
  return magnitude == 0 ? Real(0) : std::abs(slope) * magnitude;
}

template <class Real>
Scalar<Real> smooth(Real value, Real slope, const Scalar<Real>& a) {
  return {value, times(slope, a.magnitude) + std::abs(value)};
}

template <class Real>
Scalar<Real> winner(bool first, const Scalar<Real>& a, const Scalar<Real>& b) {
  Scalar<Real> result = first ? a : b;
  if (too_close(a, b)) result.magnitude = std::max(a.magnitude, b.magnitude);
  return result;
}

template <class Real>
Scalar<Real> decided(Real value, bool in_doubt) {
  return {value, in_doubt ? Real(off_by_one) : std::abs(value)};
}

template <class Real>
Scalar<Real> power(const Scalar<Real>& a, const Scalar<Real>& b) {
  const Real value = std::pow(a.value, b.value);
  const Real in_base = b.value * std::pow(a.value, b.value - 1);
  const Real in_exponent = a.value == 0 ? Real(0) : value * std::log(std::abs(a.value));
  return {value, times(in_base, a.magnitude) + times(in_exponent, b.magnitude) + std::abs(value)};
}

template <class Real>
Scalar<Real> select(const Scalar<Real>& condition, const Scalar<Real>& b, const Scalar<Real>& c) {
  Scalar<Real> result = condition.value != 0 ? b : c;
  const Real size = std::abs(condition.value);
  const bool in_doubt = condition.magnitude > 0 && size < Real(doubt) * condition.magnitude;
  if (in_doubt) result.magnitude += std::abs(b.value - c.value) * Real(off_by_one);
  return result;
}

template <class Real>
Scalar<Real> floor(const Scalar<Real>& a) {
  const Real value = std::floor(a.value);
  const Real gap = std::min(a.value - value, value + 1 - a.value);
  return decided(value, gap > 0 && gap < Real(doubt) * a.magnitude);
}

template <class Real>
Scalar<Real> relu(const Scalar<Real>& a) {
  if (a.value > 0) return a;
  // `0 * a` keeps a NaN, as the comparison of PyTorch's relu does.
  return {a.value < 0 ? Real(0) : Real(0) * a.value, -a.value > Real(doubt) * a.magnitude ? Real(0) : a.magnitude};
}

template <class Real>
Scalar<Real> compute(Primitive op, const std::array<Scalar<Real>, 3>& x) {
  const auto& [a, b, c] = x;
  const Real v = a.value;
  switch (op) {
    case Primitive::add:
      return {v + b.value, a.magnitude + b.magnitude};
    case Primitive::subtract:
      return {v - b.value, a.magnitude + b.magnitude};
    case Primitive::multiply:
      return {v * b.value, times(b.value, a.magnitude) + times(v, b.magnitude)};
    case Primitive::divide: {
      const Real quotient = v / b.value;
      const Real slopes = times(1 / b.value, a.magnitude) + times(quotient / b.value, b.magnitude);
      return {quotient, slopes + std::abs(quotient)};
    }
    case Primitive::negate:
      return {-v, a.magnitude};
    case Primitive::maximum:
      return winner(!(v < b.value), a, b);
    case Primitive::minimum:
      return winner(!(b.value < v), a, b);
    case Primitive::power:
      return power(a, b);
    case Primitive::exp:
      return smooth(std::exp(v), std::exp(v), a);
    case Primitive::log:
      return smooth(std::log(v), 1 / v, a);
    case Primitive::sqrt:
      return smooth(std::sqrt(v), Real(0.5) / std::sqrt(v), a);
    case Primitive::sin:
      return smooth(std::sin(v), std::cos(v), a);
    case Primitive::cos:
      return smooth(std::cos(v), std::sin(v), a);
    case Primitive::tanh:
      return smooth(std::tanh(v), 1 - std::tanh(v) * std::tanh(v), a);
    case Primitive::erf:
      return smooth(std::erf(v), 2 * std::numbers::inv_sqrtpi_v<Real> * std::exp(-v * v), a);
    case Primitive::relu:
      return relu(a);
    case Primitive::abs:
      return {std::abs(v), a.magnitude};
    case Primitive::floor:
      return floor(a);
    case Primitive::less:
      return decided(Real(v < b.value), too_close(a, b));
    case Primitive::equal:
      return decided(Real(v == b.value), too_close(a, b));
    case Primitive::select:
      return select(a, b, c);
    default:
      assert(false && "not pointwise");
      return {};
  }
}

}  // namespace

template <class Real>
Value<Real> pointwise(Primitive op, Operands<Real> x, std::int64_t samples) {
  const std::int64_t elements = x[0]->value.cols();
  Value<Real> result{Array<Real>(samples, elements), Array<Real>(samples, elements)};
  std::array<Scalar<Real>, 3> scalars{};
  for (std::int64_t e = 0; e < elements; ++e)
    for (std::int64_t s = 0; s < samples; ++s) {
      for (std::size_t k = 0; k < x.size(); ++k) {
        const std::int64_t row = x[k]->value.rows() == 1 ? 0 : s;
        scalars[k] = {x[k]->value(row, e), x[k]->magnitude(row, e)};
      }
      const Scalar<Real> y = compute(op, scalars);
      result.value(s, e) = y.value;
      result.magnitude(s, e) = y.magnitude;
    }
  return result;
}

template Value<float> pointwise(Primitive, Operands<float>, std::int64_t);
template Value<double> pointwise(Primitive, Operands<double>, std::int64_t);

}  // namespace qiln::reference
