#include "compiler/graph/splice.h"

#include "compiler/graph/verify.h"
#include "compiler/text/text.h"
#include "tests/catch.h"

using namespace qiln;
using namespace qiln::graph;

namespace {

Graph callee() {
  return text::parse(R"(
    circuit "c" 1 { %q0_1 = RY(%0[1]) %q0_0 read [Z0] }
    graph "net" {
      %x : varying [2] = input() {name = "x"}
      %t : varying [2] = input() {name = "t"}
      %w : uniform [2] = param() {path = "w"}
      %s : varying [2] = add(%x, %t) @"block"
      %y : varying [2] = multiply(%s, %w)
      %z : varying [1] = circuit(%y) @"block.c"
      output "out" = %y
      output "read" = %z
    })");
}

}  // namespace

TEST_CASE("splice binds inputs in order and shares parameters of one path", "[splice]") {
  Graph graph;
  Builder builder(graph);
  const ValueId a = builder.input("a", {{2}, true});
  const ValueId w = builder.param({"w"}, {2});
  const ValueId u = builder.constant(1.0, {2});
  const auto first = splice(builder, callee(), std::vector<ValueId>{a, u});
  const auto second = splice(builder, callee(), std::vector<ValueId>{u, u});
  REQUIRE(first.size() == 2);
  graph.outputs = {{"first", first[1]}, {"second", second[1]}};
  CHECK(verify(graph).empty());
  CHECK(graph[first[0]].operands[1] == w);
  CHECK(graph[graph[first[0]].operands[0]].operands == std::vector<ValueId>{a, u});
  CHECK(graph.varying(first[1]));
  CHECK_FALSE(graph.varying(second[1]));
  CHECK(graph.circuits.size() == 2);
  CHECK(graph[second[1]].as<CircuitAttributes>().index == 1);
  CHECK(graph.paths == std::vector<std::string>{"block", "block.c"});
}
