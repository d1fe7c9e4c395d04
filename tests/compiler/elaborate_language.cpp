// What the language's constructs are worth, by small programs interpreted in double.
#include <fmt/format.h>

#include <cmath>

#include "runtime/reference/evaluate.h"
#include "tests/compiler/elaborated.h"

using namespace qiln;

namespace {

/// The output of net N for one sample whose input x holds 1, 2, 3, … and parameters 0.5, 1.5, 2.5, …
std::vector<double> run(const std::string& text, graph::Shape* shape = nullptr) {
  const auto net = Elaborated::text(text);
  INFO(text);
  INFO(net.messages());
  REQUIRE(net.graph);
  reference::Feed<double> feed;
  for (const auto& node : net.graph->nodes) {
    const auto count = graph::element_count(node.type.shape);
    if (node.op != Primitive::input && node.op != Primitive::param) continue;
    reference::Array<double> values(1, count);
    for (std::int64_t i = 0; i < count; ++i) values(0, i) = static_cast<double>(i) + (node.op == Primitive::input);
    if (node.op == Primitive::input)
      feed.inputs[node.as<graph::InputAttributes>().name] = values;
    else
      feed.params[node.as<graph::ParamAttributes>().path] = values + 0.5;
  }
  const auto values = reference::evaluate(*net.graph, feed);
  const graph::ValueId out = net.graph->output("out");
  if (shape) *shape = net.graph->shape(out);
  const auto& array = values[out].value;
  return {array.data(), array.data() + array.size()};
}

using Numbers = std::vector<double>;

Numbers body(const std::string& lines, const std::string& signature = "x: [2, 3]") {
  return run(fmt::format("net N({}) {{\n{}\n}}\n", signature, lines));
}

std::vector<std::string> paths(const std::string& text) {
  const auto net = Elaborated::text(text);
  INFO(text);
  INFO(net.messages());
  REQUIRE(net.graph);
  std::vector<std::string> found;
  for (const auto& node : net.graph->nodes)
    if (node.op == Primitive::param) found.push_back(node.as<graph::ParamAttributes>().path);
  return found;
}

}  // namespace

TEST_CASE("arithmetic at compile time", "[elaborate]") {
  CHECK(body("return 7 // 2 + -7 // 2 * 10 + 7 % 3 * 100 + -7 % 3 * 1000 + 0 * x[0, 0]") ==
        Numbers{3 - 40 + 100 + 2000});
}

TEST_CASE("broadcasting aligns from the left", "[elaborate]") {
  CHECK(body("param w: [2]\nreturn x * w") == Numbers{0.5, 1, 1.5, 6, 7.5, 9});
  CHECK(body("return 10 - x") == Numbers{9, 8, 7, 6, 5, 4});
  CHECK(body("return x + [10, 20]") == Numbers{11, 12, 13, 24, 25, 26});
  CHECK(body("return if x < 3 then x else -x") == Numbers{1, 2, -3, -4, -5, -6});
}

TEST_CASE("slices, indexing and lists", "[elaborate]") {
  CHECK(body("return x[1]") == Numbers{4, 5, 6});
  CHECK(body("return x[0..2, 0..3 step 2]") == Numbers{1, 3, 4, 6});
  CHECK(body("return x[0..1, 2]") == Numbers{3});
  CHECK(body("return 2 * x[1, 2] - 1") == Numbers{11});
  CHECK(body("return concat([x[c] * c for c in 0..2])") == Numbers{0, 0, 0, 4, 5, 6});
  CHECK(body("return concat(x, x, axis = 1)[1]") == Numbers{4, 5, 6, 4, 5, 6});
  CHECK(body("skips = []\nfor i in 0..2 { skips = append(skips, x[i] + i) }\nreturn skips[1] - skips[0]") ==
        Numbers{4, 4, 4});
  CHECK(body("return reshape(permute(x, [1, 0]), [6])") == Numbers{1, 4, 2, 5, 3, 6});
}

TEST_CASE("index bindings become contractions", "[elaborate]") {
  CHECK(body("y[j, i] = x[i, j]\nreturn y") == Numbers{1, 4, 2, 5, 3, 6});
  CHECK(body("y[i] = sum[j] x[i, j]\nreturn y") == Numbers{6, 15});
  CHECK(body("y[i] = max[j] x[i, j]\nreturn y") == Numbers{3, 6});
  CHECK(body("param w: [3]\ny[i] = sum[j] x[i, j] * w[j] + 1\nreturn y") ==
        Numbers{1 + 0.5 + 3 + 7.5, 1 + 2 + 7.5 + 15});
  CHECK(body("param w: [3]\ny[i] = 2 - sum[j] x[i, j] * w[j] / 2\nreturn y") == Numbers{2 - 5.5, 2 - 12.25});
  CHECK(body("y[i, j] = relu(x[i, j] - 3) * i\nreturn y") == Numbers{0, 0, 0, 1, 2, 3});
  CHECK(body("param w: [2]\ny[i, k] = w[k] * x[i, 0]\nreturn y") == Numbers{0.5, 1.5, 2, 6});
  CHECK(body("y[i] = sum[j] exp(-x[i, j])\nreturn y[0]")[0] == Approx(std::exp(-1) + std::exp(-2) + std::exp(-3)));
  // a read out of range adds nothing
  CHECK(body("y[i, j in 0..3] = sum[u in 0..3] x[i, j + u - 1]\nreturn y") == Numbers{3, 6, 5, 9, 15, 11});
  CHECK(body("y[i in 0..2] = sum[j] x[i, j]\nz[i in 0..2] = y[1 - i]\nreturn z") == Numbers{15, 6});
  CHECK(body("y[a.., o] = sum[i] x[a.., i] * x[o, i]\nreturn y") == Numbers{14, 32, 32, 77});
}

TEST_CASE("an affine left side adds where it says", "[elaborate]") {
  CHECK(body("y: [7]\ny[2 * j + u] = x[u, j]\nreturn y") == Numbers{1, 4, 2, 5, 3, 6, 0});
  CHECK(body("y: [4]\ny[j + u] = sum[v in 0..2] x[u, j]\nreturn y") == Numbers{2, 12, 16, 12});
  CHECK(body("y: [2, 3]\ny[i, j] = x[i, j]\ny[1 - i, j] = x[i, j]\nreturn y") == Numbers{5, 7, 9, 5, 7, 9});
}

TEST_CASE("paths are binding.callee.name", "[elaborate]") {
  const std::string dense = "net D(x: [n]) -> [n] {\n  param w: [n]\n  return x * w\n}\n";
  CHECK(paths(dense + "net N(x: [2]) {\n  h = x |> D |> D\n  h = h |> D\n  for i in 0..2 { h = h |> D |> D }\n"
                      "  return D(h)\n}\n") == std::vector<std::string>{"h.D.w", "h.D_2.w", "h.D_3.w", "h.0.D.w",
                                                                        "h.0.D_2.w", "h.1.D.w", "h.1.D_2.w",
                                                                        "out.D.w"});
  CHECK(paths(dense + "net N(x: [2]) {\n  layer enc = D()\n  layer b[3] = D()\n  y = enc(x) + enc(x * 2)\n"
                      "  return b[3](y)\n}\n") == std::vector<std::string>{"enc.w", "b.3.w"});
  CHECK(paths(dense + "net N(x: [2, 2]) {\n  blocks = [D(x[c]) for c in 0..2]\n  return concat(blocks)\n}\n") ==
        std::vector<std::string>{"blocks.0.D.w", "blocks.1.D.w"});
  CHECK(paths(dense + "fn twice(x) = D(D(x))\nnet M(x: [n]) -> [n] {\n  param s: []\n  return twice(x) * s\n}\n"
                      "net N(x: [2]) {\n  a = M(x)\n  return a\n}\n") ==
        std::vector<std::string>{"a.M.s", "a.M.out.D.w", "a.M.out.D_2.w"});
}

TEST_CASE("buffers are stored but not trained, initialisers are kept", "[elaborate]") {
  const auto net = Elaborated::text(
      "net N(x: [2]) {\n  buffer m: [2] ~ ones()\n  param s: [2] ~ normal(0, 0.02)\n  param b: [2] ~ 0.25\n"
      "  return x * m * s + b\n}\n");
  INFO(net.messages());
  REQUIRE(net.graph);
  std::map<std::string, graph::ParamAttributes> found;
  for (const auto& node : net.graph->nodes)
    if (node.op == Primitive::param) {
      const auto& attributes = node.as<graph::ParamAttributes>();
      found[attributes.path] = attributes;
    }
  using graph::Initialiser;
  CHECK(found["m"] == graph::ParamAttributes{"m", false, Initialiser::constant, 1, 0});
  CHECK(found["s"] == graph::ParamAttributes{"s", true, Initialiser::normal, 0, 0.02});
  CHECK(found["b"] == graph::ParamAttributes{"b", true, Initialiser::constant, 0.25, 0});
}

TEST_CASE("names of the prelude mean what they mean there", "[elaborate]") {
  CHECK(paths("const I = 9\nconst H = 28\nconst bound = 3\nnet N(x: [1, 4, 4]) { return conv(x, 2, 3) }\n").size() ==
        2);
}

TEST_CASE("the sinusoidal embedding is sines, then cosines", "[elaborate]") {
  const Numbers y = body("return sinusoidal(t, 8)", "t: []");
  REQUIRE(y.size() == 8);
  for (int i = 0; i < 4; ++i) {
    const double frequency = std::exp(-std::log(1e4) * i / 3);
    CHECK(y[i] == Approx(std::sin(frequency)).epsilon(1e-13));
    CHECK(y[4 + i] == Approx(std::cos(frequency)).epsilon(1e-13));
  }
}

TEST_CASE("schedules are tabulated", "[elaborate]") {
  const auto library = Elaborated::text("fn line(u, slope = 2) = 1 - u / slope\nnet N(x: []) { return x }\n");
  dsl::Sources sources;
  dsl::Diagnostics diagnostics;
  auto table = [&](const std::string& text) {
    const auto expr = dsl::parse_expression(sources[sources.add("setting", text)], diagnostics);
    REQUIRE(expr);
    const std::vector<double> points{0, 0.25, 1};
    return tabulate({library.program, library.prelude}, *expr, points, diagnostics);
  };
  CHECK(table("line(slope = 4)") == Numbers{1, 0.9375, 0.75});
  CHECK(table("line") == Numbers{1, 0.875, 0.5});
  const auto cosine = table("cosine(s = 0.008)");
  REQUIRE(cosine);
  const double pi = std::acos(-1.0);
  const double at_0 = std::cos(0.008 / 1.008 * pi / 2), at_quarter = std::cos(0.258 / 1.008 * pi / 2);
  CHECK((*cosine)[0] == Approx(1));
  CHECK((*cosine)[1] == Approx(at_quarter * at_quarter / at_0 / at_0));
  const auto logistic = table("sigmoid_schedule(start = -2, end = 4, tau = 0.5)");
  REQUIRE(logistic);
  auto curve = [](double v) { return 1 / (1 + std::exp(-v / 0.5)); };
  CHECK((*logistic)[0] == Approx(1));
  CHECK((*logistic)[1] == Approx((curve(4) - curve(-0.5)) / (curve(4) - curve(-2))));
  CHECK((*logistic)[2] == Approx(0).margin(1e-12));
  CHECK_FALSE(table("nonsense(3)"));
  CHECK(diagnostics.error_count() == 1);
}
