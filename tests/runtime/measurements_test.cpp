// Finite shots, parameter shifts and circuits over places: against exact values and gradients.
#include <cmath>
#include <numbers>

#include "compiler/differentiate.h"
#include "compiler/graph/build.h"
#include "compiler/graph/verify.h"
#include "compiler/pipeline.h"
#include "compiler/sampling.h"
#include "runtime/jit/build.h"
#include "runtime/reference/evaluate.h"
#include "tests/catch.h"
#include "tests/compiler/elaborated.h"
#include "tests/reference/formula.h"

using namespace qiln;
using graph::Builder;
using graph::Graph;
using graph::ValueId;
using Numbers = reference::Array<double>;

namespace {

/// A state of three qubits without symmetry, of angles a [9]; with controlled rotations.
const std::string circuit =
    "circuit K(a: [9]) -> [OUTPUTS] {\n  qubits q[3]\n  RY(a[0..3]) q\n  CRX(a[3]) q[0], q[1]\n  RZ(a[4..7]) q\n"
    "  CNOT q[1], q[2]\n  ctrl @ Rot(a[7], 0.3, a[8]) q[2], q[0]\n  H q[1]\n  return MEASURED\n}\n";

std::string program(std::string measured, int outputs, const std::string& call) {
  std::string text = circuit;
  text.replace(text.find("OUTPUTS"), 7, std::to_string(outputs));
  text.replace(text.find("MEASURED"), 8, std::move(measured));
  return text + "net N(a: [9]) { return K(a" + call + ") }\n";
}

Graph graph_of(const std::string& text) {
  const auto net = Elaborated::text(text, "N");
  INFO(text);
  INFO(net.messages());
  REQUIRE(net.graph);
  return *net.graph;
}

reference::Feed<double> feed_of(std::int64_t batch, std::int64_t count = 9) {
  reference::Feed<double> feed;
  feed.batch = batch;
  feed.seed = 17;
  feed.inputs["a"] = Numbers(batch, count);
  const auto a = test::formula_vector(77, static_cast<std::size_t>(count), std::numbers::pi_v<float>);
  for (std::int64_t s = 0; s < batch; ++s)
    for (std::int64_t k = 0; k < count; ++k) feed.inputs["a"](s, k) = a[static_cast<std::size_t>(k)];
  return feed;
}

/// Outputs `out` and, a row a sample, `gradient` of sum_i (i + 1) out_i in a.
void differentiate(Graph& g) {
  run_circuit_passes(g);
  Builder b(g);
  const ValueId out = g.output("out");
  std::vector<double> weights;
  for (std::int64_t i = 0; i < graph::element_count(g.shape(out)); ++i) weights.push_back(static_cast<double>(i + 1));
  std::vector<int> axes;
  for (std::size_t k = 0; k < g.shape(out).size(); ++k) axes.push_back(static_cast<int>(k));
  const ValueId sum = b.reduce_sum(b.multiply(out, b.constant(weights, graph::Shape(g.shape(out)))), axes);
  ValueId a = 0;
  while (g[a].op != Primitive::input) ++a;
  g.outputs.push_back({"gradient", gradients(g, b.batch_sum(sum), std::span(&a, 1))[0]});
  REQUIRE(graph::verify(g) == std::vector<std::string>{});
}

struct Results {
  Numbers out, gradient;
};
Results run(const std::string& text, std::int64_t batch = 1, std::int64_t count = 9) {
  Graph g = graph_of(text);
  differentiate(g);
  const auto values = reference::evaluate(g, feed_of(batch, count));
  return {values[g.output("out")].value, values[g.output("gradient")].value};
}

double distance(const Numbers& a, const Numbers& b) {
  REQUIRE(a.cols() == b.cols());
  return (a - b).abs().maxCoeff();
}

/// What is measured, `$` where shots go, and how many numbers that is.
const std::pair<const char*, int> measured[] = {
    {"expval(Z(q)$)", 3},
    {"expval(0.5 * X(q[0]) * Y(q[1]) - 2 * Z(q[2]) + Z(q[0]) * Z(q[1]) + 1 / 3$)", 1},
    {"probs(q[2] ++ q[0]$)", 4},
    {"variance(Z(q[0]) + 0.5 * Z(q[1]) * Z(q[2])$)", 1},
    {"concat(variance(X(q)$), probs(q[1]$)[1], expval(Y(q[0..2])$))", 6}};

std::string with_shots(std::string text, std::int64_t shots) {
  for (std::size_t at; (at = text.find('$')) != std::string::npos;)
    text.replace(at, 1, shots > 0 ? ", shots = " + std::to_string(shots) : "");
  return text;
}

}  // namespace

TEST_CASE("multinomial counts draws", "[sampling]") {
  const std::int64_t outcomes = GENERATE(1, 2, 8, 256), places = 3, shots = 5000;
  Graph g;
  Builder b(g);
  const ValueId p = b.input("p", {{places, outcomes}, true});
  g.outputs.push_back({"out", multinomial(b, p, shots, "site")});
  REQUIRE(graph::verify(g) == std::vector<std::string>{});
  reference::Feed<double> feed;
  feed.batch = 2;
  feed.inputs["p"] = Numbers(2, places * outcomes);
  for (int s = 0; s < 2; ++s)
    for (std::int64_t r = 0; r < places; ++r) {
      double sum = 0;
      for (std::int64_t k = 0; k < outcomes; ++k)
        sum += feed.inputs["p"](s, r * outcomes + k) = 1 + (k * 7 + s + r) % 5;
      for (std::int64_t k = 0; k < outcomes; ++k) feed.inputs["p"](s, r * outcomes + k) /= sum;
    }
  const auto values = reference::evaluate(g, feed);
  const Numbers& found = values[g.output("out")].value;
  for (int s = 0; s < 2; ++s)
    for (std::int64_t r = 0; r < places; ++r) {
      double sum = 0;
      for (std::int64_t k = 0; k < outcomes; ++k) {
        const double expected = feed.inputs["p"](s, r * outcomes + k), value = found(s, r * outcomes + k);
        sum += value;
        // Five standard deviations and a half count: once in ten thousand runs of all outcomes, and the seed is fixed.
        CHECK(std::abs(value - expected) <= 5 * std::sqrt(expected * (1 - expected) / shots) + 0.5 / shots);
      }
      CHECK(sum == Approx(1).epsilon(1e-12));
    }
  if (outcomes > 1) CHECK(distance(found.row(0).leftCols(outcomes), found.row(1).leftCols(outcomes)) > 0);
}

TEST_CASE("estimates from shots are unbiased and have the gradients of the exact values", "[sampling][circuit]") {
  const std::int64_t shots = 100, batch = 2000;
  for (const auto& [text, outputs] : measured) {
    INFO(text);
    const Results exact = run(program(with_shots(text, 0), outputs, ""));
    const Results drawn = run(program(with_shots(text, shots), outputs, ""), batch);
    const Numbers mean = drawn.out.colwise().mean();
    // The mean of 2000 independent estimates, whose own spread says how far off it may be; five standard deviations.
    for (std::int64_t k = 0; k < mean.cols(); ++k) {
      const double spread = std::sqrt((drawn.out.col(k) - mean(0, k)).square().sum() / (batch - 1));
      CHECK(std::abs(mean(0, k) - exact.out(0, k)) <= 5 * spread / std::sqrt(batch));
      CHECK(spread > 0);
    }
    // A variance's gradient is -2 <O> grad <O> + ..., with the <O> of the draws: unbiased, not exact.
    if (std::string(text).find("variance") == std::string::npos)
      CHECK(distance(drawn.gradient.topRows(1), exact.gradient) < 1e-12);
  }
}

TEST_CASE("shifts give the exact gradients of exact values", "[shift][circuit]") {
  for (const auto& [text, outputs] : measured) {
    INFO(text);
    const Results exact = run(program(with_shots(text, 0), outputs, ", gradient = exact"));
    const Results shifted = run(program(with_shots(text, 0), outputs, ", gradient = shift"));
    CHECK(distance(exact.out, shifted.out) < 1e-12);
    CHECK(distance(exact.gradient, shifted.gradient) < 1e-11);
  }
}

TEST_CASE("shifts with shots give unbiased gradients", "[shift][sampling]") {
  const std::int64_t shots = 50, batch = 1000;
  for (const auto& [text, outputs] : measured) {
    INFO(text);
    const Results exact = run(program(with_shots(text, 0), outputs, ""));
    const Results drawn = run(program(with_shots(text, shots), outputs, ", gradient = shift"), batch);
    const Numbers mean = drawn.gradient.colwise().mean();
    for (std::int64_t k = 0; k < mean.cols(); ++k) {
      const double spread = std::sqrt((drawn.gradient.col(k) - mean(0, k)).square().sum() / (batch - 1));
      CHECK(std::abs(mean(0, k) - exact.gradient(0, k)) <= 5 * spread / std::sqrt(batch) + 1e-12);
    }
  }
}

TEST_CASE("a circuit over places is the circuit at each place", "[places][circuit]") {
  const std::string body =
      "circuit P(x: [2], w: [3]) -> [5] {\n  qubits q[2]\n  RY(pi * tanh(x[0] * w[1]) + x[1]) q[0]\n"
      "  RX(x[1] + w[0]) q[1]\n  CRZ(w[2]) q[0], q[1]\n  amplitude(x) AMPLITUDE\n  H q\n"
      "  return concat(expval(Z(q)), variance(X(q[0])), probs(q[1]))\n}\n";
  for (const bool loaded : {false, true}) {
    std::string text = body;
    const std::string from = "  amplitude(x) AMPLITUDE\n";
    text.erase(text.find(from), from.size());
    if (loaded) text.insert(text.find("  RY"), "  amplitude([x[0], x[1], x[0] * x[1], 1]) q\n");
    const std::string call = loaded ? "" : "GRADIENT";
    auto nets = [&](const std::string& gradient) {
      std::string argument = call.empty() ? "" : gradient;
      const std::string mapped =
          text + "net N(a: [9]) { return P(reshape(a[0..6], [3, 2]), a[6..9]" + argument + ") }\n";
      std::string single = text + "net N(a: [9]) {\n  w = a[6..9]\n  return reshape(concat(";
      for (int k = 0; k < 3; ++k)
        single += "P(a[" + std::to_string(2 * k) + ".." + std::to_string(2 * k + 2) + "], w)" + (k < 2 ? ", " : "");
      return std::pair(mapped, single + "), [3, 5])\n}\n");
    };
    for (const char* gradient : {"", ", gradient = shift"}) {
      const auto [mapped, single] = nets(gradient);
      INFO(mapped);
      CHECK(graph_of(mapped).circuits.size() <= 2);  // the circuit, and its shifted runs
      const Results together = run(mapped), apart = run(single);
      CHECK(distance(together.out, apart.out) < 1e-12);
      CHECK(distance(together.gradient, apart.gradient) < 1e-11);
    }
  }
}

TEST_CASE("amplitudes that are all zero load |0...0> and have finite gradients", "[circuit]") {
  Graph g = graph_of("circuit K(a: [3]) -> [4] {\n  qubits q[2]\n  amplitude(a) q\n  return probs(q)\n}\n"
                     "net N(a: [3]) { return K(a) }\n");
  differentiate(g);
  reference::Feed<double> feed;
  feed.inputs["a"] = Numbers::Zero(1, 3);
  const auto values = reference::evaluate(g, feed);
  Numbers first = Numbers::Zero(1, 4);
  first(0, 0) = 1;
  CHECK(distance(values[g.output("out")].value, first) == 0);
  CHECK(values[g.output("gradient")].value.abs().maxCoeff() == 0);
}

TEST_CASE("compiled shots are the reference's", "[sampling][jit]") {
  const std::int64_t shots = 500;
  jit::Engine engine(codegen::host_target(), jit::CacheOptions{false, {}});
  for (const auto& [text, outputs] : measured) {
    INFO(text);
    Graph g = graph_of(program(with_shots(text, shots), outputs, ", gradient = shift"));
    differentiate(g);
    const auto feed = feed_of(3);
    const auto values = reference::evaluate(g, feed);
    const Numbers expected = values[g.output("out")].value;
    auto built = jit::build(std::move(g), engine, {.threads = 1, .contiguous_outputs = {}});
    std::vector<float> a;
    for (int s = 0; s < 3; ++s)
      for (int k = 0; k < 9; ++k) a.push_back(static_cast<float>(feed.inputs.at("a")(s, k)));
    built.set_input("a", a);
    built.run(3, 17);
    const auto found = built.output("out");
    REQUIRE(found.size() == static_cast<std::size_t>(expected.size()));
    // Equal draws; one in a million falls on another side of a sum that float rounds, worth a few shots.
    for (std::int64_t s = 0; s < 3; ++s)
      for (std::int64_t k = 0; k < expected.cols(); ++k)
        CHECK(std::abs(found[static_cast<std::size_t>(s * expected.cols() + k)] - expected(s, k)) < 12.0 / shots);
  }
}
