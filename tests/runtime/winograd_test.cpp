// 3x3 convolutions by Winograd's algorithm: against sums of products in double, forwards and backwards, and the same
// bits from any number of threads.
#include "compiler/passes/winograd.h"

#include <algorithm>
#include <random>

#include "compiler/differentiate.h"
#include "compiler/graph/build.h"
#include "compiler/pipeline.h"
#include "compiler/schedule.h"
#include "runtime/jit/engine.h"
#include "runtime/jit/program.h"
#include "runtime/reference/evaluate.h"
#include "tests/catch.h"

using namespace qiln;

namespace {

struct Shape {
  std::int64_t inputs, outputs, height, width;
};

graph::ValueId convolved(graph::Builder& b, graph::ValueId w, graph::ValueId x) {
  const graph::Shape in = b.graph().shape(x);
  const std::int64_t outputs = b.graph().shape(w)[0];
  const auto at = [](std::initializer_list<int> indices, std::int64_t offset) {
    graph::Affine made{std::vector<std::int64_t>(6, 0), offset};
    for (int index : indices) made.coefficients[index] = 1;
    return made;
  };
  graph::ContractAttributes c;
  c.space = {outputs, in[1], in[2], in[0], 3, 3};
  c.operands = {{at({0}, 0), at({3}, 0), at({4}, 0), at({5}, 0)}, {at({3}, 0), at({1, 4}, -1), at({2, 5}, -1)}};
  c.output = {at({0}, 0), at({1}, 0), at({2}, 0)};
  return b.contract(c, {w, x}, {outputs, in[1], in[2]});
}

/// y = relu(conv(x) + bias) with the image inside a larger value, and the gradients of sum(y g) in w, bias and x.
graph::Graph example(const Shape& s) {
  graph::Graph graph;
  graph::Builder b(graph);
  const auto more = b.input("x", {{s.inputs + 2, s.height, s.width}, true});
  const auto x = b.slice(more, {1, 0, 0}, {1, 1, 1}, {s.inputs, s.height, s.width});
  const auto w = b.param({"w"}, {s.outputs, s.inputs, 3, 3});
  const auto bias = b.param({"bias"}, {s.outputs});
  const graph::Shape response{s.outputs, s.height, s.width};
  const auto y = b.pointwise(Primitive::relu, {b.add(convolved(b, w, x), b.broadcast_left(bias, response))});
  const auto g = b.input("g", {response, true});
  const auto loss = b.batch_sum(b.reduce_sum(b.multiply(y, g), {0, 1, 2}));
  graph.outputs = {{"y", y}};
  const std::vector<graph::ValueId> in{w, bias, more};
  const auto derivatives = gradients(graph, loss, in);
  const char* names[] = {"dw", "dbias", "dx"};
  for (std::size_t k = 0; k < derivatives.size(); ++k) graph.outputs.push_back({names[k], derivatives[k]});
  return graph;
}

int filtered(const kernel::Program& program) {
  return static_cast<int>(
      std::ranges::count_if(program.nests, [](const kernel::Nest& nest) { return nest.winograd.has_value(); }));
}

kernel::Program scheduled(const graph::Graph& graph, int lanes) {
  ScheduleOptions options;
  options.lanes = lanes;
  return schedule(graph, options);
}

jit::Executable compiled(const graph::Graph& graph, jit::Engine& engine, int threads) {
  auto program = scheduled(graph, engine.target().lanes);
  std::vector<jit::Kernel> kernels;
  for (const auto& kernel : engine.compile(program.nests))
    kernels.push_back({kernel.function, kernel.tiles, kernel.stages});
  return jit::Executable(std::move(program), std::move(kernels), threads);
}

reference::Feed<double> feed_of(const graph::Graph& graph, std::int64_t batch) {
  std::mt19937 random(5);
  std::uniform_real_distribution<float> number(-0.4f, 0.5f);
  reference::Feed<double> feed;
  feed.batch = batch;
  for (const auto& node : graph.nodes) {
    if (node.op != Primitive::input && node.op != Primitive::param) continue;
    reference::Array<double> array(node.type.varying ? batch : 1, graph::element_count(node.type.shape));
    for (auto& value : array.reshaped()) value = number(random);
    if (node.op == Primitive::input)
      feed.inputs[node.as<graph::InputAttributes>().name] = array;
    else
      feed.params[node.as<graph::ParamAttributes>().path] = array;
  }
  return feed;
}

std::vector<float> rows(const reference::Array<double>& array) {
  std::vector<float> values;
  for (std::int64_t r = 0; r < array.rows(); ++r)
    for (std::int64_t c = 0; c < array.cols(); ++c) values.push_back(static_cast<float>(array(r, c)));
  return values;
}

void run(jit::Executable& executable, const reference::Feed<double>& feed) {
  for (const auto& [name, array] : feed.inputs) executable.set_input(name, rows(array));
  for (const auto& [path, array] : feed.params) std::ranges::copy(rows(array), executable.param(path).begin());
  executable.run(feed.batch);
}

}  // namespace

TEST_CASE("convolutions by Winograd's algorithm agree with sums of products") {
  // Odd and even sizes, more columns than are unrolled, channels that no tile divides, many of them.
  const Shape shapes[] = {{48, 48, 9, 11}, {34, 51, 8, 8}, {48, 40, 4, 37}, {40, 64, 13, 6}, {160, 48, 6, 37}};
  int by_rows = 0;
  for (int lanes : {4, 8, 16}) {
    jit::Engine engine(codegen::host_target(lanes), {false, {}});
    for (const Shape& s : shapes) {
      INFO(lanes << " lanes, " << s.inputs << " to " << s.outputs << " channels of " << s.height << " x " << s.width);
      const auto direct = example(s);
      auto graph = direct;
      REQUIRE(passes::winograd(graph));
      run_standard_passes(graph);
      auto executable = compiled(graph, engine, 2);
      CHECK(filtered(executable.program()) == 3);
      for (const auto& nest : executable.program().nests) by_rows += nest.winograd && nest.winograd->by_rows;
      const auto feed = feed_of(direct, lanes + 3);
      run(executable, feed);
      const auto expected = reference::evaluate<double>(direct, feed);
      for (const auto& output : direct.outputs) {
        const auto got = executable.output(output.name);
        const auto& value = expected[output.value];
        const auto elements = graph::element_count(direct.shape(output.value));
        double worst = 0;
        for (std::size_t k = 0; k < got.size(); ++k) {
          const auto e = static_cast<std::int64_t>(k) % elements;
          const auto row = value.value.rows() == 1 ? 0 : static_cast<std::int64_t>(k) / elements;
          const double unit = reference::float_epsilon * value.magnitude(row, e) + 1e-30;
          worst = std::max(worst, std::abs(got[k] - value.value(row, e)) / unit);
        }
        INFO(output.name << ": " << worst);
        CHECK(worst < 8);  // as for direct sums
      }
    }
  }
  CHECK(by_rows > 0);
}

TEST_CASE("Winograd's algorithm is the same function before any rounding") {
  const auto direct = example({48, 48, 9, 7});
  auto graph = direct;
  REQUIRE(passes::winograd(graph));
  const auto feed = feed_of(direct, 2);
  const auto expected = reference::evaluate<double>(direct, feed), got = reference::evaluate<double>(graph, feed);
  for (std::size_t k = 0; k < direct.outputs.size(); ++k) {
    const auto& wanted = expected[direct.outputs[k].value];
    const auto& made = got[graph.outputs[k].value];
    CHECK((wanted.value - made.value).abs().maxCoeff() < 1e-10);
  }
}

TEST_CASE("convolutions by Winograd's algorithm have the same bits on 1, 2, 3 and 7 threads") {
  jit::Engine engine(codegen::host_target(), {false, {}});
  auto graph = example({48, 40, 10, 14});
  run_standard_passes(graph);
  for (const std::int64_t batch : {5, 40}) {
    const auto feed = feed_of(graph, batch);
    std::vector<std::vector<float>> first;
    for (int threads : {1, 2, 3, 7}) {
      auto executable = compiled(graph, engine, threads);
      REQUIRE(filtered(executable.program()) == 3);
      run(executable, feed);
      std::vector<std::vector<float>> now;
      for (const auto& output : graph.outputs) now.push_back(executable.output(output.name));
      if (first.empty()) first = now;
      CHECK(now == first);
    }
  }
}

TEST_CASE("convolutions of few channels or small images stay sums of products") {
  for (const Shape& s : {Shape{8, 48, 14, 14}, Shape{48, 3, 14, 14}, Shape{48, 48, 1, 1}, Shape{48, 48, 2, 3}}) {
    auto graph = example(s);
    CHECK_FALSE(passes::winograd(graph));
  }
}
