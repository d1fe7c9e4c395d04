// Compiled programs: against the reference, and the same bits from any number of threads.
#include "runtime/jit/program.h"

#include <random>

#include "compiler/differentiate.h"
#include "compiler/pipeline.h"
#include "compiler/schedule.h"
#include "runtime/jit/engine.h"
#include "runtime/reference/evaluate.h"
#include "tests/catch.h"
#include "tests/circuit_graph.h"
#include "tests/compiler/circuit_support.h"
#include "tests/random_graph.h"
#include "tests/runtime/differences.h"
#include "tests/unet_graph.h"

using namespace qiln;

namespace {

jit::Executable compiled(const graph::Graph& graph, jit::Engine& engine, int threads) {
  ScheduleOptions options;
  options.lanes = engine.target().lanes;
  auto program = schedule(graph, options);
  std::vector<jit::Kernel> kernels;
  for (const auto& kernel : engine.compile(program.nests))
    kernels.push_back({kernel.function, kernel.tiles, kernel.stages});
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

/// The largest difference from the reference in units of float's rounding of the terms involved, or of `least`.
double worst(const graph::Graph& graph, const jit::Executable& executable, const reference::Feed<double>& feed,
             double least = 1e-30) {
  const auto expected = reference::evaluate<double>(graph, feed);
  double worst = 0;
  for (const auto& output : graph.outputs) {
    const auto got = executable.output(output.name);
    const auto& value = expected[output.value];
    const std::int64_t elements = graph::element_count(graph.shape(output.value));
    for (std::size_t k = 0; k < got.size(); ++k) {
      const auto e = static_cast<std::int64_t>(k) % elements;
      const auto row = value.value.rows() == 1 ? 0 : static_cast<std::int64_t>(k) / elements;
      const double unit = reference::float_epsilon * value.magnitude(row, e) + least;
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

TEST_CASE("compiled random circuits and their gradients agree with the reference and with dense simulation") {
  for (int lanes : {4, 8, 16}) {
    jit::Engine engine(codegen::host_target(lanes), {false, {}});
    for (unsigned seed = 0; seed < 4; ++seed) {
      INFO("lanes " << lanes << ", seed " << seed);
      const int n = 1 + static_cast<int>(seed);
      const auto random = test::random_circuit(n, 5 + 3 * n, 300 + seed);
      auto graph = test::graph_of(random.circuit, random.operands);
      graph::Builder b(graph);
      const auto read = graph.output("y");
      const auto loss = b.batch_sum(b.reduce_sum(b.multiply(read, read), {0}));
      graph.outputs.push_back({"loss", loss});
      run_circuit_passes(graph, false);
      std::vector<graph::ValueId> inputs;
      for (graph::ValueId id = 0; id < graph.nodes.size(); ++id)
        if (graph[id].op == Primitive::input) inputs.push_back(id);
      const auto derivatives = gradients(graph, graph.output("loss"), inputs);
      for (std::size_t k = 0; k < derivatives.size(); ++k)
        graph.outputs.push_back({"gradient" + std::to_string(k), derivatives[k]});
      run_standard_passes(graph);
      auto executable = compiled(graph, engine, 2);
      reference::Feed<double> feed;
      feed.batch = 1 + 3 * seed;
      fill(graph, executable, feed);
      executable.run(feed.batch);
      // Amplitudes that cancel leave products of two roundings in gradients that are zero.
      CHECK(worst(graph, executable, feed, reference::float_epsilon * reference::float_epsilon) < 8);
      const auto got = executable.output("y");
      const auto readings = random.circuit.readout.size();
      for (std::int64_t sample = 0; sample < feed.batch; ++sample) {
        auto operands = random.operands;
        for (std::size_t e = 0; e < 16; ++e) {
          operands[0][e] = feed.inputs["x0"](sample, e);
          operands[1][e] = feed.inputs["x1"](0, e);
        }
        const auto dense = test::simulate(random.circuit, operands);
        // Amplitudes of norm 1 through some 17 gates, each rounded a few times; observables of norm 2 at most.
        for (std::size_t k = 0; k < readings; ++k) CHECK(std::abs(got[sample * readings + k] - dense[k]) < 2e-5);
      }
    }
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
      CHECK(executable.timed_runs() == (threads == 2 ? 2 : 0));
      if (threads == 2) CHECK(std::ranges::all_of(executable.nest_nanoseconds(), [](double time) { return time > 0; }));
      if (threads == 1 && batch == 21) CHECK(worst(graph, executable, feed) < 8);
      for (std::size_t k = 0; k < graph.outputs.size(); ++k) {
        if (threads == 1) first.push_back(executable.output(graph.outputs[k].name));
        CHECK(executable.output(graph.outputs[k].name) == first[k]);
      }
    }
  }
}

TEST_CASE("compiled products of gates and their gradients agree with the reference and with differences") {
  for (unsigned seed = 0; seed < 3; ++seed) {
    INFO("seed " << seed);
    const int n = 2 + static_cast<int>(seed);
    auto random = test::random_circuit(n, 300, 900 + seed);
    for (std::size_t o = n; o < random.circuit.operations.size(); ++o)
      for (auto& angle : random.circuit.operations[o].angles)
        if (angle.operand == 0) angle.operand = 1;
    auto graph = test::graph_of(random.circuit, random.operands);
    run_circuit_passes(graph, false);
    REQUIRE(graph.blocks.size() > 1);  // a circuit for the columns of a product
    graph::Builder b(graph);
    const auto read = graph.output("y");
    const auto loss = b.batch_sum(b.reduce_sum(b.multiply(read, read), {0}));
    graph.outputs.push_back({"loss", loss});
    // A weight is in tens of gates: high derivatives are large.
    CHECK(test::compare_gradients(graph, loss, test::formula_feed(graph, 2, 3), 6, 2e-4) == "");
    std::vector<graph::ValueId> inputs;
    for (graph::ValueId id = 0; id < graph.nodes.size(); ++id)
      if (graph[id].op == Primitive::input) inputs.push_back(id);
    const auto derivatives = gradients(graph, loss, inputs);
    for (std::size_t k = 0; k < derivatives.size(); ++k)
      graph.outputs.push_back({"gradient" + std::to_string(k), derivatives[k]});
    run_standard_passes(graph);
    for (int lanes : {4, 8, 16}) {
      INFO("lanes " << lanes);
      jit::Engine engine(codegen::host_target(lanes), {false, {}});
      auto executable = compiled(graph, engine, 2);
      reference::Feed<double> feed;
      feed.batch = 3 + 4 * seed;
      fill(graph, executable, feed);
      executable.run(feed.batch);
      CHECK(worst(graph, executable, feed, reference::float_epsilon * reference::float_epsilon) < 8);
    }
  }
}

TEST_CASE("a large state has the same bits and agrees with the reference, however many threads share it") {
  constexpr int n = 14;
  circuit::Circuit circuit;
  circuit.qubits = n;
  auto gate = [&](std::string_view name, std::vector<std::int32_t> qubits, std::vector<circuit::Angle> angles) {
    circuit.operations.push_back(test::operation(name, std::move(qubits), std::move(angles)));
  };
  for (int q = 0; q < n; ++q) gate("RX", {q}, {{0, q, 1, 0}});
  for (int l = 0; l < 2; ++l)
    for (int q = 0; q < n; ++q) {
      const std::int64_t e = 4 * (n * l + q);
      gate("Rot", {q}, {{1, e, 1, 0}, {1, e + 1, 1, 0}, {1, e + 2, 1, 0}});
      gate(q % 3 ? "CNOT" : "CRX", {q, (q + l + 1) % n},
           q % 3 ? std::vector<circuit::Angle>{} : std::vector<circuit::Angle>{{q % 2, e / 2 % n, 1, 0}});
    }
  circuit.readout = test::all_z(n);
  circuit.readout.push_back({{0.5, 0b110, 0b011}, {1, 0, 0b101}});
  auto graph = test::graph_of(circuit, {test::Numbers(n), test::Numbers(8 * n)});
  graph::Builder b(graph);
  const auto read = graph.output("y");
  const auto loss = b.batch_sum(b.reduce_sum(b.multiply(read, read), {0}));
  graph.outputs.push_back({"loss", loss});
  run_circuit_passes(graph, false);
  std::vector<graph::ValueId> inputs;
  for (graph::ValueId id = 0; id < graph.nodes.size(); ++id)
    if (graph[id].op == Primitive::input) inputs.push_back(id);
  const auto derivatives = gradients(graph, graph.output("loss"), inputs);
  for (std::size_t k = 0; k < derivatives.size(); ++k)
    graph.outputs.push_back({"gradient" + std::to_string(k), derivatives[k]});
  run_standard_passes(graph);
  jit::Engine engine(codegen::host_target(8), {false, {}});
  std::vector<std::vector<float>> first;
  for (int threads : {1, 2, 3, 7}) {
    INFO("threads " << threads);
    auto executable = compiled(graph, engine, threads);
    reference::Feed<double> feed;
    feed.batch = 2;
    fill(graph, executable, feed);
    executable.run(feed.batch);
    for (std::size_t k = 0; k < graph.outputs.size(); ++k) {
      if (threads == 1) first.push_back(executable.output(graph.outputs[k].name));
      CHECK(executable.output(graph.outputs[k].name) == first[k]);
    }
    if (threads == 1) CHECK(worst(graph, executable, feed, reference::float_epsilon * reference::float_epsilon) < 8);
  }
}
