// Scheduled programs, run by the executor with interpreted nests, against the reference evaluation of the graph.
#include "compiler/schedule.h"

#include <memory>
#include <random>

#include "compiler/kernel/verify.h"
#include "runtime/jit/program.h"
#include "runtime/reference/evaluate.h"
#include "tests/catch.h"
#include "tests/circuit_graph.h"
#include "tests/nest_interpreter.h"
#include "tests/random_graph.h"
#include "tests/unet_graph.h"

using namespace qiln;

namespace {

jit::Executable interpreted(kernel::Program program, int threads) {
  std::vector<jit::Kernel> kernels;
  const auto nests = std::make_shared<std::vector<kernel::Nest>>(program.nests);
  for (std::size_t k = 0; k < nests->size(); ++k) {
    const int lanes = program.lanes;
    kernels.push_back(
        {[nests, k, lanes](float* const* arguments, const qiln_block* block, std::int64_t begin, std::int64_t end) {
           testing::NestInterpreter((*nests)[k], lanes, arguments, block).run(begin, end);
         },
         testing::NestInterpreter::tiles((*nests)[k])});
  }
  return jit::Executable(std::move(program), std::move(kernels), threads);
}

/// Fills parameters and inputs with one set of random numbers, in the executable and for the reference.
reference::Feed<double> feed(const graph::Graph& graph, jit::Executable& executable, std::int64_t batch) {
  std::mt19937 random(7);
  std::uniform_real_distribution<float> number(-1, 1);
  reference::Feed<double> feed;
  feed.batch = batch;
  feed.seed = 11;
  feed.step = 3;
  for (const auto& node : graph.nodes) {
    if (node.op != Primitive::input && node.op != Primitive::param) continue;
    const std::int64_t rows = node.type.varying ? batch : 1, elements = graph::element_count(node.type.shape);
    std::vector<float> values(static_cast<std::size_t>(rows * elements));
    for (auto& value : values) value = number(random);
    reference::Array<double> array(rows, elements);
    for (std::int64_t row = 0; row < rows; ++row)
      for (std::int64_t e = 0; e < elements; ++e) array(row, e) = values[row * elements + e];
    if (node.op == Primitive::input) {
      const auto& name = node.as<graph::InputAttributes>().name;
      executable.set_input(name, values);
      feed.inputs[name] = array;
    } else {
      const auto& path = node.as<graph::ParamAttributes>().path;
      std::copy(values.begin(), values.end(), executable.param(path).begin());
      feed.params[path] = array;
    }
  }
  return feed;
}

/// Whether every output is the reference's within what rounding each stored value to float explains.
bool agrees(const graph::Graph& graph, jit::Executable& executable, const reference::Feed<double>& feed) {
  executable.run(feed.batch, feed.seed, feed.step);
  const auto expected = reference::evaluate<double>(graph, feed);
  bool same = true;
  for (const auto& output : graph.outputs) {
    const auto& value = expected[output.value];
    const auto got = executable.output(output.name);
    const std::int64_t elements = graph::element_count(graph.shape(output.value));
    const std::int64_t rows = graph.varying(output.value) ? feed.batch : 1;
    REQUIRE(static_cast<std::int64_t>(got.size()) == rows * elements);
    for (std::int64_t row = 0; row < rows; ++row)
      for (std::int64_t e = 0; e < elements; ++e) {
        const auto from = value.value.rows() == 1 ? 0 : row;
        const double tolerance = 8 * reference::float_epsilon * value.magnitude(from, e) + 1e-30;
        const double difference = std::abs(got[row * elements + e] - value.value(from, e));
        if (!(difference <= tolerance)) {
          same = false;
          UNSCOPED_INFO(output.name << "[" << row << ", " << e << "] is " << got[row * elements + e] << ", not "
                                    << value.value(from, e) << " within " << tolerance);
        }
      }
  }
  return same;
}

}  // namespace

TEST_CASE("scheduled random graphs agree with the reference") {
  for (unsigned seed = 0; seed < 200; ++seed) {
    INFO("seed " << seed);
    const auto graph = testing::RandomGraph(seed).make(12 + static_cast<int>(seed % 40));
    for (bool fuse : {false, true}) {
      INFO("fuse " << fuse);
      ScheduleOptions options;
      options.lanes = 4;
      options.fuse = fuse;
      const int threads = 1 + static_cast<int>(seed % 3);
      auto program = schedule(graph, options);
      REQUIRE(kernel::verify(program) == std::vector<std::string>{});
      auto executable = interpreted(std::move(program), threads);
      const auto fed = feed(graph, executable, 1 + seed % 11);
      REQUIRE(agrees(graph, executable, fed));
    }
  }
}

TEST_CASE("results do not depend on the number of threads") {
  for (unsigned seed = 0; seed < 12; ++seed) {
    INFO("seed " << seed);
    const auto graph = testing::RandomGraph(seed).make(40);
    ScheduleOptions options;
    options.lanes = 4;
    std::vector<std::vector<float>> first;
    for (int threads : {1, 2, 7}) {
      auto executable = interpreted(schedule(graph, options), threads);
      const auto fed = feed(graph, executable, 41);
      executable.run(fed.batch, fed.seed, fed.step);
      for (std::size_t k = 0; k < graph.outputs.size(); ++k) {
        const auto values = executable.output(graph.outputs[k].name);
        if (threads == 1) first.push_back(values);
        CHECK(values == first[k]);
      }
    }
  }
}

TEST_CASE("a training step of a small U-Net agrees with the reference") {
  const auto graph = testing::UNetGraph(3, 8).training();
  for (int lanes : {4, 16}) {
    INFO("lanes " << lanes);
    ScheduleOptions options;
    options.lanes = lanes;
    auto program = schedule(graph, options);
    REQUIRE(kernel::verify(program) == std::vector<std::string>{});
    auto executable = interpreted(std::move(program), 2);
    const auto fed = feed(graph, executable, 6);
    REQUIRE(agrees(graph, executable, fed));
  }
}

TEST_CASE("a network with a circuit on the state vector agrees with the reference") {
  const auto graph = testing::circuit_graph();
  for (bool fuse : {false, true}) {
    INFO("fuse " << fuse);
    ScheduleOptions options;
    options.lanes = 4;
    options.fuse = fuse;
    auto program = schedule(graph, options);
    REQUIRE(kernel::verify(program) == std::vector<std::string>{});
    auto executable = interpreted(std::move(program), 2);
    const auto fed = feed(graph, executable, 9);
    REQUIRE(agrees(graph, executable, fed));
  }
}

TEST_CASE("an update runs in place on bound memory") {
  graph::Graph graph;
  graph::Builder b(graph);
  const auto weight = b.input("weight", {{40}, false}), gradient = b.input("gradient", {{40}, false});
  const auto rate = b.broadcast(b.input("rate", {{}, false}), {40}, {});
  graph.outputs = {{"weight", b.subtract(weight, b.multiply(rate, gradient))}};
  auto executable = interpreted(schedule(graph), 3);
  jit::Floats memory(40);
  std::fill_n(memory.data(), 40, 3.0f);
  executable.bind("weight", memory.span());
  executable.set_input("gradient", std::vector<float>(40, 2.0f));
  executable.uniform_input("rate")[0] = 0.5f;
  executable.run(1);
  executable.run(1);
  for (float value : memory.span()) CHECK(value == 1.0f);
}

TEST_CASE("groups follow from the batch and the parameters alone") {
  CHECK(jit::group_count(1, 1000) == 1);
  CHECK(jit::group_count(4, 1000) == 4);
  CHECK(jit::group_count(100, 1000) == 8);
  CHECK(jit::group_count(100, 4 << 20) == 4);   // 16 MB a group
  CHECK(jit::group_count(100, 40 << 20) == 1);  // one group may exceed the bound
}
