// The v7 networks' values by PyTorch and PennyLane (tests/reference/v7.json), and a graph compared with them.
#pragma once

#include <nlohmann/json.hpp>

#include <algorithm>
#include <cmath>
#include <fstream>
#include <string>
#include <vector>

#include "compiler/graph/graph.h"
#include "runtime/diffusion/objective.h"
#include "runtime/jit/build.h"
#include "tests/catch.h"
#include "tests/reference/formula.h"

namespace qiln::test {

inline const nlohmann::json& v7_values() {
  static const nlohmann::json values = [] {
    std::ifstream in(QILN_SOURCE_DIR "/tests/reference/v7.json");
    return nlohmann::json::parse(in);
  }();
  return values;
}

inline jit::CacheOptions no_cache() {
  jit::CacheOptions options;
  options.enabled = false;
  return options;
}

/// Within 1e-4 of the larger, or within four times `float32_error`: what PyTorch's own float32 runs miss the number by
/// (the worst of eight orders of summation). Four, since a worst of eight is about 1.5 standard deviations.
inline void check_close(double ours, double theirs, double float32_error = 0) {
  const double tolerance = std::max(1e-4 * std::max(std::abs(ours), std::abs(theirs)), 4 * float32_error);
  INFO(ours << " for " << theirs << ", off by " << ours - theirs << ", PyTorch's float32 by " << float32_error);
  CHECK(std::abs(ours - theirs) <= tolerance);
}

inline std::vector<float> formula_times(std::int64_t batch) {
  std::vector<float> t(batch);
  for (std::int64_t i = 0; i < batch; ++i)
    t[i] = static_cast<float>(formula_bits(kStreamTime, static_cast<std::uint32_t>(i)) % 1000);
  return t;
}

/// Whether the program still has the parameter: one without influence is swept.
inline bool has_param(const jit::Executable& program, const std::string& path) {
  const auto& ports = program.program().params;
  return std::any_of(ports.begin(), ports.end(), [&](const auto& port) { return port.name == path; });
}

inline void set_formula_parameters(jit::Executable& program, const nlohmann::json& parameters) {
  for (const auto& p : parameters) {
    if (!has_param(program, p.at("path"))) continue;
    auto values = program.param(p.at("path").get<std::string>());
    auto formula = formula_vector(p.at("ordinal"), values.size(), p.at("scale"), p.at("offset"));
    std::copy(formula.begin(), formula.end(), values.begin());
  }
}

/// Loss, output, gradients and the losses of three Adam steps of `network` (circuits lowered) against the file.
inline void check_v7(const std::string& model, const graph::Graph& network, jit::Engine& engine, int threads = 0) {
  const auto& expected = v7_values().at("models").at(model);
  const auto& parameters = expected.at("parameters");
  graph::Graph objective = diffusion::regression_objective(network);
  auto trained = diffusion::add_gradients(objective);
  jit::Executable program = jit::build(objective, engine, {threads, {}});
  for (const auto& c : expected.at("cases")) {
    std::int64_t batch = c.at("batch");
    INFO(model << " batch " << batch);
    set_formula_parameters(program, parameters);
    program.set_input("x", formula_vector(kStreamX, batch * 784));
    program.set_input("t", formula_times(batch));
    program.set_input("target", formula_vector(kStreamTarget, batch * 784, std::sqrt(3.0f)));
    program.uniform_input("inverse_batch")[0] = 1.0f / static_cast<float>(batch);
    program.run(batch);
    check_close(program.uniform_output("loss")[0], c.at("loss"));
    auto output = program.output("prediction");
    for (const auto& entry : c.at("output")) check_close(output[entry[0].get<std::size_t>()], entry[1], entry[2]);
    for (const auto& g : c.at("gradients")) {
      std::string path = parameters.at(g.at("ordinal").get<std::size_t>()).at("path");
      if (std::find(trained.begin(), trained.end(), path) == trained.end()) continue;
      INFO(path);
      if (!has_param(program, path)) {
        CHECK(g.at("norm") == 0);
        continue;
      }
      auto gradient = program.uniform_output("gradient." + path);
      double square = 0;
      for (float v : gradient) square += static_cast<double>(v) * v;
      check_close(std::sqrt(square), g.at("norm"));
      for (const auto& entry : g.at("entries")) check_close(gradient[entry[0].get<std::size_t>()], entry[1], entry[2]);
    }
    std::vector<std::vector<float>> mean(trained.size()), variance(trained.size());
    for (std::size_t step = 0; step < c.at("losses").size(); ++step) {
      program.run(batch);
      check_close(program.uniform_output("loss")[0], c.at("losses")[step]);
      const auto n = static_cast<double>(step + 1);
      const double step_size = 1e-3 / (1 - std::pow(0.9, n)),
                   inverse_root_bias2 = 1 / std::sqrt(1 - std::pow(0.999, n));
      for (std::size_t k = 0; k < trained.size(); ++k) {
        if (!has_param(program, trained[k])) continue;
        auto weight = program.param(trained[k]);
        auto gradient = program.uniform_output("gradient." + trained[k]);
        mean[k].resize(weight.size());
        variance[k].resize(weight.size());
        for (std::size_t i = 0; i < weight.size(); ++i) {
          mean[k][i] = 0.9f * mean[k][i] + 0.1f * gradient[i];
          variance[k][i] = 0.999f * variance[k][i] + 0.001f * gradient[i] * gradient[i];
          weight[i] -=
              static_cast<float>(step_size * mean[k][i] / (std::sqrt(variance[k][i]) * inverse_root_bias2 + 1e-8));
        }
      }
    }
  }
}

}  // namespace qiln::test
