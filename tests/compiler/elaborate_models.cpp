// The models that ship, elaborated: parameters as the reference's PyTorch twins have them.
#include <fstream>
#include <nlohmann/json.hpp>

#include "tests/compiler/elaborated.h"

using namespace qiln;

TEST_CASE("the v7 models have their twins' parameters", "[elaborate]") {
  std::ifstream file(std::string(QILN_SOURCE_DIR) + "/tests/reference/v7.json");
  const auto reference = nlohmann::json::parse(file);
  for (const auto& [model, expected] : reference["models"].items()) {
    INFO(model);
    const auto net = Elaborated::file(std::string(QILN_SOURCE_DIR) + "/models/" + model + ".qiln", "UNet");
    INFO(net.messages());
    REQUIRE(net.graph);
    CHECK(net.messages() == "");
    std::vector<std::pair<std::string, graph::Shape>> found, wanted;
    for (const auto& node : net.graph->nodes)
      if (node.op == Primitive::param) found.emplace_back(node.as<graph::ParamAttributes>().path, node.type.shape);
    for (const auto& parameter : expected["parameters"])
      wanted.emplace_back(parameter["path"], parameter["shape"].get<graph::Shape>());
    CHECK(found == wanted);
    CHECK(net.graph->type(net.graph->output("out")) == graph::Type{{1, 28, 28}, true});
  }
}

TEST_CASE("freeze marks the parameters of its call alone", "[elaborate]") {
  const auto net = Elaborated::file(std::string(QILN_SOURCE_DIR) + "/models/v7_se_frozen.qiln", "UNet");
  REQUIRE(net.graph);
  for (const auto& node : net.graph->nodes)
    if (node.op == Primitive::param) {
      const auto& path = node.as<graph::ParamAttributes>().path;
      CHECK(node.as<graph::ParamAttributes>().trainable == (path != "g.linear.weight" && path != "g.linear.bias"));
    }
}

TEST_CASE("the published circuit is as the paper's figure", "[elaborate]") {
  const auto net = Elaborated::file(std::string(QILN_SOURCE_DIR) + "/models/v7_published.qiln", "UNet");
  REQUIRE(net.graph);
  REQUIRE(net.graph->circuits.size() == 1);
  const auto& circuit = net.graph->circuits[0];
  CHECK(circuit.qubits == 16);
  CHECK(circuit.operations.size() == 16 + 3 * (16 + 15));
  REQUIRE(circuit.readout.size() == 16);
  CHECK(circuit.readout[3] == circuit::Observable{{1, 0, std::uint64_t{1} << 12}});
  const auto& rz = circuit.operations[16 + 31 + 2];
  CHECK(gate(rz.gate).name == "RZ");
  CHECK(rz.angles == std::vector<circuit::Angle>{{1, 18, 1, 0}});
}
