#include "compiler/text/text.h"

#include <limits>

#include "compiler/graph/attributes.h"
#include "compiler/graph/build.h"
#include "compiler/text/circuit_text.h"
#include "dsl/error.h"
#include "tests/catch.h"

using namespace qiln;
using namespace qiln::graph;

namespace {

bool same(const Graph& a, const Graph& b) {
  if (a.name != b.name || a.nodes.size() != b.nodes.size() || a.outputs.size() != b.outputs.size()) return false;
  for (std::size_t i = 0; i < a.nodes.size(); ++i) {
    const Node &x = a.nodes[i], &y = b.nodes[i];
    if (x.op != y.op || x.type != y.type || x.operands != y.operands || x.attributes != y.attributes) return false;
    if ((x.origin.path < 0) != (y.origin.path < 0)) return false;
    if (x.origin.path >= 0 && a.paths[x.origin.path] != b.paths[y.origin.path]) return false;
  }
  for (std::size_t i = 0; i < a.outputs.size(); ++i)
    if (a.outputs[i].name != b.outputs[i].name || a.outputs[i].value != b.outputs[i].value) return false;
  return a.circuits == b.circuits && a.blocks == b.blocks;
}

/// One value for each kind of attribute field, different from the default.
struct Fill {
  void operator()(const char*, std::string& value) const { value = "a \"b\"\\\nc"; }
  void operator()(const char*, bool& value) const { value = false; }
  void operator()(const char*, double& value) const { value = -1.0 / 3; }
  void operator()(const char*, std::int32_t& value) const { value = 2; }
  void operator()(const char*, std::int64_t& value) const { value = -7; }
  void operator()(const char*, Initialiser& value) const { value = Initialiser::normal; }
  void operator()(const char*, Distribution& value) const { value = Distribution::integer; }
  void operator()(const char*, std::vector<int>& value) const { value = {0, 2}; }
  void operator()(const char*, std::vector<std::int64_t>& value) const { value = {3, 5, 8}; }
  void operator()(const char*, std::vector<double>& value) const { value = {0.1, -0.0, 1e-300, 3, 1.0 / 3}; }
  void operator()(const char*, AffineMap& value) const {
    value = {{{1, 0, 2}, -1}, {{0, 0, 0}, 0}, {{-1, -3, 0}, 4}, {{0, 0, 0}, -2}};
  }
  void operator()(const char*, std::vector<AffineMap>& value) const {
    value.resize(2);
    (*this)("", value[0]);
  }
};

}  // namespace

TEST_CASE("every primitive prints and parses back", "[text]") {
  Graph graph;
  graph.name = "all";
  Builder builder(graph);
  for (int i = 0; i < primitive_count; ++i) {
    const auto op = static_cast<Primitive>(i);
    Attributes attributes = default_attributes(op);
    std::visit([](auto& present) { each_field(present, Fill{}); }, attributes);
    std::vector<ValueId> operands;
    const int arity = primitive(op).arity < 0 ? 3 : primitive(op).arity;
    for (int k = 0; k < arity; ++k) operands.push_back(static_cast<ValueId>(k));
    builder.set_origin(Origin{1, 2, 3, i % 2 ? builder.path("blocks.0.conv") : -1});
    builder.append(op, Type{{2, 3, 4}, i % 2 == 0}, operands, attributes);
    builder.append(op, Type{{}, i % 2 == 1}, operands, default_attributes(op));
  }
  graph.outputs = {{"out", 5}, {"loss", 7}};

  for (bool spans : {false, true}) {
    const std::string text = text::print(graph, {spans});
    const Graph back = text::parse(text);
    CHECK(same(graph, back));
    CHECK(text::print(back, {spans}) == text);
    CHECK(back.nodes[0].origin.begin == (spans ? 2 : 0));
  }
}

TEST_CASE("reals keep every bit", "[text]") {
  Graph graph;
  Builder builder(graph);
  builder.constant({0.1, 2.0 / 3, 1e308, 5e-324, -0.0, std::numeric_limits<double>::infinity()}, {6});
  const Graph back = text::parse(text::print(graph));
  const auto& before = graph[0].as<ConstantAttributes>().values;
  const auto& after = back[0].as<ConstantAttributes>().values;
  CHECK(before == after);
  CHECK(std::signbit(after[4]));
}

TEST_CASE("hand-written text may name values and wrap lines", "[text]") {
  const Graph graph = text::parse(R"(
    # two times x
    graph "twice" {
      %x : varying [3] = input() {name = "x"}
      %two : uniform [3] =
        constant() {values = [2]}   # a splat
      %y : varying [3] = multiply(%x, %two) @"layer"
      output "out" = %y
    })");
  REQUIRE(graph.nodes.size() == 3);
  CHECK(graph[2].op == Primitive::multiply);
  CHECK(graph.output("out") == 2);
  CHECK(text::print(graph) ==
        "graph \"twice\" {\n"
        "  %0 : varying [3] = input() {name = \"x\"}\n"
        "  %1 : uniform [3] = constant() {values = [2]}\n"
        "  %2 : varying [3] = multiply(%0, %1) @\"layer\"\n"
        "  output \"out\" = %2\n"
        "}\n");
}

TEST_CASE("errors in graph text name their line", "[text]") {
  auto message = [](const char* body) -> std::string {
    try {
      text::parse(std::string("graph \"g\" {\n") + body + "\n}\n", "f.graph");
    } catch (const Error& error) {
      CHECK(error.exit_code() == 1);
      return error.what();
    }
    return "none";
  };
  CHECK(message("%0 : varying [3] = frob()") == "f.graph:2: `frob` is not a primitive");
  CHECK(message("\n%0 : varying [3] = exp(%1)") == "f.graph:3: `%1` is not defined above");
  CHECK(message("%0 : varying [3] = input() {name = 3}") == "f.graph:2: expected a string, found `3`");
  CHECK(message("%0 : varying [3] = input() {path = \"x\"}") == "f.graph:2: `input` has no attribute `path`");
  CHECK(message("%0 : both [3] = input()") == "f.graph:2: `both` is not one of the words allowed here");
  CHECK(message("%0 : varying [3] = input() {name = \"x}") == "f.graph:2: the string does not end on its line");
  CHECK(message("%0 : varying [3] = input()\n%0 : varying [3] = input()") == "f.graph:3: `%0` is defined twice");
  CHECK(message("output \"out\" = 3") == "f.graph:2: expected a value, found `3`");
}

TEST_CASE("circuits and block programs print and parse back", "[text]") {
  using namespace qiln::circuit;
  Circuit circuit;
  circuit.name = "Bottleneck";
  circuit.qubits = 3;
  circuit.operations = {{*gate_named("RY"), false, 0, {0}, {{0, 5, 2.5, -0.125}}, 0, 0},
                        {*gate_named("RY"), true, 0, {1}, {{-1, 0, 1, 0.1}}, 4, 9},
                        {*gate_named("CNOT"), false, 0, {0, 1}, {}, 0, 0},
                        {*gate_named("Rot"), false, 1, {2, 0}, {{0, 1, 1, 0}, {1, 2, 1, 0}, {1, 3, -1, 0}}, 0, 0}};
  circuit.readout = {{{1, 0, 0b100}}, {{0.5, 0b001, 0b011}, {-2, 0, 0}}, {}};
  BlockProgram program;
  program.qubits = 3;
  program.blocks = {
      {Block::Kind::dense, {0, 2}, 1, 16, {}, 0},
      {Block::Kind::diagonal, {1}, 0, 0, {}, 0},
      {Block::Kind::permutation, {}, 0, 0, {1, 3, 4}, 6},
      {Block::Kind::turns, {2}, 0, 0, {}, 0, {{Turn::Axis::y, {0, 3, 1, 0}}, {Turn::Axis::z, {-1, 0, 1, 2}}}},
      {Block::Kind::phases, {}, 0, 0, {}, 0, {}, {{5, {1, 2, -0.5, 0.25}}, {2, {-1, 0, 1, -1}}}}};
  program.readout = circuit.readout;
  Graph graph;
  graph.circuits = {circuit, circuit};
  graph.circuits[1].name = "again";
  Operation noise;
  noise.kind = Operation::Kind::channel;
  noise.channel = *channel_named("readout_error");
  noise.qubits = {1};
  noise.angles = {{0, 5, 1, 0}, {-1, 0, 1, 0.25}};
  graph.circuits[1].operations.push_back(noise);
  graph.circuits[1].simulation = Simulation::density;
  graph.circuits[1].initial = InitialState{{2, 0}, 1};
  graph.circuits[1].readout.clear();
  graph.circuits[1].probabilities = {{0, 2}, {1}};
  graph.blocks = {program, program};
  graph.blocks[1].initial = 2;

  const std::string text = text::print(graph, {.spans = true});
  const Graph back = text::parse(text);
  CHECK(same(graph, back));
  CHECK(text.find("circuit \"again\" 3 density {\n  amplitudes q2, q0 from %1\n  %q0_1 = RY") != std::string::npos);
  CHECK(text.find("\n  probabilities q0, q2\n  probabilities q1\n}") != std::string::npos);
  CHECK(text::print(circuit).find("  %q0_2, %q1_2 = CNOT %q0_1, %q1_1\n") != std::string::npos);
  CHECK(text::print(circuit).find("%q0_1 = RY(2.5*%0[5] + -0.125) %q0_0\n") != std::string::npos);
  CHECK(text::print(circuit).find("read [Z0, 0.5*Z1*Y2 + -2, 0]") != std::string::npos);
}

TEST_CASE("a qubit's value is used once", "[text]") {
  CHECK_THROWS_AS(text::parse("circuit \"c\" 1 {\n%q0_1 = X %q0_0\n%q0_1 = X %q0_0\nread [Z0]\n}\ngraph \"g\" {}"),
                  Error);
}
