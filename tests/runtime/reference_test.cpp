#include "compiler/graph/build.h"
#include "runtime/random/philox.h"
#include "runtime/reference/evaluate.h"
#include "tests/catch.h"
#include "tests/runtime/scratch.h"

using namespace qiln;
using graph::Builder;
using graph::Graph;
using graph::ValueId;

TEST_CASE("the reference draws the numbers of the Philox header", "[reference]") {
  Graph g;
  Builder b(g);
  const ValueId uniform = b.random({graph::Distribution::uniform, "noise.a"}, {2, 3});
  const ValueId normal = b.random({graph::Distribution::normal, "noise.b"}, {7});
  const ValueId integer = b.random({graph::Distribution::integer, "noise.t", 1000}, {});
  reference::Feed<float> feed;
  feed.batch = 3;
  feed.seed = 0x123456789abcdef0;
  feed.step = 17;
  feed.first_sample = 40;
  const std::vector<ValueId> wanted{uniform, normal, integer};
  const auto values = reference::evaluate(g, feed, wanted);
  for (std::uint32_t s = 0; s < 3; ++s) {
    const auto stream = [&](const char* site) {
      return random::Stream{feed.seed, 17, 40 + s, random::site_hash(site)};
    };
    for (std::uint64_t e = 0; e < 6; ++e) CHECK(values[uniform].value(s, e) == stream("noise.a").uniform<float>(e));
    for (std::uint64_t e = 0; e < 7; ++e) CHECK(values[normal].value(s, e) == stream("noise.b").normal<float>(e));
    CHECK(values[integer].value(s, 0) == static_cast<float>(stream("noise.t").integer<float>(0, 1000)));
  }
}

TEST_CASE("magnitudes tell cancellation and doubtful decisions", "[reference]") {
  Graph g;
  Builder b(g);
  const ValueId x = b.input("x", {{3}, true}), y = b.input("y", {{3}, true});
  const ValueId difference = b.subtract(x, y), less = b.pointwise(Primitive::less, {x, y});
  const std::vector<ValueId> wanted{difference, less};
  reference::Feed<double> feed;
  feed.inputs["x"] = reference::Array<double>{{1, 1, 1}};
  feed.inputs["y"] = reference::Array<double>{{1, 1 + 1e-8, 3}};  // equal, equal but for rounding, less
  const auto values = reference::evaluate<double>(g, feed, wanted);
  CHECK(values[difference].magnitude(0, 0) == 2);
  CHECK(values[less].magnitude(0, 0) == 0);
  CHECK(values[less].magnitude(0, 1) * reference::float_epsilon == 1);
  CHECK(values[less].magnitude(0, 2) == 1);
}

TEST_CASE("a value that is missing or has another size is named", "[reference]") {
  Graph g;
  Builder b(g);
  const ValueId w = b.param({"e1.conv.weight"}, {2, 3});
  reference::Feed<double> feed;
  const auto run = [&] { reference::evaluate<double>(g, feed, std::span(&w, 1)); };
  CHECK(test::error_of(run) == "no value for `e1.conv.weight`");
  feed.params["e1.conv.weight"] = reference::Array<double>::Zero(1, 5);
  CHECK(test::error_of(run) == "`e1.conv.weight` takes 1 x 6 values, not 1 x 5");
}
