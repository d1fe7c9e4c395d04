// What the schedule makes of typical pieces of graphs: nests, stores, views and the memory plan.
#include "compiler/schedule.h"

#include <algorithm>

#include "compiler/graph/build.h"
#include "compiler/kernel/print.h"
#include "compiler/kernel/verify.h"
#include "tests/catch.h"
#include "tests/unet_graph.h"

using namespace qiln;
using kernel::Nest;
using kernel::Program;
using kernel::Storage;

namespace {

Program scheduled(const graph::Graph& graph, std::vector<std::string> contiguous = {}) {
  ScheduleOptions options;
  options.contiguous_outputs = std::move(contiguous);
  options.explain = true;
  Program program = schedule(graph, options);
  CHECK(kernel::verify(program) == std::vector<std::string>{});
  return program;
}

int count(const Program& program, Nest::Kind kind) {
  return static_cast<int>(
      std::count_if(program.nests.begin(), program.nests.end(), [&](const Nest& nest) { return nest.kind == kind; }));
}

const kernel::Port& port(const std::vector<kernel::Port>& ports, const std::string& name) {
  return *std::find_if(ports.begin(), ports.end(), [&](const auto& p) { return p.name == name; });
}

/// y[o, p] = sum over k of w[o, k] x[p + k - 1].
graph::ValueId convolution(graph::Builder& b, graph::ValueId weight, graph::ValueId x) {
  const std::int64_t n = b.graph().shape(x)[0];
  graph::ContractAttributes c;
  c.space = {8, n, 3};
  c.operands = {{{{1, 0, 0}, 0}, {{0, 0, 1}, 0}}, {{{0, 1, 1}, -1}}};
  c.output = {{{1, 0, 0}, 0}, {{0, 1, 0}, 0}};
  return b.contract(c, {weight, x}, {8, n});
}

struct Layer {
  graph::Graph graph;
  graph::Builder b{graph};
  graph::ValueId x, weight, bias, y;
  Layer() {
    x = b.input("x", {{20}, true});
    graph::ParamAttributes attributes;
    attributes.path = "weight";
    weight = b.param(attributes, {8, 3});
    attributes.path = "bias";
    bias = b.param(attributes, {8});
    y = b.pointwise(Primitive::relu, {b.add(convolution(b, weight, x), b.broadcast_left(bias, {8, 20}))});
  }
};

}  // namespace

TEST_CASE("bias and activation join the contraction") {
  Layer layer;
  layer.graph.outputs = {{"y", layer.y}};
  const auto program = scheduled(layer.graph);
  REQUIRE(program.nests.size() == 1);
  CHECK(program.nests[0].stores.size() == 1);
  CHECK(program.group_elements == 0);
}

TEST_CASE("the sum over the batch of a contraction is never stored per sample") {
  Layer layer;
  layer.graph.outputs = {{"s", layer.b.batch_sum(layer.y)}};
  const auto program = scheduled(layer.graph);
  REQUIRE(program.nests.size() == 1);
  CHECK(program.nests[0].stores[0].batch_sum);
  CHECK(program.group_elements == 0);
  CHECK(program.partial_elements >= 160);
}

TEST_CASE("parts of a concat are computed in place") {
  Layer layer;
  auto& b = layer.b;
  const auto other = b.pointwise(Primitive::tanh, {layer.y});
  const auto joined = b.concat({other, layer.y});
  layer.graph.outputs = {{"m", b.reduce_sum(b.pointwise(Primitive::exp, {joined}), {0, 1})}};
  const auto program = scheduled(layer.graph);
  CHECK(program.nests.size() == 2);  // the layer with both parts, the sum
  CHECK(program.group_elements == 320);
}

TEST_CASE("a value that waits for a sum over the whole of another starts a nest of its own and says why") {
  Layer layer;
  auto& b = layer.b;
  const auto mean = b.scale(b.reduce_sum(layer.y, {1}), 1.0 / 20);
  layer.graph.outputs = {{"y", b.multiply(layer.y, b.broadcast_left(mean, {8, 20}))}};
  const auto program = scheduled(layer.graph);
  REQUIRE(program.nests.size() == 3);
  CHECK(program.nests[2].kind == Nest::Kind::pointwise);
  CHECK(program.nests[1].notes ==
        std::vector<std::string>{"apart from nest 0: the sum here begins when those there are complete"});
  CHECK(program.nests[2].notes == std::vector<std::string>{"apart from nest 0: nest 1, read here, too, waits for it",
                                                           "apart from nest 1: over [8] there, over [8, 20] here"});
  CHECK(kernel::print(program).find("# apart from nest 0") != std::string::npos);
}

TEST_CASE("cheap values are computed again instead of stored") {
  Layer layer;
  auto& b = layer.b;
  graph::ParamAttributes attributes;
  attributes.path = "second";
  const auto second = b.param(attributes, {8, 3});
  // The sign of y is needed beside two contractions, y itself by both.
  const auto flat = b.reshape(layer.y, {160});
  const auto positive = b.pointwise(Primitive::less, {b.constant(0, {8, 160}), b.broadcast(flat, {8, 160}, {1})});
  const auto u = b.multiply(convolution(b, layer.weight, flat), positive);
  const auto v = b.multiply(convolution(b, second, flat), positive);
  layer.graph.outputs = {{"u", u}, {"v", v}};
  const auto program = scheduled(layer.graph);
  CHECK(program.nests.size() == 3);
  CHECK(program.group_elements == 160);
}

TEST_CASE("a value of one sample that needs a sum over the batch runs in a second stage") {
  Layer layer;
  auto& b = layer.b;
  const auto total = b.batch_sum(layer.y);
  layer.graph.outputs = {{"z", b.reduce_sum(b.multiply(layer.y, b.scale(total, 0.5)), {1})}};
  const auto program = scheduled(layer.graph);
  REQUIRE(program.stages.size() == 3);
  CHECK(program.stages[0].varying);
  CHECK_FALSE(program.stages[1].varying);
  CHECK(program.stages[2].varying);
  const bool kept = std::any_of(program.buffers.begin(), program.buffers.end(), [](const kernel::Buffer& buffer) {
    return buffer.storage == Storage::batch && buffer.elements == 160;
  });
  CHECK(kept);
}

TEST_CASE("gradients lie as the trainable parameters do") {
  const auto graph = testing::UNetGraph(4, 8).training();
  std::vector<std::string> gradients;
  for (const auto& output : graph.outputs)
    if (output.name != "loss") gradients.push_back(output.name);
  const auto program = scheduled(graph, gradients);
  for (const auto& p : program.params) {
    const auto& parameter = program.buffers[p.buffer];
    const auto& gradient = program.buffers[port(program.outputs, "gradient." + p.name).buffer];
    CHECK(parameter.offset == gradient.offset);
    CHECK(parameter.offset % 16 == 0);
  }
}

TEST_CASE("a training step of the U-Net is little more than its contractions and reductions") {
  const auto program = scheduled(testing::UNetGraph().training());
  // Nine layers forward; backward a weight gradient each, and an input gradient but for the first and the embedding.
  CHECK(count(program, Nest::Kind::contract) == 9 + 9 + 7);
  CHECK(count(program, Nest::Kind::reduce) == 10);  // eight bias gradients, the embedding's sum over pixels, the loss
  // Sines and cosines, the relu before the concat backwards, two scalars of the loss.
  CHECK(count(program, Nest::Kind::pointwise) <= 6);
}
