// Every gate, measurement, way of loading data and template: values and gradients against PennyLane
// (tests/reference/circuits.json), in the reference and through the JIT.
#include <algorithm>
#include <fstream>
#include <nlohmann/json.hpp>
#include <numbers>

#include "compiler/differentiate.h"
#include "compiler/graph/build.h"
#include "compiler/pipeline.h"
#include "runtime/jit/build.h"
#include "runtime/reference/evaluate.h"
#include "tests/catch.h"
#include "tests/compiler/elaborated.h"
#include "tests/reference/formula.h"

using namespace qiln;
using graph::Builder;
using graph::Graph;
using graph::ValueId;
using nlohmann::json;

namespace {

/// Outputs `out` and `gradient`, that of sum_i g_i out_i in the input a.
void add_gradient(Graph& g) {
  Builder b(g);
  const ValueId out = g.output("out");
  ValueId a = 0;
  while (g[a].op != Primitive::input) ++a;
  std::vector<double> weights;
  for (const float w : test::formula_vector(test::kStreamCotangent, graph::element_count(g.shape(out))))
    weights.push_back(w);
  const ValueId sum = b.reduce_sum(b.multiply(out, b.constant(weights, graph::Shape(g.shape(out)))), {0});
  g.outputs.push_back({"gradient", gradients(g, b.batch_sum(sum), std::span(&a, 1))[0]});
}

template <class Values>
double worst(const Values& found, const json& expected) {
  REQUIRE(static_cast<std::size_t>(found.size()) == expected.size());
  double difference = 0;
  for (std::size_t i = 0; i < expected.size(); ++i)
    difference = std::max(difference, std::abs(static_cast<double>(found[i]) - expected[i].get<double>()));
  return difference;
}

Graph graph_of(const json& row) {
  const auto circuit = Elaborated::text(row["text"], "C");
  INFO(circuit.messages());
  REQUIRE(circuit.graph);
  return *circuit.graph;
}

}  // namespace

TEST_CASE("circuits and their gradients are PennyLane's", "[circuit][reference]") {
  const auto cases = json::parse(std::ifstream(QILN_SOURCE_DIR "/tests/reference/circuits.json")).at("cases");
  REQUIRE(cases.size() > 100);
  for (const json& row : cases) {
    INFO(row["text"].get<std::string>());
    Graph g = graph_of(row);
    const std::int64_t count = row["count"];
    reference::Feed<double> feed;
    feed.inputs["a"] = reference::Array<double>(1, count);
    const auto a = test::formula_vector(row["stream"], static_cast<std::size_t>(count), std::numbers::pi_v<float>);
    for (std::int64_t k = 0; k < count; ++k) feed.inputs["a"](0, k) = a[static_cast<std::size_t>(k)];
    const auto direct = reference::evaluate(g, feed)[g.output("out")].value;
    CHECK(worst(std::span(direct.data(), static_cast<std::size_t>(direct.size())), row["values"]) < 1e-11);
    run_circuit_passes(g);
    add_gradient(g);
    const auto values = reference::evaluate(g, feed);
    for (const char* name : {"out", "gradient"}) {
      const auto& found = values[g.output(name)].value;
      CHECK(worst(std::span(found.data(), static_cast<std::size_t>(found.size())),
                  row[name == std::string("out") ? "values" : "gradient"]) < 1e-10);
    }
  }
}

TEST_CASE("compiled circuits and their gradients are PennyLane's", "[circuit][jit]") {
  const auto cases = json::parse(std::ifstream(QILN_SOURCE_DIR "/tests/reference/circuits.json")).at("cases");
  jit::Engine engine(codegen::host_target(), jit::CacheOptions{false, {}});
  for (const json& row : cases) {
    if (row["name"].get<std::string>().starts_with("ctrl @")) continue;  // the same kernels as the others
    INFO(row["text"].get<std::string>());
    Graph g = graph_of(row);
    run_circuit_passes(g, false);
    add_gradient(g);
    auto program = jit::build(std::move(g), engine, {.threads = 1, .contiguous_outputs = {}});
    const auto a = test::formula_vector(row["stream"], row["count"], std::numbers::pi_v<float>);
    program.set_input("a", a);
    program.run(1);
    // Numbers of order 1 through tens of gates in float: 1e-5 is a hundred roundings.
    CHECK(worst(program.output("out"), row["values"]) < 1e-5);
    CHECK(worst(program.output("gradient"), row["gradient"]) < 1e-5);
  }
}
