// Weights from PyTorch and to it (tests/reference/weights.py).
#include "runtime/train/weights.h"

#include <fstream>
#include <nlohmann/json.hpp>

#include "compiler/pipeline.h"
#include "runtime/files.h"
#include "runtime/jit/build.h"
#include "tests/compiler/elaborated.h"
#include "tests/reference/formula.h"
#include "tests/runtime/scratch.h"

using namespace qiln;
using namespace qiln::train;
using test::Scratch;

namespace {

constexpr const char* kSmall = R"(
net N(x: [1, 4, 4]) -> [3] {
  layer first = conv(4, 3)
  layer norm = batch_norm()
  layer blocks[0] = group_norm(2)
  layer blocks[1] = conv_transpose(2, 2, stride = 2)
  layer head = linear(3)
  h = x |> first |> norm |> relu
  h = blocks[1](blocks[0](h))
  return reshape(h, [128]) |> head
}
)";

const char* file = QILN_SOURCE_DIR "/tests/reference/weights.safetensors";

std::vector<Declared> declared(const std::string& text) {
  auto net = Elaborated::text(text);
  INFO(net.messages());
  REQUIRE(net.graph);
  return declared_parameters(*net.graph);
}

}  // namespace

TEST_CASE("a file of PyTorch gives the outputs of its module", "[weights]") {
  auto net = Elaborated::text(kSmall);
  REQUIRE(net.graph);
  const Weights weights = read_weights(file, declared_parameters(*net.graph));
  CHECK(describe(weights) == "");
  CHECK(weights.whole());
  run_circuit_passes(*net.graph, true, false);
  jit::Engine engine(codegen::host_target(), {.enabled = false, .folder = {}});
  const std::string output = net.graph->outputs[0].name;
  jit::Executable program = jit::build(std::move(*net.graph), engine);
  for (const auto& [path, values] : weights.values) std::ranges::copy(values, program.param(path).begin());
  program.set_input("x", test::formula_vector(test::kStreamX, 2 * 16));
  program.run(2);
  std::ifstream in(QILN_SOURCE_DIR "/tests/reference/weights.json");
  const auto expected = nlohmann::json::parse(in).at("output");
  const auto found = program.output(output);
  REQUIRE(found.size() == 6);
  // Float against double, on values below 4 that some 300 terms make.
  for (std::size_t i = 0; i < 6; ++i) CHECK(std::abs(found[i] - expected[i / 3][i % 3].get<double>()) < 1e-5);
}

TEST_CASE("what does not fit is listed", "[weights]") {
  const Weights weights = read_weights(file, declared(R"(
net N(x: [1, 4, 4]) -> [3] {
  layer first = conv(4, 5)
  layer second = conv(4, 3)
  layer head = linear(3)
  h = x |> first |> second |> relu
  return concat(h, h) |> reshape([128]) |> head
}
)"));
  CHECK(describe(weights) ==
        "  missing in the file (2):\n"
        "    second.weight [4, 4, 3, 3]\n"
        "    second.bias [4]\n"
        "  not in the model (8):\n"
        "    blocks.0.bias [4]\n"
        "    blocks.0.weight [4]\n"
        "    blocks.1.bias [2]\n"
        "    blocks.1.weight [4, 2, 2, 2]\n"
        "    norm.bias [4]\n"
        "    norm.running_mean [4]\n"
        "    norm.running_var [4]\n"
        "    norm.weight [4]\n"
        "  of another shape or type (1):\n"
        "    first.weight: [4, 1, 3, 3] in the file, [4, 1, 5, 5] in the model\n");
  CHECK(weights.values.size() == 3);
}

TEST_CASE("a checkpoint gives its averages, and is written for PyTorch without the optimiser's state", "[weights]") {
  const Scratch scratch;
  Checkpoint checkpoint{.step = 3};
  const std::vector<float> raw = {1, 2}, average = {3, 4}, state = {5, 6};
  checkpoint.add("a.weight", {2}, raw);
  checkpoint.add("ema.a.weight", {2}, average);
  checkpoint.add("adam.m.a.weight", {2}, state);
  checkpoint.add("adam.v.a.weight", {2}, state);
  checkpoint.add("ema.b", {2}, state);  // a parameter that is called so
  save_checkpoint(scratch / "checkpoint", checkpoint);
  const std::vector<Declared> declared = {{{.path = "a.weight"}, {2}}, {{.path = "ema.b"}, {2}}};
  const Weights weights = read_weights(scratch / "checkpoint", declared);
  CHECK(describe(weights) == "");
  CHECK(weights.values.at("a.weight") == average);
  CHECK(weights.values.at("ema.b") == state);
  for (const bool averaged : {false, true}) {
    write_weights(scratch / "weights", checkpoint, averaged);
    const TensorFile written = read_safetensors(scratch / "weights");
    REQUIRE(written.tensors.size() == 2);
    CHECK(written.metadata.at("format") == "pt");
    CHECK(written.find("a.weight")->to_floats() == (averaged ? average : raw));
  }
}
