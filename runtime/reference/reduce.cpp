#include <algorithm>
#include <limits>

#include "runtime/reference/indexing.h"
#include "runtime/reference/operations.h"

namespace qiln::reference {
namespace {

/// For each operand axis, the distance between neighbours in the result: 0 along reduced axes.
std::vector<std::int64_t> result_strides(const graph::Node& node, const graph::Shape& shape) {
  const auto& axes = node.as<graph::AxesAttributes>().axes;
  const auto kept = row_major_strides(node.type.shape);
  std::vector<std::int64_t> strides(shape.size(), 0);
  for (std::size_t i = 0, next = 0; i < shape.size(); ++i)
    if (std::find(axes.begin(), axes.end(), static_cast<int>(i)) == axes.end()) strides[i] = kept[next++];
  return strides;
}

/// The largest seen so far, with the largest magnitude of all that come close to it.
template <class Real>
void take_larger(Value<Real>& result, std::int64_t to, const Value<Real>& x, std::int64_t from) {
  for (std::int64_t s = 0; s < x.value.rows(); ++s) {
    Real& best = result.value(s, to);
    Real& magnitude = result.magnitude(s, to);
    const Real candidate = x.value(s, from), its = x.magnitude(s, from);
    const Real gap = std::abs(candidate - best);
    const bool close = gap < Real(64 * float_epsilon) * (its + magnitude);
    const bool larger = !(candidate <= best);  // a NaN wins
    magnitude = close ? std::max(magnitude, its) : larger ? its : magnitude;
    if (larger) best = candidate;
  }
}

}  // namespace

template <class Real>
Value<Real> reduce(const graph::Node& node, const graph::Shape& shape, const Value<Real>& x) {
  auto result = zeros<Real>(x.value.rows(), node.type.shape);
  const bool sum = node.op == Primitive::reduce_sum;
  if (!sum) result.value.setConstant(-std::numeric_limits<Real>::infinity());
  for_each_offset(shape, 0, result_strides(node, shape), [&](std::int64_t from, std::int64_t to) {
    if (sum) {
      result.value.col(to) += x.value.col(from);
      result.magnitude.col(to) += x.magnitude.col(from);
    } else {
      take_larger(result, to, x, from);
    }
  });
  return result;
}

template <class Real>
Value<Real> batch_sum(const Value<Real>& x) {
  return {x.value.colwise().sum(), x.magnitude.colwise().sum()};
}

template Value<float> reduce(const graph::Node&, const graph::Shape&, const Value<float>&);
template Value<double> reduce(const graph::Node&, const graph::Shape&, const Value<double>&);
template Value<float> batch_sum(const Value<float>&);
template Value<double> batch_sum(const Value<double>&);

}  // namespace qiln::reference
