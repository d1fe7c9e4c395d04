#include "compiler/differentiate.h"

#include <cmath>
#include <functional>

#include "tests/catch.h"
#include "tests/runtime/differences.h"

using namespace qiln;
using namespace qiln::test;
using graph::Builder;
using graph::Graph;
using graph::Type;
using graph::ValueId;

namespace {

/// A leaf that is varying or uniform, as the bits of `kinds` say.
ValueId leaf(Builder& b, const std::string& name, graph::Shape shape, bool varying) {
  if (varying) return b.input(name, {shape, true});
  return b.param({name}, shape);
}

/// What compare_gradients says of value(builder, operands), for every mix of uniform and varying operands.
std::string check(const std::vector<graph::Shape>& shapes,
                  const std::function<ValueId(Builder&, const std::vector<ValueId>&)>& value, double scale = 1,
                  double offset = 0) {
  std::string problems;
  for (unsigned mix = 0; mix < 1u << shapes.size(); ++mix) {
    Graph g;
    Builder b(g);
    std::vector<ValueId> operands;
    for (std::size_t k = 0; k < shapes.size(); ++k)
      operands.push_back(leaf(b, "x" + std::to_string(k), shapes[k], mix >> k & 1));
    const ValueId loss = weighted_loss(g, value(b, operands));
    problems += compare_gradients(g, loss, formula_feed(g, 3, scale, offset));
  }
  return problems;
}

graph::Affine affine(std::vector<std::int64_t> coefficients, std::int64_t offset = 0) { return {coefficients, offset}; }

}  // namespace

TEST_CASE("pointwise rules agree with central differences", "[differentiate]") {
  struct Row {
    Primitive op;
    double scale, offset;  // of the operands: away from kinks and poles
  };
  using enum Primitive;
  const auto row =
      GENERATE(Row{add, 1, 0}, Row{subtract, 1, 0}, Row{multiply, 1, 0}, Row{divide, 1, 2}, Row{negate, 1, 0},
               Row{maximum, 1, 0}, Row{minimum, 1, 0}, Row{power, 1, 2}, Row{exp, 2, 0}, Row{log, 1, 2},
               Row{sqrt, 1, 2}, Row{sin, 3, 0}, Row{cos, 3, 0}, Row{tanh, 2, 0}, Row{erf, 2, 0}, Row{relu, 1, 0},
               Row{abs, 1, 0}, Row{floor, 1, 0.25}, Row{less, 1, 0}, Row{equal, 1, 0}, Row{select, 1, 0});
  const std::vector<graph::Shape> shapes(primitive(row.op).arity, {2, 3});
  INFO(primitive(row.op).name);
  CHECK(check(
            shapes, [&](Builder& b, const auto& x) { return b.pointwise(row.op, x); }, row.scale, row.offset) == "");
}

TEST_CASE("powers with a constant exponent agree with central differences", "[differentiate]") {
  const double exponent = GENERATE(0.0, 1.0, 2.0, 3.0, -1.5);
  CHECK(check(
            {{2, 3}},
            [&](Builder& b, const auto& x) {
              return b.pointwise(Primitive::power, {x[0], b.constant(exponent, {2, 3})});
            },
            1, 2) == "");
}

TEST_CASE("reduction rules agree with central differences", "[differentiate]") {
  const std::vector<int> axes = GENERATE(std::vector<int>{0}, std::vector<int>{1, 2}, std::vector<int>{0, 1, 2});
  CHECK(check({{2, 3, 4}}, [&](Builder& b, const auto& x) { return b.reduce_sum(x[0], axes); }) == "");
  CHECK(check({{2, 3, 4}}, [&](Builder& b, const auto& x) { return b.reduce(Primitive::reduce_max, x[0], axes); }) ==
        "");
}

TEST_CASE("contraction rules agree with central differences", "[differentiate]") {
  // o r c i u v: y[o, r, c] += w[o, i, u, v] x[i, 2 r + u - 1, 2 c + v - 1]
  const graph::ContractAttributes convolution{
      {2, 3, 2, 2, 3, 3},
      {{affine({1, 0, 0, 0, 0, 0}), affine({0, 0, 0, 1, 0, 0}), affine({0, 0, 0, 0, 1, 0}), affine({0, 0, 0, 0, 0, 1})},
       {affine({0, 0, 0, 1, 0, 0}), affine({0, 2, 0, 0, 1, 0}, -1), affine({0, 0, 2, 0, 0, 1}, -1)}},
      {affine({1, 0, 0, 0, 0, 0}), affine({0, 1, 0, 0, 0, 0}), affine({0, 0, 1, 0, 0, 0})}};
  CHECK(check({{2, 2, 3, 3}, {2, 5, 4}}, [&](Builder& b, const auto& x) {
          return b.contract(convolution, {x[0], x[1]}, {2, 3, 2});
        }) == "");
  // r u: y[2 r + u] += w[u] x[r], some points of which leave y; and x read backwards
  const graph::ContractAttributes scatter{{4, 3}, {{affine({0, 1})}, {affine({-1, 0}, 3)}}, {affine({2, 1}, -1)}};
  CHECK(check({{3}, {4}}, [&](Builder& b, const auto& x) { return b.contract(scatter, {x[0], x[1]}, {7}); }) == "");
  // i j: y[] += a[i] a[j] m[i, j]; one operand twice
  const graph::ContractAttributes quadratic{
      {3, 3}, {{affine({1, 0})}, {affine({0, 1})}, {affine({1, 0}), affine({0, 1})}}, {}};
  CHECK(check({{3}, {3, 3}}, [&](Builder& b, const auto& x) {
          return b.contract(quadratic, {x[0], x[0], x[1]}, {});
        }) == "");
}

TEST_CASE("movement rules agree with central differences", "[differentiate]") {
  const auto squared = [](Builder& b, ValueId x) { return b.multiply(x, x); };
  CHECK(check({{2, 6}}, [&](Builder& b, const auto& x) { return squared(b, b.reshape(x[0], {3, 4})); }) == "");
  CHECK(check({{2, 3, 4}}, [&](Builder& b, const auto& x) { return squared(b, b.permute(x[0], {2, 0, 1})); }) == "");
  CHECK(check({{5, 4}}, [&](Builder& b, const auto& x) {
          return squared(b, b.slice(x[0], {1, 0}, {2, 3}, {2, 2}));
        }) == "");
  CHECK(check({{2, 2}}, [&](Builder& b, const auto& x) {
          return squared(b, b.pad(x[0], {1, 0}, {2, 3}, {5, 4}));
        }) == "");
  CHECK(check({{2, 3}, {1, 3}, {2, 3}}, [&](Builder& b, const auto& x) {
          return squared(b, b.concat({x[0], x[1], x[2], x[0]}));
        }) == "");
  CHECK(check({{2, 3}, {2, 1}}, [&](Builder& b, const auto& x) {
          return squared(b, b.concat({x[0], x[1]}, 1));
        }) == "");
  CHECK(check({{3}}, [&](Builder& b, const auto& x) { return squared(b, b.broadcast(x[0], {2, 3, 2}, {1})); }) == "");
}

TEST_CASE("uniform values meet varying ones", "[differentiate]") {
  CHECK(check({{2, 3}, {2}, {}}, [](Builder& b, const auto& x) {
          const ValueId bias = b.broadcast_left(x[1], {2, 3}), gain = b.broadcast_left(x[2], {2, 3});
          const ValueId y = b.add(b.multiply(x[0], gain), bias);
          return b.add(b.multiply(y, y), bias);
        }) == "");
  SECTION("a sum over the batch feeds later varying values") {
    Graph g;
    Builder b(g);
    const ValueId x = b.input("x", {{2}, true}), w = b.param({"w"}, {2});
    const ValueId centre = b.batch_sum(b.multiply(b.add(x, w), w));
    const ValueId loss = weighted_loss(g, b.multiply(b.subtract(x, centre), b.add(x, w)));
    CHECK(compare_gradients(g, loss, formula_feed(g, 3)) == "");
  }
}

TEST_CASE("cotangents that are the same for every sample", "[differentiate]") {
  // L = sum over samples of sum(x + w + b): dL/dx = 1, dL/dw = dL/db = number of samples (times 3 columns for b).
  Graph g;
  Builder b(g);
  const ValueId x = b.input("x", {{2, 3}, true}), w = b.param({"w"}, {2, 3}), bias = b.param({"b"}, {2});
  const ValueId y = b.add(b.add(x, w), b.broadcast_left(bias, {2, 3}));
  const ValueId loss = b.reduce_sum(b.batch_sum(y), {0, 1});
  const std::vector<ValueId> wrt{x, w, bias};
  const auto results = gradients(g, loss, wrt);
  const auto values = reference::evaluate<double>(g, formula_feed(g, 5), results);
  CHECK(g.varying(results[0]));
  CHECK((values[results[0]].value == reference::Array<double>::Constant(5, 6, 1)).all());
  CHECK((values[results[1]].value == reference::Array<double>::Constant(1, 6, 5)).all());
  CHECK((values[results[2]].value == reference::Array<double>::Constant(1, 2, 15)).all());
}

TEST_CASE("where nothing flows the gradient is zero", "[differentiate]") {
  Graph g;
  Builder b(g);
  const ValueId x = b.input("x", {{2}, true}), w = b.param({"w"}, {2}), unused = b.param({"u"}, {3});
  const ValueId loss = weighted_loss(g, b.multiply(x, b.stop_gradient(w)));
  const std::vector<ValueId> wrt{w, unused, x};
  const auto results = gradients(g, loss, wrt);
  CHECK(g.type(results[0]) == Type{{2}, false});
  CHECK(g.type(results[1]) == Type{{3}, false});
  const auto values = reference::evaluate<double>(g, formula_feed(g, 2), results);
  CHECK((values[results[0]].value == 0).all());
  CHECK((values[results[1]].value == 0).all());
  CHECK_FALSE((values[results[2]].value == 0).any());
}

TEST_CASE("a bias is summed over its pixels before the batch", "[differentiate]") {
  Graph g;
  Builder b(g);
  const ValueId x = b.input("x", {{2, 3, 3}, true}), bias = b.param({"b"}, {2});
  const ValueId y = b.add(x, b.broadcast_left(bias, {2, 3, 3}));
  const ValueId loss = weighted_loss(g, b.pointwise(Primitive::relu, {y}));
  const ValueId gradient = gradients(g, loss, std::span(&bias, 1))[0];
  REQUIRE(g[gradient].op == Primitive::batch_sum);
  const ValueId reduced = g[gradient].operands[0];
  REQUIRE(g[reduced].op == Primitive::reduce_sum);
  // relu's rule is by output and one node.
  CHECK(g[g[reduced].operands[0]].op == Primitive::select);
}

TEST_CASE("ties share as documented", "[differentiate]") {
  Graph g;
  Builder b(g);
  const ValueId x = b.param({"x"}, {3}), y = b.param({"y"}, {3});
  const ValueId top = b.reduce(Primitive::reduce_max, x, {0});
  const ValueId larger = b.reduce_sum(b.pointwise(Primitive::maximum, {x, y}), {0});
  Feed feed;
  feed.params["x"] = reference::Array<double>{{2, 1, 2}};
  feed.params["y"] = reference::Array<double>{{2, 2, 0}};
  const std::vector<ValueId> wrt{x, y};
  const auto of_top = gradients(g, top, wrt), of_larger = gradients(g, larger, wrt);
  auto values = reference::evaluate<double>(g, feed, of_top);
  CHECK((values[of_top[0]].value == reference::Array<double>{{0.5, 0, 0.5}}).all());
  values = reference::evaluate<double>(g, feed, of_larger);
  CHECK((values[of_larger[0]].value == reference::Array<double>{{1, 0, 1}}).all());
  CHECK((values[of_larger[1]].value == reference::Array<double>{{0, 1, 0}}).all());
}
