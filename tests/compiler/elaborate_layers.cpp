// Layers of the prelude, elaborated and interpreted, against PyTorch (tests/reference/layers.py).
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <fstream>
#include <nlohmann/json.hpp>

#include "runtime/reference/evaluate.h"
#include "tests/compiler/elaborated.h"
#include "tests/reference/formula.h"

using namespace qiln;
using reference::Array;

namespace {

/// [samples, elements] of a flat, row-major list whose rows are samples.
Array<double> rows(const std::vector<double>& flat, std::int64_t samples) {
  const auto elements = static_cast<std::int64_t>(flat.size()) / samples;
  Array<double> result(samples, elements);
  for (std::int64_t s = 0; s < samples; ++s)
    for (std::int64_t e = 0; e < elements; ++e) result(s, e) = flat[s * elements + e];
  return result;
}

Array<double> formula_rows(int stream, const graph::Shape& shape, double scale, std::int64_t samples) {
  const auto count = static_cast<std::size_t>(graph::element_count(shape));
  const auto values = test::formula_vector(static_cast<std::uint32_t>(stream), count, static_cast<float>(scale));
  return rows({values.begin(), values.end()}, samples);
}

}  // namespace

TEST_CASE("the prelude's layers compute what PyTorch's do", "[elaborate]") {
  std::ifstream file(std::string(QILN_SOURCE_DIR) + "/tests/reference/layers.json");
  const auto reference = nlohmann::json::parse(file);
  for (const auto& row : reference["cases"]) {
    const std::string op = row["op"];
    const int k = row["case"];
    const auto x_shape = row["x_shape"].get<graph::Shape>();
    const graph::Shape sample(x_shape.begin() + 1, x_shape.end());
    std::string call = op;
    if (op == "conv")
      call += fmt::format("({}, {}, stride = {}, pad = {})", row["weight_shape"][0].get<int>(),
                          row["weight_shape"][2].get<int>(), row["stride"].get<int>(), row["pad"].get<int>());
    if (op == "conv_transpose")
      call += fmt::format("({}, {}, stride = {})", row["weight_shape"][1].get<int>(), row["weight_shape"][2].get<int>(),
                          row["stride"].get<int>());
    if (op == "linear") call += fmt::format("({})", row["weight_shape"][0].get<int>());
    if (op == "mean") call += fmt::format("(axes = {})", row["axes"].get<std::vector<int>>());
    const std::string text = fmt::format("net N(x: [{}]) {{\n  return x |> {}\n}}\n", fmt::join(sample, ", "), call);
    INFO(text);
    const auto net = Elaborated::text(text);
    INFO(net.messages());
    REQUIRE(net.graph);

    reference::Feed<double> feed;
    feed.batch = x_shape[0];
    feed.inputs["x"] = formula_rows(10 * k, x_shape, row["x_scale"], feed.batch);
    if (row.contains("weight_shape")) {
      feed.params[fmt::format("out.{}.weight", op)] =
          formula_rows(10 * k + 1, row["weight_shape"].get<graph::Shape>(), 1, 1);
      feed.params[fmt::format("out.{}.bias", op)] =
          formula_rows(10 * k + 2, row["bias_shape"].get<graph::Shape>(), 1, 1);
    }
    const auto values = reference::evaluate(*net.graph, feed);
    const auto& y = values[net.graph->output("out")].value;
    const auto expected = rows(row["y"].get<std::vector<double>>(), feed.batch);
    REQUIRE(y.size() == expected.size());
    // The file has 12 digits.
    CHECK((y - expected).abs().maxCoeff() < 1e-11 * std::max(1.0, expected.abs().maxCoeff()));
  }
}
