#include "compiler/graph/build.h"
#include "compiler/graph/evaluate.h"
#include "compiler/pipeline.h"
#include "compiler/text/text.h"
#include "dsl/error.h"
#include "tests/catch.h"

using namespace qiln;

namespace {

const std::string inputs =
    "  %0 : varying [2, 3] = input() {name = \"x\"}\n"
    "  %1 : uniform [2, 3] = param() {path = \"w\"}\n";

/// The lines of a graph after a pass, and that a second run changes nothing.
std::string after(const char* pass, const std::string& lines, const std::string& sections = "") {
  graph::Graph graph = text::parse(sections + "graph \"g\" {\n" + lines + "}");
  const bool changed = run(pass_named(pass), graph, true);
  CHECK_FALSE(run(pass_named(pass), graph, true));
  const std::string text = text::print(graph);
  const std::size_t begin = text.find("graph \"g\" {\n") + 12;
  return (changed ? "" : "no change\n") + text.substr(begin, text.size() - begin - 2);
}

/// What an expression in %0, %1 and a constant %2 simplifies to: the output's number and the lines after the inputs.
std::string simplified(const std::string& constant, const std::string& lines) {
  graph::Graph graph = text::parse("graph \"g\" {\n" + inputs + "%2 : uniform [2, 3] = constant() {values = [" +
                                   constant + "]}\n" + lines + "\noutput \"out\" = %y\n}");
  run(pass_named("simplify"), graph, true);
  run(pass_named("dead-code"), graph, true);
  std::string text;
  for (const auto& node : graph.nodes) {
    if (node.op == Primitive::input) continue;
    if (!text.empty()) text += ' ';
    text += primitive(node.op).name;
  }
  return text;
}

}  // namespace

TEST_CASE("simplify folds pointwise functions of constants", "[passes]") {
  CHECK(after("simplify",
              "%0 : uniform [2] = constant() {values = [1, 4]}\n%1 : uniform [2] = constant() {values = [3]}\n"
              "%2 : uniform [2] = sqrt(%0)\n%3 : uniform [2] = add(%2, %1)\noutput \"out\" = %3\n") ==
        "  %0 : uniform [2] = constant() {values = [1, 4]}\n"
        "  %1 : uniform [2] = constant() {values = [3]}\n"
        "  %2 : uniform [2] = constant() {values = [1, 2]}\n"
        "  %3 : uniform [2] = constant() {values = [4, 5]}\n"
        "  output \"out\" = %3\n");
}

TEST_CASE("simplify drops identities", "[passes]") {
  CHECK(simplified("1", "%y : varying [2, 3] = multiply(%0, %2)") == "");
  CHECK(simplified("1", "%y : varying [2, 3] = multiply(%2, %0)") == "");
  CHECK(simplified("1", "%y : varying [2, 3] = divide(%0, %2)") == "");
  CHECK(simplified("1", "%y : varying [2, 3] = power(%0, %2)") == "");
  CHECK(simplified("2", "%y : varying [2, 3] = power(%0, %2)") == "multiply");
  CHECK(simplified("0", "%y : varying [2, 3] = add(%0, %2)") == "");
  CHECK(simplified("0", "%y : varying [2, 3] = subtract(%0, %2)") == "");
  CHECK(simplified("0", "%y : varying [2, 3] = subtract(%2, %0)") == "negate");
  CHECK(simplified("0", "%n : varying [2, 3] = negate(%0)\n%y : varying [2, 3] = negate(%n)") == "");
  CHECK(simplified("1", "%y : varying [2, 3] = select(%2, %0, %0)") == "");
  CHECK(simplified("0", "%y : varying [2, 3] = multiply(%0, %2)") == "constant multiply");
  CHECK(simplified("2", "%y : varying [2, 3] = divide(%2, %0)") == "constant divide");
}

TEST_CASE("simplify joins movement", "[passes]") {
  CHECK(simplified("1", "%a : varying [6] = reshape(%0)\n%y : varying [2, 3] = reshape(%a)") == "");
  CHECK(simplified("1", "%a : varying [6] = reshape(%0)\n%y : varying [3, 2] = reshape(%a)") == "reshape");
  CHECK(simplified("1",
                   "%a : varying [3, 2] = permute(%0) {axes = [1, 0]}\n"
                   "%y : varying [2, 3] = permute(%a) {axes = [1, 0]}") == "");
  CHECK(simplified("7", "%y : uniform [2, 2, 3] = broadcast(%2) {axes = [1, 2]}") == "constant");
  CHECK(simplified("7", "%y : uniform [] = reduce_sum(%2) {axes = [0, 1]}") == "constant");
  CHECK(after("simplify", inputs + "  %2 : varying [1, 2] = slice(%0) {start = [1, 0], step = [1, 2]}\n"
                                   "  %3 : varying [1, 1] = slice(%2) {start = [0, 1], step = [1, 3]}\n") ==
        inputs +
            "  %2 : varying [1, 2] = slice(%0) {start = [1, 0], step = [1, 2]}\n"
            "  %3 : varying [1, 1] = slice(%0) {start = [1, 2], step = [1, 6]}\n");
}

TEST_CASE("simplify leaves what is simple", "[passes]") {
  const std::string lines = inputs + "  %2 : varying [2, 3] = add(%0, %1)\n  output \"out\" = %2\n";
  CHECK(after("simplify", lines) == "no change\n" + lines);
}

TEST_CASE("common subexpressions become one", "[passes]") {
  CHECK(after("common-subexpressions", inputs + "  %2 : varying [2, 3] = add(%0, %1)\n"
                                                "  %3 : varying [2, 3] = add(%1, %0)\n"
                                                "  %4 : varying [2, 3] = subtract(%0, %1)\n"
                                                "  %5 : varying [2, 3] = subtract(%1, %0)\n"
                                                "  %6 : varying [2, 3] = multiply(%2, %3)\n") ==
        inputs +
            "  %2 : varying [2, 3] = add(%0, %1)\n"
            "  %3 : varying [2, 3] = subtract(%0, %1)\n"
            "  %4 : varying [2, 3] = subtract(%1, %0)\n"
            "  %5 : varying [2, 3] = multiply(%2, %2)\n");
  const std::string apart =
      "  %0 : uniform [] = constant() {values = [0]}\n  %1 : uniform [] = constant() {values = [-0]}\n";
  CHECK(after("common-subexpressions", apart) == "no change\n" + apart);
}

TEST_CASE("dead code goes, inputs stay", "[passes]") {
  CHECK(after("dead-code", inputs + "  %2 : varying [2, 3] = exp(%0)\n  %3 : varying [2, 3] = log(%0)\n"
                                    "  output \"out\" = %3\n") ==
        "  %0 : varying [2, 3] = input() {name = \"x\"}\n"
        "  %1 : varying [2, 3] = log(%0)\n"
        "  output \"out\" = %1\n");
  graph::Graph graph = text::parse(R"(
    circuit "unused" 1 { read [Z0] }
    circuit "used" 1 { read [Z0] }
    graph "g" {
      %0 : uniform [1] = circuit() {index = 1}
      output "out" = %0
    })");
  CHECK(run(pass_named("dead-code"), graph, true));
  REQUIRE(graph.circuits.size() == 1);
  CHECK(graph.circuits[0].name == "used");
  CHECK_FALSE(run(pass_named("dead-code"), graph, true));
}

TEST_CASE("passes are found by name", "[passes]") {
  CHECK(passes_named("simplify,dead-code").size() == 2);
  CHECK_THROWS_AS(passes_named("simplify,nonsense"), Error);
  CHECK_THROWS_AS(pass_named(""), Error);
}
