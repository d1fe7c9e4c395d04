// Uniform work runs as often as what it depends on changes, and no oftener; bits do not depend on that.
#include <memory>
#include <vector>

#include "compiler/graph/build.h"
#include "compiler/pipeline.h"
#include "compiler/schedule.h"
#include "runtime/jit/engine.h"
#include "runtime/jit/program.h"
#include "tests/catch.h"
#include "tests/circuit_graph.h"

using namespace qiln;
using kernel::Dependence;

namespace {

/// y = sin(c) . w' x with w' = (w w^T) scaled by t, c constants: one nest of each dependence at least.
graph::Graph example() {
  graph::Graph graph;
  graph::Builder b(graph);
  const auto w = b.param({"w"}, {8, 8});
  const auto t = b.input("t", {{}, false});
  const auto x = b.input("x", {{8}, true});
  std::vector<double> numbers(8);
  for (std::size_t k = 0; k < numbers.size(); ++k) numbers[k] = 0.3 * static_cast<double>(k) - 1;
  const auto constants = b.constant(numbers, {8});
  const graph::ContractAttributes outer{{8, 8}, {{{{1, 0}, 0}}, {{{0, 1}, 0}}}, {{{1, 0}, 0}, {{0, 1}, 0}}};
  const auto table = b.contract(outer, {constants, constants}, {8, 8});
  const graph::ContractAttributes product{{8, 8, 8},
                                          {{{{1, 0, 0}, 0}, {{0, 0, 1}, 0}}, {{{0, 1, 0}, 0}, {{0, 0, 1}, 0}}},
                                          {{{1, 0, 0}, 0}, {{0, 1, 0}, 0}}};
  const auto square = b.contract(product, {w, b.add(w, table)}, {8, 8});
  const auto scaled = b.pointwise(Primitive::tanh, {b.multiply(square, b.broadcast(t, {8, 8}, {}))});
  const graph::ContractAttributes apply{{8, 8}, {{{{1, 0}, 0}, {{0, 1}, 0}}, {{{0, 1}, 0}}}, {{{1, 0}, 0}}};
  graph.outputs = {{"y", b.contract(apply, {scaled, x}, {8})}, {"square", square}};
  return graph;
}

struct Counted {
  jit::Executable executable;
  std::shared_ptr<std::vector<int>> calls;  // by nest
};

/// With kernels that count their calls; one thread. `always`: every stage in every run.
Counted counted(const graph::Graph& graph, jit::Engine& engine, bool always = false) {
  ScheduleOptions options;
  options.lanes = engine.target().lanes;
  auto program = schedule(graph, options);
  if (always)
    for (auto& stage : program.stages) stage.dependence = Dependence::run;
  const auto calls = std::make_shared<std::vector<int>>(program.nests.size());
  std::vector<jit::Kernel> kernels;
  for (const auto& compiled : engine.compile(program.nests)) {
    const std::size_t nest = kernels.size();
    const auto run = [calls, nest, function = compiled.function](auto... arguments) {
      ++(*calls)[nest];
      function(arguments...);
    };
    kernels.push_back({run, compiled.tiles, compiled.stages});
  }
  return {jit::Executable(std::move(program), std::move(kernels), 1), calls};
}

void check_calls(const Counted& counted, int constants, int params, int runs) {
  bool seen[3] = {};
  for (const auto& stage : counted.executable.program().stages)
    for (const auto nest : stage.nests) {
      INFO("nest " << nest);
      const int wanted[] = {constants, params, runs};
      CHECK((*counted.calls)[nest] == wanted[static_cast<int>(stage.dependence)]);
      seen[static_cast<int>(stage.dependence)] = true;
    }
  CHECK((seen[0] && seen[1] && seen[2]));
}

void fill(std::span<float> values, float from) {
  for (std::size_t k = 0; k < values.size(); ++k) values[k] = from + 0.01f * static_cast<float>(k % 17);
}

}  // namespace

TEST_CASE("what depends on parameters or constants alone runs once in fifty runs") {
  jit::Engine engine(codegen::host_target(8), {false, {}});
  auto made = counted(example(), engine);
  auto weight = made.executable.param("w");
  fill(weight, 0.1f);
  std::vector<float> x(16, 0.5f);
  made.executable.set_input("x", x);
  const auto run = [&](int count) {
    for (int k = 0; k < count; ++k) {
      made.executable.uniform_input("t")[0] = 0.1f * static_cast<float>(k);
      made.executable.run(2);
    }
  };
  run(50);
  check_calls(made, 1, 1, 50);
  fill(weight, -0.2f);
  made.executable.params_changed();
  run(10);
  check_calls(made, 1, 2, 60);
  fill(made.executable.param("w"), 0.3f);  // asking for a parameter says as much
  run(3);
  check_calls(made, 1, 3, 63);
  made.executable.set_timing(true);  // so that everything is timed
  run(5);
  check_calls(made, 2, 4, 68);
  for (const auto& stage : made.executable.program().stages)
    for (const auto nest : stage.nests)
      CHECK(made.executable.nest_runs(nest) == (stage.dependence == Dependence::run ? 5 : 1));
}

TEST_CASE("bits are those of a program that computes everything in each run") {
  auto circuit = testing::circuit_graph();
  for (graph::Graph graph : {example(), circuit}) {
    run_standard_passes(graph);
    for (int lanes : {4, 8, 16}) {
      jit::Engine engine(codegen::host_target(lanes), {false, {}});
      auto once = counted(graph, engine), always = counted(graph, engine, true);
      for (int step = 0; step < 6; ++step) {
        for (auto* executable : {&once.executable, &always.executable}) {
          for (const auto& port : executable->program().params)
            if (step % 3 == 0) fill(executable->param(port.name), 0.2f * static_cast<float>(step) - 0.3f);
          for (const auto& port : executable->program().inputs) {
            const bool varying = executable->program().buffers[port.buffer].varying;
            std::vector<float> values(static_cast<std::size_t>(graph::element_count(port.shape) * (varying ? 5 : 1)));
            fill(values, 0.1f * static_cast<float>(step));
            executable->set_input(port.name, values);
          }
          executable->run(5, 1, static_cast<std::uint32_t>(step));
        }
        for (const auto& output : graph.outputs)
          CHECK(once.executable.output(output.name) == always.executable.output(output.name));
      }
    }
  }
}

TEST_CASE("outputs that are bound elsewhere are computed there") {
  jit::Engine engine(codegen::host_target(8), {false, {}});
  auto made = counted(example(), engine);
  fill(made.executable.param("w"), 0.1f);
  made.executable.set_input("x", std::vector<float>(8, 0.5f));
  made.executable.run(1);
  const auto before = made.executable.output("square");
  std::vector<float> memory(64);
  made.executable.bind("square", memory);
  made.executable.run(1);
  CHECK(memory == before);
}
