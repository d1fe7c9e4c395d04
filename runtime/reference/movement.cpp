#include <algorithm>
#include <cassert>

#include "runtime/reference/indexing.h"
#include "runtime/reference/operations.h"

namespace qiln::reference {
namespace {

/// For each element of the result, the element of the operand that it is, or -1 for zero.
using Source = std::vector<std::int64_t>;

/// Offset of `start` and, in `strides`, the steps along each axis of a tensor of `shape`.
std::int64_t strided(const graph::StrideAttributes& attributes, const graph::Shape& shape,
                     std::vector<std::int64_t>& strides) {
  strides = row_major_strides(shape);
  std::int64_t start = 0;
  for (std::size_t i = 0; i < shape.size(); ++i) {
    start += attributes.start[i] * strides[i];
    strides[i] *= attributes.step[i];
  }
  return start;
}

Source source_of(const graph::Node& node, const graph::Shape& from) {
  const graph::Shape& to = node.type.shape;
  Source source(graph::element_count(to), -1);
  const auto gather = [&](std::int64_t result, std::int64_t operand) { source[result] = operand; };
  const auto scatter = [&](std::int64_t operand, std::int64_t result) { source[result] = operand; };
  const auto own = row_major_strides(from);
  std::vector<std::int64_t> strides(to.size(), 0);
  switch (node.op) {
    case Primitive::reshape:
      for_each_offset(to, 0, row_major_strides(to), gather);
      break;
    case Primitive::permute: {
      const auto& axes = node.as<graph::AxesAttributes>().axes;
      for (std::size_t i = 0; i < to.size(); ++i) strides[i] = own[axes[i]];
      for_each_offset(to, 0, strides, gather);
      break;
    }
    case Primitive::broadcast: {
      const auto& axes = node.as<graph::AxesAttributes>().axes;
      for (std::size_t i = 0; i < from.size(); ++i) strides[axes[i]] = own[i];
      for_each_offset(to, 0, strides, gather);
      break;
    }
    case Primitive::slice: {
      const std::int64_t start = strided(node.as<graph::StrideAttributes>(), from, strides);
      for_each_offset(to, start, strides, gather);
      break;
    }
    case Primitive::pad: {
      const std::int64_t start = strided(node.as<graph::StrideAttributes>(), to, strides);
      for_each_offset(from, start, strides, scatter);
      break;
    }
    default:
      assert(false && "not movement");
  }
  return source;
}

/// Uniform columns are repeated for each sample.
template <class Real>
void copy_column(Value<Real>& to, std::int64_t column, const Value<Real>& from, std::int64_t source) {
  const std::int64_t times = to.value.rows() / std::max<std::int64_t>(from.value.rows(), 1);
  to.value.col(column) = from.value.col(source).replicate(times, 1);
  to.magnitude.col(column) = from.magnitude.col(source).replicate(times, 1);
}

template <class Real>
Value<Real> concat(const graph::Node& node, std::span<const graph::Shape> shapes, Operands<Real> x,
                   std::int64_t samples) {
  auto result = zeros<Real>(samples, node.type.shape);
  const int axis = node.as<graph::AxesAttributes>().axes[0];
  const auto strides = row_major_strides(node.type.shape);
  std::int64_t start = 0;
  for (std::size_t k = 0; k < x.size(); ++k) {
    for_each_offset(shapes[k], start, strides,
                    [&](std::int64_t from, std::int64_t to) { copy_column(result, to, *x[k], from); });
    start += shapes[k][axis] * strides[axis];
  }
  return result;
}

}  // namespace

template <class Real>
Value<Real> movement(const graph::Node& node, std::span<const graph::Shape> shapes, Operands<Real> x,
                     std::int64_t samples) {
  if (node.op == Primitive::concat) return concat<Real>(node, shapes, x, samples);
  auto result = zeros<Real>(samples, node.type.shape);
  const Source source = source_of(node, shapes[0]);
  for (std::size_t e = 0; e < source.size(); ++e)
    if (source[e] >= 0) copy_column(result, static_cast<std::int64_t>(e), *x[0], source[e]);
  return result;
}

template Value<float> movement(const graph::Node&, std::span<const graph::Shape>, Operands<float>, std::int64_t);
template Value<double> movement(const graph::Node&, std::span<const graph::Shape>, Operands<double>, std::int64_t);

}  // namespace qiln::reference
