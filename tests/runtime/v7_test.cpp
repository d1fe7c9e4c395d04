// The v7 models as their files say them, compiled, against PyTorch and PennyLane.
#include "compiler/pipeline.h"
#include "tests/compiler/elaborated.h"
#include "tests/runtime/v7_values.h"
#include "tests/v7_network.h"

using namespace qiln;

namespace {

graph::Graph v7_model(const std::string& model, bool closed_form = true) {
  auto net = Elaborated::file(std::string(QILN_SOURCE_DIR) + "/models/" + model + ".qiln", "UNet");
  INFO(net.messages());
  REQUIRE(net.graph);
  run_circuit_passes(*net.graph, closed_form);
  return std::move(*net.graph);
}

void check_model(const std::string& model, bool closed_form = true, int lanes = 0) {
  jit::Engine engine(codegen::host_target(lanes), test::no_cache());
  test::check_v7(model, v7_model(model, closed_form), engine);
}

}  // namespace

TEST_CASE("the v7 U-Net built node by node matches PyTorch", "[v7]") {
  jit::Engine engine(codegen::host_target(), test::no_cache());
  test::check_v7("v7_plain", test::v7_plain_network(), engine);
}

TEST_CASE("v7_plain matches PyTorch with 4 lanes", "[v7]") { check_model("v7_plain", true, 4); }
TEST_CASE("v7_plain matches PyTorch with 16 lanes", "[v7]") { check_model("v7_plain", true, 16); }
TEST_CASE("v7_se matches PyTorch", "[v7]") { check_model("v7_se"); }
TEST_CASE("v7_se_frozen matches PyTorch", "[v7]") { check_model("v7_se_frozen"); }
TEST_CASE("v7_quantum matches PennyLane", "[v7]") { check_model("v7_quantum"); }

TEST_CASE("v7_published matches PennyLane in closed form", "[v7]") {
  const graph::Graph network = v7_model("v7_published");
  for (const auto& node : network.nodes) CHECK(node.op != Primitive::apply_blocks);
  check_model("v7_published");
}

TEST_CASE("v7_published matches PennyLane as a state vector", "[v7]") { check_model("v7_published", false); }
