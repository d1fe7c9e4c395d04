#include "compiler/graph/verify.h"

#include "compiler/graph/build.h"
#include "compiler/text/text.h"
#include "dsl/error.h"
#include "tests/catch.h"

using namespace qiln;
using namespace qiln::graph;

namespace {

/// What the verifier says about a graph whose nodes are these lines.
std::string said(const std::string& lines, const std::string& sections = "") {
  const auto problems = verify(text::parse(sections + "graph \"g\" {\n" + lines + "\n}"));
  std::string joined;
  for (const auto& problem : problems) joined += (joined.empty() ? "" : "; ") + problem;
  return joined;
}

const std::string x = "%0 : varying [2, 3] = input() {name = \"x\"}\n";
const std::string w = "%1 : uniform [2, 3] = param() {path = \"w\"}\n";

}  // namespace

TEST_CASE("a graph from the builder is valid", "[verify]") {
  Graph graph;
  Builder b(graph);
  const ValueId image = b.input("x", {{1, 4, 4}, true});
  const ValueId weight = b.param({"conv.weight"}, {2, 1, 3, 3});
  ContractAttributes conv{{2, 4, 4, 1, 3, 3}, {}, {}};
  auto e = [](std::vector<std::int64_t> c, std::int64_t o = 0) { return Affine{std::move(c), o}; };
  conv.output = {e({1, 0, 0, 0, 0, 0}), e({0, 1, 0, 0, 0, 0}), e({0, 0, 1, 0, 0, 0})};
  conv.operands = {{conv.output[0], e({0, 0, 0, 1, 0, 0}), e({0, 0, 0, 0, 1, 0}), e({0, 0, 0, 0, 0, 1})},
                   {e({0, 0, 0, 1, 0, 0}), e({0, 1, 0, 0, 1, 0}, -1), e({0, 0, 1, 0, 0, 1}, -1)}};
  const ValueId y = b.contract(conv, {weight, image}, {2, 4, 4});
  const ValueId biased = b.add(y, b.broadcast_left(b.param({"conv.bias"}, {2}), {2, 4, 4}));
  const ValueId mean = b.scale(b.reduce_sum(biased, {1, 2}), 1.0 / 16);
  const ValueId both = b.concat({mean, b.stop_gradient(mean)});
  const ValueId total = b.batch_sum(b.permute(b.reshape(both, {2, 2}), {1, 0}));
  graph.outputs = {{"out", b.slice(b.pad(total, {1, 0}, {1, 2}, {3, 3}), {0, 0}, {1, 1}, {1, 1})}};
  CHECK(verify(graph).empty());
  CHECK_NOTHROW(require_valid(graph, "here"));
}

TEST_CASE("each violation is named", "[verify]") {
  CHECK(said(x + "%2 : varying [2, 3] = add(%0)") == "%1 = add: 1 operands where there are 2");
  CHECK(said(x + "%2 : varying [3, 2] = exp(%0)") == "%1 = exp: operand 0 has [2, 3], the result [3, 2]");
  CHECK(said(x + "%2 : uniform [2, 3] = exp(%0)") == "%1 = exp: uniform, but an operand is varying");
  CHECK(said(x + w + "%2 : varying [2, 3] = exp(%1)") == "%2 = exp: varying, but no operand is varying");
  CHECK(said("%0 : varying [2, 3] = param() {path = \"w\"}") == "%0 = param: varying, but no operand is varying");
  CHECK(said(w + "%2 : uniform [1] = param() {path = \"w\"}") == "%1 = param: there are two parameters `w`");
  CHECK(said("%2 : uniform [1] = param()") == "%0 = param: a parameter needs a path");
  CHECK(said(x + "%2 : varying [1] = input() {name = \"x\"}") == "%1 = input: there are two inputs `x`");
  CHECK(said("%2 : uniform [3] = constant() {values = [1, 2]}") == "%0 = constant: 2 values for the 3 elements of [3]");
  CHECK(said("%2 : uniform [0] = constant() {values = [1]}") == "%0 = constant: an extent of 0");
  CHECK(said("%2 : varying [] = random() {distribution = integer}") == "%0 = random: a bound of 0");
  CHECK(said(x + "%2 : varying [2] = reduce_sum(%0) {axes = [0]}") ==
        "%1 = reduce_sum: the type says [2], the operands give [3]");
  CHECK(said(x + "%2 : varying [2] = reduce_sum(%0) {axes = [2]}") == "%1 = reduce_sum: axis 2 of 2 axes");
  CHECK(said(x + "%2 : varying [] = reduce_max(%0) {axes = [1, 0]}") == "%1 = reduce_max: the axes do not ascend");
  CHECK(said(x + "%2 : varying [5] = reshape(%0)") == "%1 = reshape: 6 elements become 5");
  CHECK(said(x + "%2 : varying [3, 2] = permute(%0) {axes = [1, 1]}") == "%1 = permute: [1, 1] does not order 2 axes");
  CHECK(said(x + "%2 : varying [1, 3] = slice(%0) {start = [2, 0], step = [1, 1]}") ==
        "%1 = slice: 2 + 1 * j leaves axis 0 of extent 2");
  CHECK(said(x + "%2 : varying [3, 3] = pad(%0) {start = [2, 0], step = [1, 1]}") ==
        "%1 = pad: 2 + 1 * j leaves axis 0 of extent 3");
  CHECK(said(x + "%2 : varying [4, 3] = concat(%0, %0) {axes = [1]}") ==
        "%1 = concat: the type says [4, 3], the operands give [2, 6]");
  CHECK(said(x + "%2 : varying [2, 4] = broadcast(%0) {axes = [0, 1]}") ==
        "%1 = broadcast: axis 1 of extent 3 becomes axis 1 of extent 4");
  CHECK(said(w + "%2 : uniform [2, 3] = batch_sum(%1)") == "%1 = batch_sum: its operand is uniform already");
  CHECK(said(x + "%2 : varying [2, 3] = batch_sum(%0)") == "%1 = batch_sum: a sum over the batch is uniform");
  CHECK(said(x + "%2 : varying [2] = stop_gradient(%0)") ==
        "%1 = stop_gradient: the type says [2], the operands give [2, 3]");
}

TEST_CASE("contract maps fit tensors and space", "[verify]") {
  auto contract = [](const std::string& attributes, const char* operands = "%0") {
    return said(x + "%1 : varying [2] = contract(" + operands + ") {" + attributes + "}");
  };
  CHECK(contract("space = [2, 3], output = [i0], operands = [[i0, i1]]") == "");
  CHECK(contract("space = [2, 3], output = [i0], operands = [[i0]]") ==
        "%1 = contract: the map of operand 0 has 1 axes, the tensor 2");
  CHECK(contract("space = [2, 3], output = [i0, i1], operands = [[i0, i1]]") ==
        "%1 = contract: the map of the output has 2 axes, the tensor 1");
  CHECK(contract("space = [2, 3], output = [i0], operands = [[i0, i2]]") ==
        "%1 = contract: the map of operand 0 is over 3 indices, the space has 2");
  CHECK(contract("space = [2, 3], output = [i0], operands = []") == "%1 = contract: 0 maps for 1 operands");
  CHECK(contract("space = [2, 0], output = [i0], operands = [[i0, i1]]") == "%1 = contract: an index of extent 0");
}

TEST_CASE("operands stand before their users and outputs name values", "[verify]") {
  Graph graph;
  Builder b(graph);
  b.append(Primitive::input, {{}, true}, {}, InputAttributes{"x"});
  graph.nodes.push_back({Primitive::exp, {{}, true}, {1}, {}, {}});
  graph.outputs = {{"out", 9}, {"out", 0}};
  CHECK(verify(graph) == std::vector<std::string>{"%1 = exp: the operand %1 does not stand before it",
                                                  "output `out` names no value", "there are two outputs `out`"});
  CHECK_THROWS_AS(require_valid(graph, "after nothing"), Error);
  graph.nodes[1].attributes = InputAttributes{};
  CHECK(verify(graph)[0] == "%1 = exp: attributes of another primitive");
}

TEST_CASE("circuits and blocks fit their operands", "[verify]") {
  auto circuit = [](const std::string& gates, const char* type = "[1]") {
    return said("%0 : varying [2] = input() {name = \"x\"}\n%1 : varying " + std::string(type) + " = circuit(%0)",
                "circuit \"c\" 2 {\n" + gates + "\nread [Z0]\n}\n");
  };
  CHECK(circuit("%q0_1 = RY(%0[1]) %q0_0") == "");
  CHECK(circuit("", "[2]") == "%1 = circuit: the type says [2], the operands give [1]");
  CHECK(circuit("%q0_1 = RY(%0[2]) %q0_0") == "%1 = circuit: operation 0 (RY): elements 2..3 of [2]");
  CHECK(circuit("%q0_1 = RY(%1[0]) %q0_0") == "%1 = circuit: operation 0 (RY): operand 1 of 1");
  CHECK(circuit("%q0_1 = RY %q0_0") == "%1 = circuit: operation 0 (RY): 0 angles");
  CHECK(circuit("%q0_1 = CNOT %q0_0") == "%1 = circuit: operation 0 (CNOT): 1 qubits");
  CHECK(circuit("%q0_1, %q0_1 = CNOT %q0_0, %q0_0") == "%1 = circuit: operation 0 (CNOT): qubit 0 twice");

  auto amplitudes = [](const std::string& body, const std::string& type, const std::string& attributes = "") {
    return said("%0 : varying [3, 4] = input() {name = \"x\"}\n%1 : varying " + type + " = circuit(%0)" + attributes,
                "circuit \"c\" 3 {\n" + body + "\n}\n");
  };
  CHECK(amplitudes("amplitudes q0, q2 from %0\nprobabilities q2, q1\nprobabilities q0", "[6]") == "");
  CHECK(amplitudes("amplitudes q0, q2 from %0\nread [Z1]\nprobabilities q2, q1", "[3, 5]",
                   " {places = 3, mapped = [0]}") == "");
  CHECK(amplitudes("amplitudes q0, q0 from %0\nread [Z0]", "[1]") == "%1 = circuit: the initial state: qubit 0 twice");
  CHECK(amplitudes("amplitudes q0, q1, q2 from %0\nread [Z0]", "[3, 1]", " {places = 3, mapped = [0]}") ==
        "%1 = circuit: the initial state: elements 0..8 of [4]");
  CHECK(amplitudes("read [Z0]", "[4, 1]", " {places = 4, mapped = [0]}") ==
        "%1 = circuit: operand 0 has [3, 4] where 4 places come first");

  auto blocks = [](const std::string& lines, const std::string& block = "dense q1 from %0[0]") {
    return said(lines, "blocks 2 {\n" + block + "\nread [Z0, X1]\n}\n");
  };
  const std::string entries = "%0 : varying [8] = input() {name = \"m\"}\n";
  const std::string state = entries + "%1 : varying [2, 4] = apply_blocks(%0)\n";
  CHECK(blocks(state + "%2 : varying [2] = expval(%1)\n%3 : varying [2, 4] = expval_adjoint(%1, %2)\n"
                       "%4 : varying [8] = apply_blocks_adjoint(%0, %1, %3)") == "");
  CHECK(blocks(entries + "%1 : varying [4] = apply_blocks(%0)") ==
        "%1 = apply_blocks: the type says [4], the operands give [2, 4]");
  CHECK(blocks(state, "dense q0, q1 from %0[0]") == "%1 = apply_blocks: block 0: elements 0..32 of [8]");
  CHECK(blocks(state, "permutation [0x1] flip 0x0") == "%1 = apply_blocks: block 0: 1 rows");
  CHECK(said(entries + "%1 : varying [2, 4] = apply_blocks(%0)") == "%1 = apply_blocks: there is no block program 0");
}
