#include "tests/runtime/random_graph.h"

#include "compiler/differentiate.h"
#include "compiler/graph/verify.h"
#include "compiler/text/text.h"
#include "tests/catch.h"

using namespace qiln;
using namespace qiln::test;

TEST_CASE("gradients of random graphs agree with central differences", "[differentiate]") {
  for (std::uint64_t seed = 0; seed < 60; ++seed) {
    graph::Graph g = random_graph(seed);
    REQUIRE(graph::verify(g).empty());
    const graph::ValueId loss = total_loss(g);
    const std::string problems = compare_gradients(g, loss, formula_feed(g, 2), 3, 2e-3, 2e-8);
    INFO("seed " << seed << "\n" << text::print(g));
    CHECK(problems == "");
  }
}

// The tolerance that kernels are compared with: what float does differs from double by no more than a small multiple of
// float's epsilon times the magnitude.
TEST_CASE("float and double evaluations differ by less than the magnitude allows", "[reference]") {
  for (std::uint64_t seed = 0; seed < 60; ++seed) {
    graph::Graph g = random_graph(seed, {.operations = 16, .smooth = false});
    const graph::ValueId loss = total_loss(g);
    for (const graph::ValueId gradient : gradients(g, loss, leaves(g)))
      g.outputs.push_back({"gradient" + std::to_string(gradient), gradient});
    REQUIRE(graph::verify(g).empty());
    const Feed feed = formula_feed(g, 3);
    reference::Feed<float> single;
    single.batch = feed.batch;
    for (const auto& [name, array] : feed.inputs) single.inputs[name] = array.cast<float>();
    for (const auto& [path, array] : feed.params) single.params[path] = array.cast<float>();
    const auto exact = reference::evaluate<double>(g, feed);
    const auto rounded = reference::evaluate<float>(g, single);
    for (const auto& output : g.outputs) {
      const auto& [value, magnitude] = exact[output.value];
      INFO("seed " << seed << ", output " << output.name);
      CHECK((magnitude >= value.abs() * (1 - 1e-12)).all());
      CHECK(((rounded[output.value].value.cast<double>() - value).abs() <= 4 * reference::float_epsilon * magnitude)
                .all());
    }
  }
}
