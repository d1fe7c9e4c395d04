// The reference and the differentiation rules against PyTorch in float64 (tests/reference/layers.json, v7.json).
#include <cmath>
#include <fstream>
#include <nlohmann/json.hpp>

#include "compiler/differentiate.h"
#include "compiler/graph/verify.h"
#include "tests/catch.h"
#include "tests/reference/formula.h"
#include "tests/runtime/differences.h"
#include "tests/runtime/layers.h"

using namespace qiln;
using namespace qiln::test;
using graph::Builder;
using graph::Graph;
using graph::no_value;
using graph::Shape;
using graph::ValueId;
using nlohmann::json;

namespace {

json read_reference(const std::string& name) {
  return json::parse(std::ifstream(std::string(QILN_SOURCE_DIR "/tests/reference/") + name));
}

/// Without the batch.
Shape per_sample(const json& shape) { return Shape(shape.begin() + 1, shape.end()); }

ValueId layer(Builder& b, const json& row, ValueId x, ValueId weight, ValueId bias) {
  const std::string op = row["op"];
  const ValueId one = b.constant(1, Shape(b.graph().shape(x)));
  if (op == "conv") return conv(b, x, weight, bias, row["stride"], row["pad"]);
  if (op == "conv_transpose") return conv_transpose(b, x, weight, bias, row["stride"]);
  if (op == "linear") return linear(b, x, weight, bias);
  if (op == "mean") return mean(b, x, row["axes"]);
  if (op == "relu") return relu(b, x);
  if (op == "tanh") return b.pointwise(Primitive::tanh, {x});
  if (op == "sigmoid") return sigmoid(b, x);
  if (op == "silu") return b.multiply(x, sigmoid(b, x));
  REQUIRE(op == "gelu");
  const ValueId bell = b.pointwise(Primitive::erf, {b.scale(x, std::sqrt(0.5))});
  return b.multiply(b.scale(x, 0.5), b.add(one, bell));
}

/// The largest difference of `found` from `expected`, flat and batch first, relative to 1 + |expected|. Values in the
/// files have 12 digits.
double difference(const reference::Array<double>& found, const json& expected) {
  REQUIRE(found.size() == static_cast<std::int64_t>(expected.size()));
  double worst = 0;
  for (std::int64_t i = 0; i < found.size(); ++i) {
    const double value = expected[i];
    worst = std::max(worst, std::abs(found(i / found.cols(), i % found.cols()) - value) / (1 + std::abs(value)));
  }
  return worst;
}

}  // namespace

TEST_CASE("layers and their gradients are PyTorch's", "[reference]") {
  const json rows = read_reference("layers.json")["cases"];
  for (const json& row : rows) {
    const std::uint32_t stream = 10 * row["case"].get<std::uint32_t>();
    const std::int64_t batch = row["x_shape"][0];
    INFO(row["op"] << ", case " << row["case"]);
    Graph g;
    Builder b(g);
    Feed feed;
    feed.batch = batch;
    std::vector<ValueId> wrt{b.input("x", {per_sample(row["x_shape"]), true})};
    feed.inputs["x"] = formula_array(stream, batch, graph::element_count(g.shape(wrt[0])), row["x_scale"]);
    for (const char* name : {"weight", "bias"}) {
      if (!row.contains(std::string(name) + "_shape")) continue;
      wrt.push_back(b.param({name}, row[std::string(name) + "_shape"].get<Shape>()));
      feed.params[name] = formula_array(stream + wrt.size() - 1, 1, graph::element_count(g.shape(wrt.back())));
    }
    const bool weighted = wrt.size() > 1;
    const ValueId y = layer(b, row, wrt[0], weighted ? wrt[1] : no_value, weighted ? wrt[2] : no_value);
    REQUIRE(g.shape(y) == per_sample(row["y_shape"]));

    const ValueId cotangent = b.input("cotangent", g.type(y));
    feed.inputs["cotangent"] = formula_array(stream + 3, batch, graph::element_count(g.shape(y)));
    std::vector<int> axes(g.shape(y).size());
    for (std::size_t i = 0; i < axes.size(); ++i) axes[i] = static_cast<int>(i);
    const ValueId loss = b.batch_sum(b.reduce_sum(b.multiply(y, cotangent), axes));
    std::vector<ValueId> wanted = gradients(g, loss, wrt);
    CHECK(graph::verify(g).empty());
    wanted.push_back(y);
    const auto values = reference::evaluate<double>(g, feed, wanted);
    CHECK(difference(values[y].value, row["y"]) < 1e-11);
    CHECK(difference(values[wanted[0]].value, row["dx"]) < 1e-11);
    if (weighted) {
      CHECK(difference(values[wanted[1]].value, row["dweight"]) < 1e-11);
      CHECK(difference(values[wanted[2]].value, row["dbias"]) < 1e-11);
    }
  }
}

TEST_CASE("the v7 networks and their gradients are PyTorch's", "[reference]") {
  const bool gated = GENERATE(false, true);
  const json model = read_reference("v7.json")["models"][gated ? "v7_se" : "v7_plain"];
  const json& row = model["cases"][0];
  const std::int64_t batch = row["batch"];
  Graph g = v7(gated);
  const ValueId y = g.output("y"), loss = mean_squared_error(g, y, batch);

  Feed feed;
  feed.batch = batch;
  feed.inputs["x"] = formula_array(kStreamX, batch, 784);
  feed.inputs["target"] = formula_array(kStreamTarget, batch, 784, std::sqrt(3.0));
  reference::Array<double> t(batch, 1);
  for (std::int64_t s = 0; s < batch; ++s) t(s, 0) = formula_bits(kStreamTime, static_cast<std::uint32_t>(s)) % 1000;
  feed.inputs["t"] = t;
  std::vector<ValueId> wrt;
  for (const json& parameter : model["parameters"]) {
    for (const ValueId id : leaves(g))
      if (g[id].op == Primitive::param && g[id].as<graph::ParamAttributes>().path == parameter["path"])
        wrt.push_back(id);
    feed.params[parameter["path"]] =
        formula_array(parameter["ordinal"], 1, graph::element_count(parameter["shape"].get<Shape>()),
                      parameter["scale"], parameter["offset"]);
  }
  REQUIRE(wrt.size() == model["parameters"].size());

  std::vector<ValueId> wanted = gradients(g, loss, wrt);
  CHECK(graph::verify(g).empty());
  wanted.push_back(loss);
  wanted.push_back(y);
  const auto values = reference::evaluate<double>(g, feed, wanted);
  CHECK(values[loss].value(0, 0) == Approx(row["loss"].get<double>()).epsilon(1e-12));
  for (const json& entry : row["output"]) {
    const std::int64_t index = entry[0];
    CHECK(values[y].value(index / 784, index % 784) == Approx(entry[1].get<double>()).epsilon(1e-10));
  }
  for (const json& expected : row["gradients"]) {
    const auto& found = values[wanted[expected["ordinal"].get<int>()]].value;
    INFO("parameter " << expected["ordinal"]);
    CHECK(std::sqrt(found.square().sum()) == Approx(expected["norm"].get<double>()).epsilon(1e-10));
    for (const json& entry : expected["entries"])
      CHECK(found(0, entry[0].get<std::int64_t>()) == Approx(entry[1].get<double>()).epsilon(1e-8));
  }
}
