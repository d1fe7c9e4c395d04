// The lightweight U-Net without its gate (models/v7_plain.qiln), built node by node, so that tests of the levels below
// the language need no front end.
#pragma once

#include <cmath>
#include <string>

#include "compiler/differentiate.h"
#include "compiler/graph/build.h"

namespace qiln::testing {

class UNetGraph {
 public:
  explicit UNetGraph(std::int64_t channels = 32, std::int64_t size = 28)
      : b_(graph_), channels_(channels), size_(size) {}

  /// Inputs "x" and "target" [1, size, size], "t" [], "inverse_batch"; outputs "loss" and one gradient a parameter.
  graph::Graph training() {
    const auto x = b_.input("x", {{1, size_, size_}, true});
    const auto t = b_.input("t", {{}, true});
    const auto prediction = network(x, t);
    const auto target = b_.input("target", {{1, size_, size_}, true});
    const auto difference = b_.subtract(prediction, target);
    const auto square = b_.multiply(difference, difference);
    const auto per_sample = b_.scale(b_.reduce_sum(square, {0, 1, 2}), 1.0 / static_cast<double>(size_ * size_));
    const auto inverse_batch = b_.input("inverse_batch", {{}, false});
    const auto loss = b_.multiply(b_.batch_sum(per_sample), inverse_batch);
    graph_.outputs.push_back({"loss", loss});
    const auto derivatives = gradients(graph_, loss, params_);
    for (std::size_t k = 0; k < params_.size(); ++k)
      graph_.outputs.push_back({"gradient." + graph_[params_[k]].as<graph::ParamAttributes>().path, derivatives[k]});
    return std::move(graph_);
  }

 private:
  using ValueId = graph::ValueId;
  using Shape = graph::Shape;

  ValueId network(ValueId x, ValueId t) {
    const auto c = channels_;
    const auto e1 = relu(conv("e1", x, c, 3, 1));
    const auto e2 = relu(conv("e2", e1, 2 * c, 3, 2));
    const auto e3 = relu(conv("e3", e2, 4 * c, 3, 2));
    const auto embedded = linear("time", sinusoidal(t, 4 * c), 4 * c);
    const auto h0 = b_.add(e3, b_.broadcast_left(embedded, graph_.shape(e3)));
    const auto h1 = conv("r2", relu(conv("r1", h0, 4 * c, 3, 1)), 4 * c, 3, 1);
    const auto h2 = relu(b_.add(h0, h1));
    const auto d1 = relu(conv_transpose("d1", h2, 2 * c));
    const auto d2 = relu(conv_transpose("d2", d1, c));
    return conv("out", b_.concat({d2, e1}), 1, 3, 1);
  }

  ValueId param(const std::string& path, Shape shape) {
    graph::ParamAttributes attributes;
    attributes.path = path;
    params_.push_back(b_.param(attributes, std::move(shape)));
    return params_.back();
  }
  ValueId relu(ValueId x) { return b_.pointwise(Primitive::relu, {x}); }

  ValueId biased(const std::string& name, ValueId y) {
    const auto bias = param(name + ".bias", {graph_.shape(y)[0]});
    return b_.add(y, b_.broadcast_left(bias, graph_.shape(y)));
  }

  ValueId conv(const std::string& name, ValueId x, std::int64_t out, std::int64_t kernel, std::int64_t stride) {
    const Shape in = graph_.shape(x);
    const std::int64_t pad = kernel / 2, size = (in[1] + 2 * pad - kernel) / stride + 1;
    const auto weight = param(name + ".weight", {out, in[0], kernel, kernel});
    // indices o r c i u v
    graph::ContractAttributes a;
    a.space = {out, size, size, in[0], kernel, kernel};
    a.operands = {{index(0), index(3), index(4), index(5)},
                  {index(3), sum(1, stride, 4, -pad), sum(2, stride, 5, -pad)}};
    a.output = {index(0), index(1), index(2)};
    return biased(name, b_.contract(a, {weight, x}, {out, size, size}));
  }

  /// Kernel and stride 2.
  ValueId conv_transpose(const std::string& name, ValueId x, std::int64_t out) {
    const Shape in = graph_.shape(x);
    const auto weight = param(name + ".weight", {in[0], out, 2, 2});
    // indices o r c i u v
    graph::ContractAttributes a;
    a.space = {out, in[1], in[2], in[0], 2, 2};
    a.operands = {{index(3), index(0), index(4), index(5)}, {index(3), index(1), index(2)}};
    a.output = {index(0), sum(1, 2, 4, 0), sum(2, 2, 5, 0)};
    return biased(name, b_.contract(a, {weight, x}, {out, 2 * in[1], 2 * in[2]}));
  }

  ValueId linear(const std::string& name, ValueId x, std::int64_t out) {
    const std::int64_t in = graph_.shape(x)[0];
    const auto weight = param(name + ".weight", {out, in});
    graph::ContractAttributes a{{out, in}, {}, {}};
    a.operands = {{{{1, 0}, 0}, {{0, 1}, 0}}, {{{0, 1}, 0}}};
    a.output = {{{1, 0}, 0}};
    return biased(name, b_.contract(a, {weight, x}, {out}));
  }

  ValueId sinusoidal(ValueId t, std::int64_t width) {
    const std::int64_t half = width / 2;
    std::vector<double> frequencies(static_cast<std::size_t>(half));
    for (std::int64_t i = 0; i < half; ++i)
      frequencies[i] = std::exp(-std::log(1e4) * static_cast<double>(i) / static_cast<double>(half - 1));
    const auto angle = b_.multiply(b_.broadcast(t, {half}, {}), b_.constant(frequencies, {half}));
    return b_.concat({b_.pointwise(Primitive::sin, {angle}), b_.pointwise(Primitive::cos, {angle})});
  }

  static graph::Affine index(int k) {
    graph::Affine e{std::vector<std::int64_t>(6, 0), 0};
    e.coefficients[k] = 1;
    return e;
  }
  static graph::Affine sum(int k, std::int64_t factor, int l, std::int64_t offset) {
    graph::Affine e = index(l);
    e.coefficients[k] = factor;
    e.offset = offset;
    return e;
  }

  graph::Graph graph_;
  graph::Builder b_;
  std::int64_t channels_, size_;
  std::vector<ValueId> params_;
};

}  // namespace qiln::testing
