// Compiled programs: against the reference, and the same bits from any number of threads.
#include "runtime/jit/program.h"

#include <random>

#include "compiler/pipeline.h"
#include "compiler/schedule.h"
#include "runtime/jit/engine.h"
#include "runtime/jit/timing.h"
#include "runtime/reference/evaluate.h"
#include "tests/catch.h"
#include "tests/circuit_graph.h"
#include "tests/random_graph.h"
#include "tests/unet_graph.h"

using namespace qiln;

namespace {

jit::Executable compiled(const graph::Graph& graph, jit::Engine& engine, int threads) {
  ScheduleOptions options;
  options.lanes = engine.target().lanes;
  auto program = schedule(graph, options);
  std::vector<jit::Kernel> kernels;
  for (const auto& kernel : engine.compile(program.nests)) kernels.push_back({kernel.function, kernel.tiles});
  return jit::Executable(std::move(program), std::move(kernels), threads);
}

/// Fills parameters and inputs in order of the graph; the same numbers each time.
void fill(const graph::Graph& graph, jit::Executable& executable, reference::Feed<double>& feed) {
  std::mt19937 random(5);
  std::uniform_real_distribution<float> number(-0.4f, 0.5f);
  for (const auto& node : graph.nodes) {
    if (node.op != Primitive::input && node.op != Primitive::param) continue;
    const std::int64_t rows = node.type.varying ? feed.batch : 1, elements = graph::element_count(node.type.shape);
    reference::Array<double> array(rows, elements);
    std::vector<float> values;
    for (std::int64_t row = 0; row < rows; ++row)
      for (std::int64_t e = 0; e < elements; ++e) {
        values.push_back(number(random));
        array(row, e) = values.back();
      }
    if (node.op == Primitive::input) {
      executable.set_input(node.as<graph::InputAttributes>().name, values);
      feed.inputs[node.as<graph::InputAttributes>().name] = array;
    } else {
      std::copy(values.begin(), values.end(), executable.param(node.as<graph::ParamAttributes>().path).begin());
      feed.params[node.as<graph::ParamAttributes>().path] = array;
    }
  }
}

/// The largest difference from the reference in units of float's rounding of the terms involved.
double worst(const graph::Graph& graph, const jit::Executable& executable, const reference::Feed<double>& feed) {
  const auto expected = reference::evaluate<double>(graph, feed);
  double worst = 0;
  for (const auto& output : graph.outputs) {
    const auto got = executable.output(output.name);
    const auto& value = expected[output.value];
    const std::int64_t elements = graph::element_count(graph.shape(output.value));
    for (std::size_t k = 0; k < got.size(); ++k) {
      const auto e = static_cast<std::int64_t>(k) % elements;
      const auto row = value.value.rows() == 1 ? 0 : static_cast<std::int64_t>(k) / elements;
      const double unit = reference::float_epsilon * value.magnitude(row, e) + 1e-30;
      const double difference = std::abs(got[k] - value.value(row, e)) / unit;
      if (!(difference <= worst)) worst = difference;
    }
  }
  return worst;
}

}  // namespace

TEST_CASE("compiled random graphs agree with the reference") {
  for (int lanes : {4, 8, 16}) {
    jit::Engine engine(codegen::host_target(lanes), {false, {}});
    for (unsigned seed = 0; seed < 6; ++seed) {
      INFO("lanes " << lanes << ", seed " << seed);
      const auto graph = testing::RandomGraph(100 + seed).make(24);
      auto executable = compiled(graph, engine, 2);
      reference::Feed<double> feed;
      feed.batch = 1 + 5 * seed;
      feed.seed = 9;
      feed.step = 2;
      fill(graph, executable, feed);
      executable.run(feed.batch, feed.seed, feed.step);
      CHECK(worst(graph, executable, feed) < 8);  // as for interpreted nests; vector functions are within 4 ULP
    }
  }
}

TEST_CASE("a compiled circuit on the state vector and its gradients agree with the reference") {
  const auto graph = testing::circuit_graph();
  for (int lanes : {4, 8, 16}) {
    INFO("lanes " << lanes);
    jit::Engine engine(codegen::host_target(lanes), {false, {}});
    auto executable = compiled(graph, engine, 2);
    reference::Feed<double> feed;
    feed.batch = 21;
    fill(graph, executable, feed);
    executable.run(feed.batch);
    CHECK(worst(graph, executable, feed) < 8);
  }
}

TEST_CASE("a compiled training step has the same bits on 1, 2 and 7 threads, and the reference's values") {
  jit::Engine engine(codegen::host_target(), {false, {}});
  auto graph = testing::UNetGraph(6, 8).training();
  run_standard_passes(graph);
  for (std::int64_t batch : {5, 21, 150}) {
    INFO("batch " << batch);
    std::vector<std::vector<float>> first;
    for (int threads : {1, 2, 7}) {
      auto executable = compiled(graph, engine, threads);
      reference::Feed<double> feed;
      feed.batch = batch;
      fill(graph, executable, feed);
      executable.set_timing(threads == 2);
      executable.run(batch);
      executable.run(batch);
      CHECK((jit::timing_table(executable).find("contract") != std::string::npos) == (threads == 2));
      if (threads == 1 && batch == 21) CHECK(worst(graph, executable, feed) < 8);
      for (std::size_t k = 0; k < graph.outputs.size(); ++k) {
        if (threads == 1) first.push_back(executable.output(graph.outputs[k].name));
        CHECK(executable.output(graph.outputs[k].name) == first[k]);
      }
    }
  }
}
