#include "tests/runtime/random_graph.h"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <random>
#include <utility>

namespace qiln::test {
namespace {

using graph::Affine;
using graph::Shape;
using graph::ValueId;

class Generator {
 public:
  Generator(graph::Graph& g, std::uint64_t seed, const RandomGraphOptions& options)
      : g_(g), b_(g), random_(seed), options_(options) {}

  void run() {
    for (int i = 0; i < 2; ++i) values_.push_back(leaf(shape(), true));
    values_.push_back(leaf(shape(), false));
    for (int i = 0; i < options_.operations; ++i) values_.push_back(operation(pick(values_)));
    name_outputs();
  }

 private:
  std::int64_t below(std::int64_t n) { return static_cast<std::int64_t>(random_() % static_cast<std::uint64_t>(n)); }
  std::int64_t extent() { return 1 + below(options_.largest_extent); }
  ValueId pick(const std::vector<ValueId>& values) { return values[below(static_cast<std::int64_t>(values.size()))]; }
  Shape shape() {
    Shape result(below(4));
    for (auto& n : result) n = extent();
    return result;
  }
  Shape shape_of(ValueId id) const { return g_.shape(id); }

  ValueId leaf(Shape shape, bool varying) {
    if (varying) return b_.input("x" + std::to_string(inputs_++), {std::move(shape), true});
    return b_.param({"p" + std::to_string(params_++)}, std::move(shape));
  }
  /// Another value of this shape, or a new leaf.
  ValueId partner(const Shape& shape) {
    std::vector<ValueId> fitting;
    for (const ValueId id : values_)
      if (shape_of(id) == shape) fitting.push_back(id);
    return fitting.size() > 1 && below(4) != 0 ? pick(fitting) : leaf(shape, below(2) == 0);
  }

  ValueId operation(ValueId a) {
    const bool ranked = !shape_of(a).empty();
    switch (below(options_.movement && ranked ? 8 : ranked ? 6 : 3)) {
      case 0:
        return unary(a);
      case 1:
      case 2:
        return binary(a, partner(shape_of(a)));
      case 3:
        return reduce(a);
      case 4:
        return below(2) == 0 ? matrix(a) : product(a);
      case 5:
        return below(2) == 0 ? convolution(a) : transposed(a);
      default:
        return move(a);
    }
  }

  ValueId constant_like(ValueId a, double value) { return b_.constant(value, shape_of(a)); }
  /// a^2 + 1/2.
  ValueId positive(ValueId a) { return b_.add(b_.multiply(a, a), constant_like(a, 0.5)); }

  ValueId unary(ValueId a) {
    using enum Primitive;
    const auto apply = [&](Primitive op, ValueId x) { return b_.pointwise(op, {x}); };
    switch (below(options_.smooth ? 8 : 12)) {
      case 0:
        return apply(exp, apply(tanh, a));
      case 1:
        return apply(log, positive(a));
      case 2:
        return apply(sqrt, positive(a));
      case 3:
        return apply(sin, a);
      case 4:
        return apply(cos, a);
      case 5:
        return apply(tanh, a);
      case 6:
        return apply(erf, a);
      case 7:
        return b_.negate(a);
      case 8:
        return apply(relu, a);
      case 9:
        return apply(abs, a);
      case 10:
        return apply(floor, b_.scale(a, 3));
      default:
        return b_.stop_gradient(a);
    }
  }

  ValueId binary(ValueId a, ValueId c) {
    using enum Primitive;
    const auto apply = [&](Primitive op, ValueId x, ValueId y) { return b_.pointwise(op, {x, y}); };
    switch (below(options_.smooth ? 6 : 10)) {
      case 0:
        return b_.add(a, c);
      case 1:
        return b_.subtract(a, c);
      case 2:
      case 3:
        return b_.multiply(b_.pointwise(tanh, {a}), c);
      case 4:
        return b_.divide(a, positive(c));
      case 5:
        return apply(power, positive(b_.pointwise(tanh, {a})), b_.pointwise(tanh, {c}));
      case 6:
        return apply(maximum, a, c);
      case 7:
        return apply(minimum, a, c);
      case 8:
        return b_.pointwise(select, {apply(less, a, c), c, b_.negate(a)});
      default:
        return b_.multiply(apply(less, a, c), a);
    }
  }

  ValueId scaled(ValueId a, std::int64_t terms) { return b_.scale(a, 1 / std::sqrt(static_cast<double>(terms))); }

  ValueId reduce(ValueId a) {
    std::vector<int> axes;
    std::int64_t terms = 1;
    for (int i = 0; i < static_cast<int>(shape_of(a).size()); ++i)
      if (below(2) == 0) {
        axes.push_back(i);
        terms *= shape_of(a)[i];
      }
    if (!options_.smooth && below(2) == 0) return b_.reduce(Primitive::reduce_max, a, axes);
    return scaled(b_.reduce_sum(a, axes), terms);
  }

  static Affine affine(std::size_t indices, std::vector<std::pair<std::size_t, std::int64_t>> terms,
                       std::int64_t offset = 0) {
    Affine result{std::vector<std::int64_t>(indices, 0), offset};
    for (const auto& [index, coefficient] : terms) result.coefficients[index] = coefficient;
    return result;
  }
  static graph::AffineMap bare(std::size_t indices, std::size_t count) {
    graph::AffineMap map;
    for (std::size_t i = 0; i < count; ++i) map.push_back(affine(indices, {{i, 1}}));
    return map;
  }

  /// One axis replaced by a contraction with a matrix; the matrix may be varying.
  ValueId matrix(ValueId a) {
    const Shape from = shape_of(a);
    const std::size_t rank = from.size(), axis = below(static_cast<std::int64_t>(rank));
    Shape to = from;
    to[axis] = extent();
    const ValueId weight = leaf({to[axis], from[axis]}, below(4) == 0);
    Shape space = to;
    space.push_back(from[axis]);
    auto of_a = bare(rank + 1, rank);
    of_a[axis] = affine(rank + 1, {{rank, 1}});
    const graph::AffineMap of_weight{affine(rank + 1, {{axis, 1}}), affine(rank + 1, {{rank, 1}})};
    return scaled(b_.contract({space, {of_weight, of_a}, bare(rank + 1, rank)}, {weight, a}, to), from[axis]);
  }

  /// The sum over the last axis of the product of two or three values of one shape.
  ValueId product(ValueId a) {
    const Shape from = shape_of(a);
    std::vector<ValueId> operands(2 + below(2), a);
    for (std::size_t k = 1; k < operands.size(); ++k) operands[k] = partner(from);
    const Shape to(from.begin(), from.end() - 1);
    const auto map = bare(from.size(), from.size());
    return scaled(b_.contract({from, std::vector<graph::AffineMap>(operands.size(), map), bare(from.size(), to.size())},
                              operands, to),
                  from.back());
  }

  struct Window {
    std::int64_t kernel, stride, pad;
  };
  Window window(std::int64_t extent) {
    const std::int64_t kernel = 1 + below(std::min<std::int64_t>(3, extent));
    return {kernel, 1 + below(3), below(kernel)};
  }

  /// The leading axis mixed as channels (when there are two axes or more), a window along each other axis.
  ValueId convolution(ValueId a) { return windowed(a, false); }
  /// The same with the roles of input and output positions swapped: a scattered output.
  ValueId transposed(ValueId a) { return windowed(a, true); }

  ValueId windowed(ValueId a, bool scattered) {
    const Shape from = shape_of(a);
    const std::size_t lead = from.size() > 1 ? 1 : 0, axes = from.size() - lead, indices = 2 * lead + 2 * axes;
    // Indices: output channel, positions, input channel, window offsets.
    Shape to, space, kernel;
    graph::AffineMap of_a, of_weight, of_y;
    std::int64_t terms = 1;
    if (lead) {
      to.push_back(extent());
      space.push_back(to[0]);
      of_y.push_back(affine(indices, {{0, 1}}));
      of_a.push_back(affine(indices, {{1 + axes, 1}}));
    }
    std::vector<Window> windows;
    for (std::size_t k = 0; k < axes; ++k) {
      const Window w = window(from[lead + k]);
      const std::int64_t size = from[lead + k];
      const std::size_t position = lead + k, offset = 2 * lead + axes + k;
      to.push_back(scattered ? std::max<std::int64_t>(1, (size - 1) * w.stride + w.kernel - w.pad)
                             : (size + 2 * w.pad - w.kernel) / w.stride + 1);
      space.push_back(scattered ? size : to.back());
      const Affine moved = affine(indices, {{position, w.stride}, {offset, 1}}, -w.pad);
      const Affine still = affine(indices, {{position, 1}});
      of_a.push_back(scattered ? still : moved);
      of_y.push_back(scattered ? moved : still);
      windows.push_back(w);
      terms *= w.kernel;
    }
    if (lead) {
      space.push_back(from[0]);
      kernel = {to[0], from[0]};
      of_weight = {affine(indices, {{0, 1}}), affine(indices, {{1 + axes, 1}})};
      terms *= from[0];
    }
    for (std::size_t k = 0; k < axes; ++k) {
      space.push_back(windows[k].kernel);
      kernel.push_back(windows[k].kernel);
      of_weight.push_back(affine(indices, {{2 * lead + axes + k, 1}}));
    }
    const ValueId weight = leaf(kernel, false);
    return scaled(b_.contract({space, {of_weight, of_a}, of_y}, {weight, a}, to), terms);
  }

  ValueId move(ValueId a) {
    const Shape from = shape_of(a);
    switch (below(6)) {
      case 0:
        return b_.reshape(a, {graph::element_count(from)});
      case 1: {
        std::vector<int> axes(from.size());
        std::iota(axes.begin(), axes.end(), 0);
        for (std::size_t i = axes.size(); i > 1; --i) std::swap(axes[i - 1], axes[below(static_cast<std::int64_t>(i))]);
        return b_.permute(a, axes);
      }
      case 2:
        return strided(a, false);
      case 3:
        return strided(a, true);
      case 4: {
        const ValueId c = partner(from);
        return b_.concat({a, c}, static_cast<int>(below(static_cast<std::int64_t>(from.size()))));
      }
      default: {
        if (from.size() > 2) return b_.reshape(a, {graph::element_count(from)});
        Shape to = from;
        std::vector<int> axes(from.size());
        std::iota(axes.begin(), axes.end(), 0);
        const auto at = below(static_cast<std::int64_t>(from.size()) + 1);
        to.insert(to.begin() + at, extent());
        for (auto& axis : axes) axis += axis >= at;
        return b_.broadcast(a, to, axes);
      }
    }
  }

  ValueId strided(ValueId a, bool pad) {
    const Shape from = shape_of(a);
    Shape to = from;
    std::vector<std::int64_t> start(from.size()), step(from.size());
    for (std::size_t i = 0; i < from.size(); ++i) {
      step[i] = 1 + below(2);
      start[i] = below(pad ? 3 : from[i]);
      if (pad)
        to[i] = start[i] + step[i] * (from[i] - 1) + 1 + below(2);
      else
        to[i] = 1 + below((from[i] - 1 - start[i]) / step[i] + 1);
    }
    return pad ? b_.pad(a, start, step, to) : b_.slice(a, start, step, to);
  }

  void name_outputs() {
    std::vector<bool> used(g_.nodes.size(), false);
    for (const auto& node : g_.nodes)
      for (const ValueId operand : node.operands) used[operand] = true;
    for (ValueId id = 0; id < g_.nodes.size(); ++id)
      if (!used[id] && !g_[id].operands.empty()) g_.outputs.push_back({"y" + std::to_string(g_.outputs.size()), id});
  }

  graph::Graph& g_;
  graph::Builder b_;
  std::mt19937_64 random_;
  RandomGraphOptions options_;
  std::vector<ValueId> values_;
  int inputs_ = 0, params_ = 0;
};

}  // namespace

graph::Graph random_graph(std::uint64_t seed, const RandomGraphOptions& options) {
  graph::Graph g;
  g.name = "random_" + std::to_string(seed);
  Generator(g, seed, options).run();
  return g;
}

ValueId total_loss(graph::Graph& g) {
  graph::Builder b(g);
  ValueId total = graph::no_value;
  for (const auto& output : std::vector(g.outputs)) {
    const ValueId loss = weighted_loss(g, output.value);
    total = total == graph::no_value ? loss : b.add(total, loss);
  }
  return total == graph::no_value ? b.constant(0) : total;
}

}  // namespace qiln::test
