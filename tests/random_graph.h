// Random small graphs that use every primitive but the circuit ones, and values to feed them.
#pragma once

#include <algorithm>
#include <numeric>
#include <random>
#include <string>
#include <vector>

#include "compiler/graph/build.h"

namespace qiln::testing {

class RandomGraph {
 public:
  explicit RandomGraph(unsigned seed) : random_(seed), builder_(graph_) {}

  /// Some inputs and parameters and `count` nodes over them; what nothing uses is an output, and some more, and sums.
  graph::Graph make(int count) {
    for (int k = 0; k < 2; ++k) pool_.push_back(builder_.input("x" + std::to_string(k), {shape(), true}));
    pool_.push_back(builder_.input("u", {shape(), false}));
    for (int k = 0; k < 2; ++k) {
      graph::ParamAttributes attributes;
      attributes.path = "p" + std::to_string(k);
      pool_.push_back(builder_.param(attributes, shape()));
    }
    graph::RandomAttributes noise;
    noise.distribution = graph::Distribution::normal;
    noise.site = "noise";
    pool_.push_back(builder_.random(noise, shape()));
    while (static_cast<int>(graph_.nodes.size()) < count) step();
    std::vector<bool> used(graph_.nodes.size());
    for (const auto& node : graph_.nodes)
      for (ValueId operand : node.operands) used[operand] = true;
    const auto pool = pool_;
    for (std::size_t k = 0; k < pool.size(); ++k) {
      if (used[pool[k]] && k % 7 != 0) continue;
      const std::string number = std::to_string(k);
      graph_.outputs.push_back({"y" + number, pool[k]});
      if (graph_.varying(pool[k]) && k % 2 == 0) graph_.outputs.push_back({"s" + number, builder_.batch_sum(pool[k])});
    }
    return std::move(graph_);
  }

 private:
  using Shape = graph::Shape;
  using ValueId = graph::ValueId;

  int below(int n) { return static_cast<int>(random_() % static_cast<unsigned>(n)); }
  Shape shape() {
    static const std::vector<Shape> shapes{{4, 3, 2}, {4, 6}, {6}, {4, 3, 2}, {24}, {}, {2, 1, 3}};
    return shapes[below(static_cast<int>(shapes.size()))];
  }
  ValueId any() { return pool_[below(static_cast<int>(pool_.size()))]; }
  /// Something of the shape of `like`, mostly recent.
  ValueId partner(ValueId like) {
    std::vector<ValueId> fitting;
    for (ValueId id : pool_)
      if (graph_.shape(id) == graph_.shape(like)) fitting.push_back(id);
    if (below(5) == 0) return builder_.constant(0.5, graph_.shape(like));
    return fitting[below(static_cast<int>(fitting.size()))];
  }

  void step() {
    const ValueId a = any();
    const Shape& shape = graph_.shape(a);
    const int rank = static_cast<int>(shape.size());
    ValueId made = a;
    switch (below(14)) {
      case 0:
      case 1:
      case 2: {
        static const Primitive two[] = {Primitive::add, Primitive::subtract, Primitive::multiply, Primitive::maximum};
        const ValueId b = partner(a);
        made = builder_.pointwise(two[below(4)], {a, b});
        break;
      }
      case 3:
      case 4: {
        static const Primitive one[] = {Primitive::relu, Primitive::tanh, Primitive::sin, Primitive::negate};
        made = builder_.pointwise(one[below(4)], {a});
        break;
      }
      case 5:
        made = scaled_sum(a);
        break;
      case 6:
        made = convolution(a);
        break;
      case 7: {
        std::vector<int> axes(rank);
        std::iota(axes.begin(), axes.end(), 0);
        std::shuffle(axes.begin(), axes.end(), random_);
        made = builder_.permute(a, axes);
        break;
      }
      case 8:
        if (graph::element_count(shape) == 24) made = builder_.reshape(a, below(2) ? Shape{4, 6} : Shape{4, 3, 2});
        break;
      case 9:
        made = window(a);
        break;
      case 10:
        if (rank > 0) {
          const ValueId b = partner(a);
          made = builder_.concat({a, b}, below(4) == 0 ? rank - 1 : 0);
        }
        break;
      case 11: {
        Shape wider = shape;
        wider.push_back(2);
        if (graph::element_count(wider) <= 48) made = builder_.broadcast_left(a, wider);
        break;
      }
      case 12:
        if (graph_.varying(a)) made = builder_.scale(builder_.batch_sum(a), 0.1);
        break;
      default:
        made = builder_.stop_gradient(a);
    }
    if (made != a && graph::element_count(graph_.shape(made)) <= 96) pool_.push_back(made);
  }

  ValueId scaled_sum(ValueId a) {
    const int rank = static_cast<int>(graph_.shape(a).size());
    std::vector<int> axes;
    for (int axis = 0; axis < rank; ++axis)
      if (below(2)) axes.push_back(axis);
    return builder_.reduce(below(4) ? Primitive::reduce_sum : Primitive::reduce_max, a, axes);
  }

  /// y[o, p] = sum over k of w[o, k] x[2 p + k - 1] along the last axis, or its scattered counterpart.
  ValueId convolution(ValueId a) {
    if (graph_.shape(a).size() != 1) return a;
    const std::int64_t n = graph_.shape(a)[0], half = (n + 1) / 2;
    graph::ParamAttributes attributes;
    attributes.path = "w" + std::to_string(graph_.nodes.size());
    const ValueId weight = builder_.param(attributes, {3, 3});
    graph::ContractAttributes c;
    const bool scatter = below(2);
    c.space = {3, scatter ? n : half, 3};
    const graph::Affine o{{1, 0, 0}, 0}, p{{0, 1, 0}, 0}, k{{0, 0, 1}, 0}, mixed{{0, 2, 1}, -1};
    c.operands = {{o, k}, {scatter ? p : mixed}};
    c.output = {o, scatter ? mixed : p};
    return builder_.contract(c, {weight, a}, {3, scatter ? 2 * n : half});
  }

  /// A slice or a pad.
  ValueId window(ValueId a) {
    Shape shape = graph_.shape(a);
    const std::size_t rank = shape.size();
    if (rank == 0) return a;
    std::vector<std::int64_t> start(rank, 0), step(rank, 1);
    const int axis = below(static_cast<int>(rank));
    const bool spread = below(3) == 0;
    if (below(2)) {
      if (shape[axis] < 3) return a;
      start[axis] = 1;
      step[axis] = spread ? 2 : 1;
      shape[axis] = spread ? shape[axis] / 2 : shape[axis] - 1;
      return builder_.slice(a, start, step, shape);
    }
    start[axis] = 1;
    step[axis] = spread ? 2 : 1;
    shape[axis] = spread ? 2 * shape[axis] + 1 : shape[axis] + 2;
    return builder_.pad(a, start, step, shape);
  }

  std::mt19937 random_;
  graph::Graph graph_;
  graph::Builder builder_;
  std::vector<ValueId> pool_;
};

}  // namespace qiln::testing
