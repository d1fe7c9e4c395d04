#include "tests/runtime/layers.h"

#include <cmath>
#include <numeric>

namespace qiln::test {
namespace {

using graph::Affine;
using graph::Builder;
using graph::ContractAttributes;
using graph::no_value;
using graph::Shape;
using graph::ValueId;

/// Along `axis` of a value.
ValueId add_bias(Builder& b, ValueId y, ValueId bias, int axis) {
  if (bias == no_value) return y;
  const Shape shape = b.graph().shape(y);
  return b.add(y, b.broadcast(bias, shape, {axis}));
}

/// sum of coefficients[k] * index k, plus offset, over `indices` indices.
Affine affine(std::size_t indices, std::vector<std::pair<int, std::int64_t>> terms, std::int64_t offset = 0) {
  Affine result{std::vector<std::int64_t>(indices, 0), offset};
  for (const auto& [index, coefficient] : terms) result.coefficients[index] = coefficient;
  return result;
}

}  // namespace

ValueId conv(Builder& b, ValueId x, ValueId weight, ValueId bias, int stride, int pad) {
  const Shape in = b.graph().shape(x), kernel = b.graph().shape(weight);
  const auto extent = [&](int axis) { return (in[axis] + 2 * pad - kernel[axis + 1]) / stride + 1; };
  const Shape out{kernel[0], extent(1), extent(2)};
  enum { o, r, c, i, u, v, indices };
  const auto at = [](int index) { return affine(indices, {{index, 1}}); };
  const ContractAttributes attributes{
      {out[0], out[1], out[2], in[0], kernel[2], kernel[3]},
      {{at(o), at(i), at(u), at(v)},
       {at(i), affine(indices, {{r, stride}, {u, 1}}, -pad), affine(indices, {{c, stride}, {v, 1}}, -pad)}},
      {at(o), at(r), at(c)}};
  return add_bias(b, b.contract(attributes, {weight, x}, out), bias, 0);
}

ValueId conv_transpose(Builder& b, ValueId x, ValueId weight, ValueId bias, int stride) {
  const Shape in = b.graph().shape(x), kernel = b.graph().shape(weight);
  const Shape out{kernel[1], (in[1] - 1) * stride + kernel[2], (in[2] - 1) * stride + kernel[3]};
  enum { o, r, c, i, u, v, indices };
  const auto at = [](int index) { return affine(indices, {{index, 1}}); };
  const ContractAttributes attributes{
      {out[0], in[1], in[2], in[0], kernel[2], kernel[3]},
      {{at(i), at(o), at(u), at(v)}, {at(i), at(r), at(c)}},
      {at(o), affine(indices, {{r, stride}, {u, 1}}), affine(indices, {{c, stride}, {v, 1}})}};
  return add_bias(b, b.contract(attributes, {weight, x}, out), bias, 0);
}

ValueId linear(Builder& b, ValueId x, ValueId weight, ValueId bias) {
  const Shape in = b.graph().shape(x), kernel = b.graph().shape(weight);
  const std::size_t leading = in.size() - 1, indices = in.size() + 1;  // leading axes, o, i
  Shape out = in, space = in;
  out.back() = space.back() = kernel[0];
  space.push_back(kernel[1]);
  graph::AffineMap of_x, of_y;
  for (std::size_t k = 0; k < leading; ++k) of_x.push_back(affine(indices, {{static_cast<int>(k), 1}}));
  of_y = of_x;
  const Affine o = affine(indices, {{static_cast<int>(leading), 1}});
  const Affine i = affine(indices, {{static_cast<int>(leading) + 1, 1}});
  of_x.push_back(i);
  of_y.push_back(o);
  const ValueId y = b.contract({space, {{o, i}, of_x}, of_y}, {weight, x}, out);
  return add_bias(b, y, bias, static_cast<int>(leading));
}

ValueId mean(Builder& b, ValueId x, std::vector<int> axes) {
  double count = 1;
  for (const int axis : axes) count *= static_cast<double>(b.graph().shape(x)[axis]);
  return b.scale(b.reduce_sum(x, std::move(axes)), 1 / count);
}

ValueId relu(Builder& b, ValueId x) { return b.pointwise(Primitive::relu, {x}); }

ValueId sigmoid(Builder& b, ValueId x) {
  const Shape shape = b.graph().shape(x);
  const ValueId one = b.constant(1, shape);
  return b.divide(one, b.add(one, b.pointwise(Primitive::exp, {b.negate(x)})));
}

ValueId sinusoidal(Builder& b, ValueId t, int width) {
  const int half = width / 2;
  std::vector<double> frequencies;
  for (int i = 0; i < half; ++i) frequencies.push_back(std::exp(-std::log(1e4) * i / (half - 1)));
  const ValueId angle = b.multiply(b.broadcast(t, {half}, {}), b.constant(frequencies, {half}));
  return b.concat({b.pointwise(Primitive::sin, {angle}), b.pointwise(Primitive::cos, {angle})});
}

graph::Graph v7(bool squeeze_and_excite) {
  graph::Graph g;
  g.name = squeeze_and_excite ? "v7_se" : "v7_plain";
  Builder b(g);
  const auto param = [&](const std::string& path, Shape shape) { return b.param({path}, std::move(shape)); };
  struct Layer {
    ValueId weight, bias;
  };
  const auto layer = [&](const std::string& path, Shape shape, int out_axis = 0) {
    const Shape bias{shape[out_axis]};
    const ValueId weight = param(path + ".weight", std::move(shape));
    return Layer{weight, param(path + ".bias", bias)};
  };
  const auto same = [&](ValueId x, const Layer& l, int stride = 1) { return conv(b, x, l.weight, l.bias, stride, 1); };
  const auto up = [&](ValueId x, const Layer& l) { return conv_transpose(b, x, l.weight, l.bias, 2); };

  const ValueId x = b.input("x", {{1, 28, 28}, true}), t = b.input("t", {{}, true});
  const ValueId e1 = relu(b, same(x, layer("e1.conv", {32, 1, 3, 3})));
  const ValueId e2 = relu(b, same(e1, layer("e2.conv", {64, 32, 3, 3}), 2));
  const ValueId e3 = relu(b, same(e2, layer("e3.conv", {128, 64, 3, 3}), 2));
  const Layer time = layer("h.linear", {128, 128});
  const ValueId embedding = linear(b, sinusoidal(b, t, 128), time.weight, time.bias);
  const ValueId middle = b.add(e3, b.broadcast_left(embedding, {128, 7, 7}));
  const ValueId inner = relu(b, same(middle, layer("h.ResBlock.h.conv", {128, 128, 3, 3})));
  ValueId h = relu(b, b.add(middle, same(inner, layer("h.ResBlock.h.conv_2", {128, 128, 3, 3}))));
  if (squeeze_and_excite) {
    const Layer squeeze = layer("g.linear", {16, 128}), excite = layer("g.linear_2", {128, 16});
    const ValueId squeezed = relu(b, linear(b, mean(b, h, {1, 2}), squeeze.weight, squeeze.bias));
    h = b.multiply(h, b.broadcast_left(linear(b, squeezed, excite.weight, excite.bias), {128, 7, 7}));
  }
  const ValueId d1 = relu(b, up(h, layer("d.conv_transpose", {128, 64, 2, 2}, 1)));
  const ValueId d2 = relu(b, up(d1, layer("d.conv_transpose_2", {64, 32, 2, 2}, 1)));
  g.outputs.push_back({"y", same(b.concat({d2, e1}), layer("out.conv", {1, 64, 3, 3}))});
  return g;
}

ValueId mean_squared_error(graph::Graph& g, ValueId value, std::int64_t batch) {
  Builder b(g);
  const Shape shape = g.shape(value);
  const ValueId difference = b.subtract(value, b.input("target", {shape, true}));
  std::vector<int> axes(shape.size());
  std::iota(axes.begin(), axes.end(), 0);
  const ValueId total = b.batch_sum(b.reduce_sum(b.multiply(difference, difference), axes));
  return b.scale(total, 1 / static_cast<double>(batch * graph::element_count(shape)));
}

}  // namespace qiln::test
