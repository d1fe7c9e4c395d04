// The standard library as a model file calls it, against PyTorch (tests/reference/prelude.json): interpreted in double,
// and compiled.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <cmath>
#include <fstream>
#include <nlohmann/json.hpp>

#include "compiler/differentiate.h"
#include "runtime/jit/build.h"
#include "tests/compiler/elaborated.h"
#include "tests/reference/formula.h"
#include "tests/runtime/differences.h"

using namespace qiln;
using namespace qiln::test;
using graph::Shape;
using graph::ValueId;
using nlohmann::json;

namespace {

const json& reference_values() {
  static const json values = json::parse(std::ifstream(QILN_SOURCE_DIR "/tests/reference/prelude.json"));
  return values;
}

/// What a leaf of a case is fed with, row-major, batch first.
std::vector<float> leaf_values(const json& leaf, std::uint32_t stream) {
  if (leaf.contains("values")) return leaf["values"].get<std::vector<float>>();
  const auto count = static_cast<std::size_t>(graph::element_count(leaf["shape"].get<Shape>()));
  return formula_vector(stream, count, leaf["scale"], leaf["offset"]);
}

/// `net N(x: [3, 5], y: label[5]) { return BODY }`
std::string net_text(const json& row) {
  std::vector<std::string> arguments;
  for (const json& input : row["inputs"]) {
    const auto shape = input["shape"].get<Shape>();
    const Shape sample(shape.begin() + 1, shape.end());
    const std::string type = input.contains("label") ? fmt::format("label[{}]", input["label"].get<int>())
                                                     : fmt::format("[{}]", fmt::join(sample, ", "));
    arguments.push_back(fmt::format("{}: {}", input["name"].get<std::string>(), type));
  }
  return fmt::format("net N({}) {{\n  return {}\n}}\n", fmt::join(arguments, ", "), row["body"].get<std::string>());
}

/// A case elaborated, its loss sum(cotangent * y) differentiated: outputs "out" and "d.<leaf>".
struct Case {
  explicit Case(const json& row) : row(row), stream(64 * row["case"].get<std::uint32_t>()), g(network(row)) {
    const ValueId y = g.output("out");
    const auto y_shape = row["y_shape"].get<Shape>();
    REQUIRE(g.shape(y) == Shape(y_shape.begin() + 1, y_shape.end()));
    graph::Builder b(g);
    const ValueId cotangent = b.input("cotangent", g.type(y));
    std::vector<int> axes;
    for (std::size_t axis = 0; axis < g.shape(y).size(); ++axis) axes.push_back(static_cast<int>(axis));
    const ValueId loss = b.batch_sum(b.reduce_sum(b.multiply(y, cotangent), axes));
    std::vector<ValueId> wanted;
    for (const ValueId id : leaves(g))
      if (row["d"].contains(name_of(id))) wanted.push_back(id);
    REQUIRE(wanted.size() == row["d"].size());
    const auto gradient = gradients(g, loss, wanted);
    for (std::size_t k = 0; k < wanted.size(); ++k) g.outputs.push_back({"d." + name_of(wanted[k]), gradient[k]});
    CHECK(graph::verify(g).empty());
  }

  static graph::Graph network(const json& row) {
    auto net = Elaborated::text(net_text(row));
    INFO(net.messages());
    REQUIRE(net.graph);
    return std::move(*net.graph);
  }
  std::string name_of(ValueId id) const {
    return g[id].op == Primitive::input ? g[id].as<graph::InputAttributes>().name
                                        : g[id].as<graph::ParamAttributes>().path;
  }
  const json& expected(const std::string& output) const {
    return output == "out" ? row["y"] : row["d"][output.substr(2)];
  }
  /// Calls feed(name, values) for each leaf.
  template <class Inputs, class Params>
  void feed(const Inputs& inputs, const Params& params) const {
    std::uint32_t leaf = stream;
    for (const json& input : row["inputs"]) inputs(input["name"], leaf_values(input, leaf++));
    for (const json& param : row["params"]) params(param["name"], leaf_values(param, leaf++));
    const auto y_shape = row["y_shape"].get<Shape>();
    inputs("cotangent", formula_vector(stream + 63, static_cast<std::size_t>(graph::element_count(y_shape))));
  }

  const json& row;
  std::uint32_t stream;
  graph::Graph g;
};

/// The largest difference from the file, in units of 1 + the largest of the array; of a projection, divided by the root
/// of its number of terms.
double difference(std::span<const double> found, const json& expected, std::uint32_t stream) {
  const double size = 1 + expected["largest"].get<double>();
  double dot = 0, worst = 0;
  for (std::size_t i = 0; i < found.size(); ++i) dot += found[i] * formula(stream + 62, static_cast<std::uint32_t>(i));
  worst = std::abs(dot - expected["dot"].get<double>()) / std::sqrt(static_cast<double>(found.size()));
  for (const json& entry : expected["entries"])
    worst = std::max(worst, std::abs(found[entry[0].get<std::size_t>()] - entry[1].get<double>()));
  return worst / size;
}

}  // namespace

TEST_CASE("the standard library and its gradients are PyTorch's", "[prelude]") {
  for (const json& row : reference_values()["cases"]) {
    INFO("case " << row["case"] << ": " << net_text(row));
    const Case one(row);
    Feed feed;
    feed.batch = row["y_shape"][0];
    auto array = [](const std::vector<float>& values, std::int64_t rows) {
      reference::Array<double> result(rows, static_cast<std::int64_t>(values.size()) / rows);
      for (std::int64_t i = 0; i < result.size(); ++i) result(i / result.cols(), i % result.cols()) = values[i];
      return result;
    };
    one.feed([&](const std::string& name, const auto& values) { feed.inputs[name] = array(values, feed.batch); },
             [&](const std::string& name, const auto& values) { feed.params[name] = array(values, 1); });
    const auto values = reference::evaluate(one.g, feed);
    for (const auto& output : one.g.outputs) {
      INFO(output.name);
      const auto& array = values[output.value].value;
      std::vector<double> found;
      for (std::int64_t i = 0; i < array.size(); ++i) found.push_back(array(i / array.cols(), i % array.cols()));
      CHECK(difference(found, one.expected(output.name), one.stream) < 1e-11);
    }
  }
}

TEST_CASE("the standard library compiled is PyTorch's", "[prelude]") {
  jit::CacheOptions no_cache;
  no_cache.enabled = false;
  const int lanes = GENERATE(4, 16);
  jit::Engine engine(codegen::host_target(lanes), no_cache);
  for (const json& row : reference_values()["cases"]) {
    INFO("case " << row["case"] << ": " << net_text(row));
    const Case one(row);
    jit::Executable program = jit::build(one.g, engine, {1, {}});
    one.feed([&](const std::string& name, const auto& values) { program.set_input(name, values); },
             [&](const std::string& name, const auto& values) {
               std::copy(values.begin(), values.end(), program.param(name).begin());
             });
    program.run(row["y_shape"][0]);
    for (const auto& output : one.g.outputs) {
      INFO(output.name);
      const auto flat = program.output(output.name);
      const std::vector<double> found(flat.begin(), flat.end());
      // float32: a few hundred roundings of 6e-8.
      CHECK(difference(found, one.expected(output.name), one.stream) < 2e-5);
    }
  }
}

TEST_CASE("parameters begin as PyTorch's do", "[prelude]") {
  for (const json& row : reference_values()["initial"]) {
    const json& input = row["input"];
    const std::string argument = input.is_number() ? fmt::format("y: label[{}]", input.get<int>())
                                                   : fmt::format("x: [{}]", fmt::join(input.get<Shape>(), ", "));
    const auto net =
        Elaborated::text(fmt::format("net N({}) {{ return {} }}\n", argument, row["body"].get<std::string>()));
    INFO(row["body"] << net.messages());
    REQUIRE(net.graph);
    std::size_t found = 0;
    for (const auto& node : net.graph->nodes) {
      if (node.op != Primitive::param) continue;
      const auto& attributes = node.as<graph::ParamAttributes>();
      INFO(attributes.path);
      ++found;
      const json& range = row["params"].at(attributes.path);
      const double low = range[0], high = range[1], deviation = range[2];
      switch (attributes.initialiser) {
        case graph::Initialiser::constant:
          CHECK((low == attributes.a && high == attributes.a));
          break;
        case graph::Initialiser::uniform:  // thousands of draws come near the ends
          CHECK(low == Approx(attributes.a).epsilon(0.01));
          CHECK(high == Approx(attributes.b).epsilon(0.01));
          CHECK(deviation == Approx((attributes.b - attributes.a) / std::sqrt(12.0)).epsilon(0.05));
          break;
        case graph::Initialiser::normal:
          CHECK(attributes.a == 0);
          CHECK(deviation == Approx(attributes.b).epsilon(0.05));
          break;
      }
    }
    CHECK(found == row["params"].size());
  }
}

TEST_CASE("dropout drops while training only", "[prelude]") {
  const std::string text = "net N(x: [4096]) { return dropout(x, p = 0.25) + 0 * dropout(x) }\n";
  auto net = Elaborated::text(text);
  REQUIRE(net.graph);
  Feed feed;
  feed.inputs["x"] = reference::Array<double>::Ones(1, 4096);
  const auto y = reference::evaluate(*net.graph, feed)[net.graph->output("out")].value;
  const std::int64_t kept = (y > 0).count();
  CHECK(std::abs(static_cast<double>(kept) - 3072) < 5 * std::sqrt(4096 * 0.25 * 0.75));
  CHECK((y.maxCoeff() == Approx(4.0 / 3.0) && y.minCoeff() == 0));
  feed.step = 1;
  const auto later = reference::evaluate(*net.graph, feed)[net.graph->output("out")].value;
  CHECK((later != y).count() > 1000);

  // The two sites draw different numbers.
  std::vector<std::string> sites;
  for (const auto& node : net.graph->nodes)
    if (node.op == Primitive::random) sites.push_back(node.as<graph::RandomAttributes>().site);
  CHECK(sites == std::vector<std::string>{"out.dropout", "out.dropout_2"});

  dsl::Diagnostics diagnostics;
  const auto sampling = elaborate({net.program, net.prelude}, "N", diagnostics, false);
  REQUIRE(sampling);
  for (const auto& node : sampling->nodes) CHECK(node.op != Primitive::random);
  feed.inputs["x"] = formula_array(1, 1, 4096);
  const auto same = reference::evaluate(*sampling, feed)[sampling->output("out")].value;
  CHECK((same == feed.inputs["x"]).all());
}
