#include <algorithm>
#include <numeric>
#include <type_traits>

#include "runtime/reference/indexing.h"
#include "runtime/reference/operations.h"

namespace qiln::reference {
namespace {

std::int64_t floor_divide(std::int64_t a, std::int64_t b) { return a / b - (a % b != 0 && (a < 0) != (b < 0)); }

/// The loop nest over a contraction's points. Tensor 0 is the result, k + 1 is operand k. The bounds of every tensor
/// axis narrow the range of the innermost loop that moves along it, so no point is visited in vain.
class LoopNest {
 public:
  LoopNest(const graph::ContractAttributes& attributes, const graph::Shape& result,
           std::span<const graph::Shape> operands)
      : order_(attributes.space.size()) {
    // The longest loop innermost: its body is a plain strided walk.
    std::iota(order_.begin(), order_.end(), 0);
    std::stable_sort(order_.begin(), order_.end(),
                     [&](int a, int b) { return attributes.space[a] < attributes.space[b]; });
    for (const int index : order_) extents_.push_back(attributes.space[index]);
    if (extents_.empty()) extents_.push_back(1);
    bounds_.resize(extents_.size());
    add_tensor(attributes.output, result);
    for (std::size_t k = 0; k < operands.size(); ++k) add_tensor(attributes.operands[k], operands[k]);
  }

  /// body(offsets, strides, count): `count` points whose elements start at offsets[t] and lie strides[t] apart.
  template <class Body>
  void run(Body body) {
    if (!inside_) return;
    std::vector<std::int64_t> offsets = starts_;
    level(0, offsets, body);
  }

 private:
  struct Bound {  // 0 <= value + coefficient * index < extent, `value` what outer loops have added up
    std::size_t axis;
    std::int64_t coefficient, extent;
  };

  void add_tensor(const graph::AffineMap& map, const graph::Shape& shape) {
    const auto strides = row_major_strides(shape);
    std::vector<std::int64_t> steps(extents_.size(), 0);
    std::int64_t start = 0;
    for (std::size_t a = 0; a < map.size(); ++a) {
      start += map[a].offset * strides[a];
      std::vector<std::int64_t> coefficients(extents_.size(), 0);
      for (std::size_t k = 0; k < order_.size(); ++k) coefficients[k] = map[a].coefficients[order_[k]];
      for (std::size_t k = 0; k < extents_.size(); ++k) steps[k] += coefficients[k] * strides[a];
      add_axis(coefficients, map[a].offset, shape[a]);
    }
    starts_.push_back(start);
    steps_.push_back(std::move(steps));
  }

  void add_axis(const std::vector<std::int64_t>& coefficients, std::int64_t offset, std::int64_t extent) {
    const std::size_t axis = axis_values_.size();
    axis_values_.push_back(offset);
    axis_steps_.push_back(coefficients);
    std::size_t last = coefficients.size();
    while (last > 0 && coefficients[last - 1] == 0) --last;
    if (last == 0)
      inside_ = inside_ && offset >= 0 && offset < extent;
    else
      bounds_[last - 1].push_back({axis, coefficients[last - 1], extent});
  }

  template <class Body>
  void level(std::size_t k, std::vector<std::int64_t>& offsets, Body& body) {
    std::int64_t low = 0, high = extents_[k] - 1;
    for (const Bound& bound : bounds_[k]) {
      std::int64_t first = -axis_values_[bound.axis], last = bound.extent - 1 + first;  // of coefficient * index
      if (bound.coefficient < 0) std::swap(first, last);
      low = std::max(low, -floor_divide(-first, bound.coefficient));
      high = std::min(high, floor_divide(last, bound.coefficient));
    }
    if (low > high) return;
    if (k + 1 == extents_.size()) {
      innermost(low, high - low + 1, offsets, body);
      return;
    }
    advance(k, low, offsets);
    for (std::int64_t i = low; i <= high; ++i) {
      level(k + 1, offsets, body);
      advance(k, 1, offsets);
    }
    advance(k, -(high + 1), offsets);
  }

  void advance(std::size_t k, std::int64_t count, std::vector<std::int64_t>& offsets) {
    for (std::size_t t = 0; t < offsets.size(); ++t) offsets[t] += steps_[t][k] * count;
    for (std::size_t a = 0; a < axis_values_.size(); ++a) axis_values_[a] += axis_steps_[a][k] * count;
  }

  template <class Body>
  void innermost(std::int64_t low, std::int64_t count, const std::vector<std::int64_t>& offsets, Body& body) {
    const std::size_t k = extents_.size() - 1;
    scratch_.resize(2 * offsets.size());
    for (std::size_t t = 0; t < offsets.size(); ++t) {
      scratch_[t] = offsets[t] + low * steps_[t][k];
      scratch_[offsets.size() + t] = steps_[t][k];
    }
    body(scratch_.data(), scratch_.data() + offsets.size(), count);
  }

  std::vector<int> order_;
  std::vector<std::int64_t> extents_, starts_;
  std::vector<std::vector<std::int64_t>> steps_;       // [tensor][loop]
  std::vector<std::vector<Bound>> bounds_;             // [loop]
  std::vector<std::int64_t> axis_values_;              // of every axis of every tensor
  std::vector<std::vector<std::int64_t>> axis_steps_;  // [axis][loop]
  std::vector<std::int64_t> scratch_;
  bool inside_ = true;
};

/// body(first, length) over pieces of 0 .. rows - 1, the length a compile-time constant so that Eigen vectorises.
template <class Body>
void in_pieces(std::int64_t rows, Body body) {
  std::int64_t first = 0;
  for (; first + 8 <= rows; first += 8) body(first, std::integral_constant<int, 8>());
  for (; first < rows; ++first) body(first, std::integral_constant<int, 1>());
}

template <class Real, int length>
auto piece(const Real* data) {
  return Eigen::Map<const Eigen::Array<Real, length, 1>>(data);
}

/// result += product of the factors over all points.
template <class Real>
void accumulate(LoopNest& nest, Array<Real>& result, std::span<const Array<Real>* const> factors) {
  struct Factor {
    const Real* data;
    std::size_t tensor;
  };
  const std::int64_t rows = result.rows();
  std::vector<Factor> single, varying;  // by their number of rows; with one sample all are single
  for (std::size_t k = 0; k < factors.size(); ++k)
    (factors[k]->rows() == 1 ? single : varying).push_back({factors[k]->data(), k + 1});

  nest.run([&](const std::int64_t* offsets, const std::int64_t* strides, std::int64_t count) {
    for (std::int64_t i = 0; i < count; ++i) {
      const auto element = [&](std::size_t tensor) { return offsets[tensor] + i * strides[tensor]; };
      const auto column = [&](const Factor& f) { return f.data + element(f.tensor) * rows; };
      Real scalar = 1;
      for (const Factor& f : single) scalar *= f.data[element(f.tensor)];
      Real* sum = result.data() + element(0) * rows;
      in_pieces(rows, [&](std::int64_t first, auto length) {
        Eigen::Map<Eigen::Array<Real, length, 1>> target(sum + first);
        if (varying.empty()) {
          target += scalar;
        } else if (varying.size() == 1) {
          target += scalar * piece<Real, length>(column(varying[0]) + first);
        } else {
          Eigen::Array<Real, length, 1> product = scalar * piece<Real, length>(column(varying[0]) + first);
          for (std::size_t k = 1; k < varying.size(); ++k) product *= piece<Real, length>(column(varying[k]) + first);
          target += product;
        }
      });
    }
  });
}

}  // namespace

template <class Real>
Value<Real> contract(const graph::Node& node, std::span<const graph::Shape> shapes, Operands<Real> x,
                     std::int64_t samples) {
  LoopNest nest(node.as<graph::ContractAttributes>(), node.type.shape, shapes);
  auto result = zeros<Real>(samples, node.type.shape);
  std::vector<const Array<Real>*> factors;
  for (const auto* operand : x) factors.push_back(&operand->value);
  accumulate<Real>(nest, result.value, factors);

  // The magnitude of a product is a sum over its factors, each in turn replaced by its magnitude.
  std::vector<Array<Real>> sizes;
  for (const auto* operand : x) sizes.push_back(operand->value.abs());
  for (std::size_t k = 0; k < x.size(); ++k) {
    for (std::size_t j = 0; j < x.size(); ++j) factors[j] = j == k ? &x[j]->magnitude : &sizes[j];
    accumulate<Real>(nest, result.magnitude, factors);
  }
  return result;
}

template Value<float> contract(const graph::Node&, std::span<const graph::Shape>, Operands<float>, std::int64_t);
template Value<double> contract(const graph::Node&, std::span<const graph::Shape>, Operands<double>, std::int64_t);

}  // namespace qiln::reference
