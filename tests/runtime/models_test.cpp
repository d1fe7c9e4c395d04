// The models beside v7 as their files say them, compiled, against PyTorch, torchvision and PennyLane
// (tests/reference/models.json).
#include <fstream>
#include <nlohmann/json.hpp>

#include "compiler/pipeline.h"
#include "tests/compiler/elaborated.h"
#include "tests/runtime/v7_values.h"

using namespace qiln;
using namespace qiln::test;
using nlohmann::json;

namespace {

graph::Graph network_of(const json& model) {
  const std::string path = QILN_SOURCE_DIR "/models/" + model["file"].get<std::string>() + ".qiln";
  auto net = Elaborated::file(path, model["net"].get<std::string>(), model["set"].get<std::vector<std::string>>());
  INFO(net.messages());
  REQUIRE(net.graph);
  run_circuit_passes(*net.graph);
  return std::move(*net.graph);
}

/// Every parameter of the file is there under its name and in its shape, and no other.
void check_parameters(const graph::Graph& network, const json& parameters) {
  std::size_t count = 0;
  for (const auto& node : network.nodes) {
    if (node.op != Primitive::param) continue;
    const auto& attributes = node.as<graph::ParamAttributes>();
    INFO(attributes.path);
    ++count;
    const auto row = std::find_if(parameters.begin(), parameters.end(),
                                  [&](const json& each) { return each["path"] == attributes.path; });
    REQUIRE(row != parameters.end());
    CHECK((*row)["shape"].get<graph::Shape>() == node.type.shape);
    CHECK((*row)["trained"].get<bool>() == attributes.trainable);
  }
  CHECK(count == parameters.size());
}

void check_gradient(std::span<const float> gradient, const json& parameter) {
  double square = 0;
  for (const float v : gradient) square += static_cast<double>(v) * v;
  check_close(std::sqrt(square), parameter["norm"], parameter["norm_error"]);
  for (const auto& entry : parameter["entries"]) check_close(gradient[entry[0].get<std::size_t>()], entry[1], entry[2]);
}

}  // namespace

TEST_CASE("the models and their gradients are PyTorch's", "[models]") {
  std::ifstream file(QILN_SOURCE_DIR "/tests/reference/models.json");
  const json models = json::parse(file)["models"];
  jit::Engine engine(codegen::host_target(), no_cache());
  for (const auto& [name, model] : models.items()) {
    INFO(name);
    const graph::Graph network = network_of(model);
    const json& parameters = model["parameters"];
    check_parameters(network, parameters);
    graph::Graph objective = diffusion::regression_objective(network);
    const auto trained = diffusion::add_gradients(objective);
    jit::Executable program = jit::build(objective, engine);

    for (std::size_t ordinal = 0; ordinal < parameters.size(); ++ordinal) {
      const json& row = parameters[ordinal];
      auto values = program.param(row["path"].get<std::string>());
      const auto formula =
          formula_vector(static_cast<std::uint32_t>(ordinal), values.size(), row["scale"], row["offset"]);
      std::copy(formula.begin(), formula.end(), values.begin());
    }
    const std::int64_t batch = model["batch"];
    const auto image = model["image"].get<graph::Shape>(), output = model["output_shape"].get<graph::Shape>();
    program.set_input("x",
                      formula_vector(model["stream"], static_cast<std::size_t>(batch * graph::element_count(image))));
    if (model["timed"]) program.set_input("t", formula_times(batch));
    program.set_input("target", formula_vector(kStreamTarget, static_cast<std::size_t>(graph::element_count(output)),
                                               std::sqrt(3.0f)));
    program.uniform_input("inverse_batch")[0] = 1.0f / static_cast<float>(batch);
    program.run(batch);

    check_close(program.uniform_output("loss")[0], model["loss"]);
    const auto prediction = program.output("prediction");
    for (const auto& entry : model["output"]) check_close(prediction[entry[0].get<std::size_t>()], entry[1], entry[2]);
    for (const json& row : parameters) {
      if (!row["trained"].get<bool>()) continue;
      const std::string path = row["path"];
      INFO(path);
      REQUIRE(std::find(trained.begin(), trained.end(), path) != trained.end());
      check_gradient(program.uniform_output("gradient." + path), row);
    }
  }
}
