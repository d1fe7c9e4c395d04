// What `qiln bench` and `qiln compile --stats` say about known work.
#include <nlohmann/json.hpp>

#include "runtime/jit/machine_rates.h"
#include "runtime/report/bench_report.h"
#include "runtime/report/circuit_statistics.h"
#include "tests/catch.h"
#include "tests/compiler/elaborated.h"

namespace qiln {
namespace {

bool has(const std::string& text, const std::string& part) { return text.find(part) != std::string::npos; }

report::Bench example() {
  report::Bench bench;
  bench.title = "a step";
  bench.batch = 16;
  bench.lanes = 8;
  bench.machine = {2, 100e9, 20e9};
  bench.fastest = bench.median = bench.slowest = 1e-3;
  bench.steps = 5;
  bench.phases = {{"read", 0.001}, {"code", 0.1}};
  bench.peak_bytes = 50'000'000;
  // Half the peak of one thread; then a kernel that moves data only, at the whole rate of one thread.
  bench.kernels = {{"step", "contract", "conv", "a.qiln:3", false, 1e-3, 25e6, 1e6},
                   {"step", "pointwise", "add", "a.qiln:4", true, 3e-3, 1e6, 30e6}};
  return bench;
}

}  // namespace

TEST_CASE("a kernel's roofline is the lower of two lines") {
  const report::Bench bench = example();
  CHECK(report::of_roofline(bench.kernels[0], bench.machine) == Approx(0.5));
  CHECK_FALSE(report::memory_bound(bench.kernels[0], bench.machine));
  CHECK(report::of_roofline(bench.kernels[1], bench.machine) == Approx(1.0));
  CHECK(report::memory_bound(bench.kernels[1], bench.machine));
}

TEST_CASE("the table has the dearest kernel first, the JSON all figures") {
  const report::Bench bench = example();
  const std::string table = report::bench_table(bench, false);
  CHECK(table.find("add  a.qiln:4") < table.find("conv  a.qiln:3"));
  CHECK(has(table, "75.0 %"));
  CHECK(has(table, "1.6e+04 samples/s"));
  const auto json = nlohmann::json::parse(report::bench_json(bench));
  CHECK(json["kernels"].size() == 2);
  CHECK(json["kernels"][0]["roofline"].get<double>() == Approx(0.5));
  CHECK(json["kernels"][1]["direction"] == "backward");
  CHECK(json["compile_seconds"]["code"].get<double>() == Approx(0.1));
}

TEST_CASE("kernels below a hundredth of the time share a line unless all are asked for") {
  report::Bench bench = example();
  bench.kernels.push_back({"update", "pointwise", "adam", "", false, 1e-6, 1e3, 1e3});
  CHECK(has(report::bench_table(bench, false), "by 1 more"));
  CHECK(has(report::bench_table(bench, true), "adam"));
}

TEST_CASE("the table has forty lines at most") {
  report::Bench bench = example();
  bench.kernels.assign(60, bench.kernels[0]);
  CHECK(has(report::bench_table(bench, false), "33.3 % by 20 more"));
}

TEST_CASE("the parts of a step have their share of the peak") {
  const report::Bench bench = example();
  const auto json = nlohmann::json::parse(report::bench_json(bench));
  CHECK(json["step"]["flops"].get<double>() == Approx(26e6));
  CHECK(json["parts"]["contract"]["of_peak"].get<double>() == Approx(0.5));
  CHECK(json["parts"]["backward"]["of_peak"].get<double>() == Approx(1e6 / 3e-3 / 50e9));
  CHECK_FALSE(json["parts"].contains("update"));
}

TEST_CASE("sums that take fewer multiplications count those, beside what the model states") {
  report::Bench bench = example();
  bench.kernels[0].stated_flops = 50e6;
  CHECK(has(report::bench_table(bench, false), "25 Mflop at 50 % of the multiply-add peak, in place of 50 Mflop"));
  const auto json = nlohmann::json::parse(report::bench_json(bench));
  CHECK(json["parts"]["contract"]["of_peak"].get<double>() == Approx(0.5));
  CHECK(json["parts"]["contract"]["stated_of_peak"].get<double>() == Approx(1.0));
  CHECK(json["step"]["stated_flops"].get<double>() == Approx(51e6));
  CHECK(json["kernels"][1]["stated_flops"] == json["kernels"][1]["flops"]);
}

TEST_CASE("memory is told program by program") {
  report::Bench bench = example();
  bench.memory = {{"step", "parameters", 4000}, {"step", "activations", 8000}, {"update", "inputs", 12}};
  CHECK(has(report::bench_table(bench, false),
            "step: parameters 4 kB, activations 8 kB\n            update: inputs 12 B"));
  CHECK(nlohmann::json::parse(report::bench_json(bench))["memory_bytes"]["update"]["inputs"] == 12);
}

TEST_CASE("the machine's rates are positive") {
  jit::Engine engine(codegen::host_target(), {false, {}});
  const auto rates = jit::measure_rates(engine, 1);
  CHECK(rates.threads == 1);
  CHECK(rates.flops > 1e8);
  CHECK(rates.bytes > 1e8);
  const auto best = jit::better({2, 3e9, 1e9}, {2, 2e9, 4e9});
  CHECK(best.flops == 3e9);
  CHECK(best.bytes == 4e9);
}

TEST_CASE("a circuit's statistics count gates, angles, blocks and work") {
  const Elaborated elaborated = Elaborated::text(
      "circuit C(x: [2]) -> [2] {\n"
      "  param w: [2] ~ uniform(0, 1)\n"
      "  qubits q[2]\n"
      "  RX(x) q; CNOT q[0], q[1]; RY(w) q; inv @ S q[0]; CRX(w[1]) q[0], q[1]\n"
      "  return expval(Z(q))\n"
      "}\n",
      "C");
  const auto& graph = elaborated.graph;
  REQUIRE(graph);
  const graph::Node* node = nullptr;
  for (const auto& n : graph->nodes)
    if (n.op == Primitive::circuit) node = &n;
  REQUIRE(node);
  codegen::Target target;  // 8 lanes, 32 KiB and 512 KiB of cache
  const std::string text = report::circuit_statistics(*graph, *node, {false, target, 0});
  CHECK(has(text, "2 qubits, 7 operations, depth 5"));
  CHECK(has(text, "2 RX, 2 RY, 1 CNOT, 1 CRX, 1 inv S"));
  CHECK(has(text, "2 of parameters, 2 of inputs"));
  CHECK(has(text, "2^2 amplitudes, 32 B a sample"));
  CHECK(has(text, "1 dense"));
  CHECK(!has(text, "about"));
  CHECK(has(report::circuit_statistics(*graph, *node, {false, target, 1e9}), "about"));
}

}  // namespace qiln
