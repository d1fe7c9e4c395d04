// The paper's lightweight U-Net without a gate, built node by node: what the compiler's tests need before, and apart
// from, the language. Parameter paths are those of models/v7_plain.qiln.
#pragma once

#include <cmath>
#include <string>

#include "compiler/graph/build.h"

namespace qiln::test {

class NetworkBuilder {
 public:
  explicit NetworkBuilder(graph::Graph& graph) : b(graph) {}
  graph::Builder b;

  graph::ValueId weight(const std::string& path, graph::Shape shape, double bound) {
    return b.param({path, true, graph::Initialiser::uniform, -bound, bound}, std::move(shape));
  }

  graph::ValueId biased(graph::ValueId y, const std::string& path, double bound) {
    const graph::Shape shape = b.graph().shape(y);
    return b.add(y, b.broadcast_left(weight(path + ".bias", {shape[0]}, bound), shape));
  }

  graph::ValueId conv(graph::ValueId x, std::int64_t out, std::int64_t kernel, std::int64_t stride,
                      const std::string& path) {
    const graph::Shape in = b.graph().shape(x);
    std::int64_t pad = kernel / 2, h = (in[1] + 2 * pad - kernel) / stride + 1,
                 w = (in[2] + 2 * pad - kernel) / stride + 1;
    double bound = 1 / std::sqrt(static_cast<double>(in[0] * kernel * kernel));
    graph::ValueId k = weight(path + ".weight", {out, in[0], kernel, kernel}, bound);
    // indices: o r c i u v
    graph::ContractAttributes c{
        {out, h, w, in[0], kernel, kernel},
        {{{{1, 0, 0, 0, 0, 0}, 0}, {{0, 0, 0, 1, 0, 0}, 0}, {{0, 0, 0, 0, 1, 0}, 0}, {{0, 0, 0, 0, 0, 1}, 0}},
         {{{0, 0, 0, 1, 0, 0}, 0}, {{0, stride, 0, 0, 1, 0}, -pad}, {{0, 0, stride, 0, 0, 1}, -pad}}},
        {{{1, 0, 0, 0, 0, 0}, 0}, {{0, 1, 0, 0, 0, 0}, 0}, {{0, 0, 1, 0, 0, 0}, 0}}};
    return biased(b.contract(c, {k, x}, {out, h, w}), path, bound);
  }

  /// Kernel 2, stride 2.
  graph::ValueId conv_transpose(graph::ValueId x, std::int64_t out, const std::string& path) {
    const graph::Shape in = b.graph().shape(x);
    double bound = 1 / std::sqrt(static_cast<double>(out * 4));
    graph::ValueId k = weight(path + ".weight", {in[0], out, 2, 2}, bound);
    // indices: o i r c u v
    graph::ContractAttributes c{
        {out, in[0], in[1], in[2], 2, 2},
        {{{{0, 1, 0, 0, 0, 0}, 0}, {{1, 0, 0, 0, 0, 0}, 0}, {{0, 0, 0, 0, 1, 0}, 0}, {{0, 0, 0, 0, 0, 1}, 0}},
         {{{0, 1, 0, 0, 0, 0}, 0}, {{0, 0, 1, 0, 0, 0}, 0}, {{0, 0, 0, 1, 0, 0}, 0}}},
        {{{1, 0, 0, 0, 0, 0}, 0}, {{0, 0, 2, 0, 1, 0}, 0}, {{0, 0, 0, 2, 0, 1}, 0}}};
    return biased(b.contract(c, {k, x}, {out, 2 * in[1], 2 * in[2]}), path, bound);
  }

  graph::ValueId linear(graph::ValueId x, std::int64_t out, const std::string& path) {
    std::int64_t in = b.graph().shape(x)[0];
    double bound = 1 / std::sqrt(static_cast<double>(in));
    graph::ValueId k = weight(path + ".weight", {out, in}, bound);
    graph::ContractAttributes c{{out, in}, {{{{1, 0}, 0}, {{0, 1}, 0}}, {{{0, 1}, 0}}}, {{{1, 0}, 0}}};
    return biased(b.contract(c, {k, x}, {out}), path, bound);
  }

  graph::ValueId relu(graph::ValueId x) { return b.pointwise(Primitive::relu, {x}); }

  graph::ValueId sinusoidal(graph::ValueId t, std::int64_t n) {
    std::vector<double> frequency;
    for (int i = 0; i < n / 2; ++i) frequency.push_back(std::exp(-std::log(1e4) * i / static_cast<double>(n / 2 - 1)));
    graph::ValueId f = b.constant(frequency, {n / 2});
    graph::ValueId angle = b.multiply(b.broadcast(t, {n / 2}, {}), f);
    return b.concat({b.pointwise(Primitive::sin, {angle}), b.pointwise(Primitive::cos, {angle})});
  }
};

/// (x: [1, 28, 28], t: []) -> "out" [1, 28, 28]
inline graph::Graph v7_plain_network() {
  graph::Graph g;
  g.name = "UNet";
  NetworkBuilder n(g);
  auto x = n.b.input("x", {{1, 28, 28}, true}), t = n.b.input("t", {{}, true});
  auto e1 = n.relu(n.conv(x, 32, 3, 1, "e1.conv"));
  auto e2 = n.relu(n.conv(e1, 64, 3, 2, "e2.conv"));
  auto e3 = n.relu(n.conv(e2, 128, 3, 2, "e3.conv"));
  auto time = n.linear(n.sinusoidal(t, 128), 128, "h.linear");
  auto h = n.b.add(e3, n.b.broadcast_left(time, g.shape(e3)));
  auto inner = n.conv(n.relu(n.conv(h, 128, 3, 1, "h.ResBlock.h.conv")), 128, 3, 1, "h.ResBlock.h.conv_2");
  h = n.relu(n.b.add(h, inner));
  auto d = n.relu(n.conv_transpose(h, 64, "d.conv_transpose"));
  d = n.relu(n.conv_transpose(d, 32, "d.conv_transpose_2"));
  auto out = n.conv(n.b.concat({d, e1}), 1, 3, 1, "out.conv");
  g.outputs.push_back({"out", out});
  return g;
}

}  // namespace qiln::test
