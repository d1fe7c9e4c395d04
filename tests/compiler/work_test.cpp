// Flops and bytes of nests, counted by hand.
#include "compiler/kernel/work.h"

#include "compiler/graph/build.h"
#include "compiler/pipeline.h"
#include "compiler/schedule.h"
#include "tests/catch.h"
#include "tests/compiler/elaborated.h"

namespace qiln {
namespace {

/// The only nest of a net's schedule.
struct Only {
  explicit Only(const std::string& text) : elaborated(Elaborated::text(text)) {
    REQUIRE(elaborated.graph);
    run_circuit_passes(*elaborated.graph);
    run_standard_passes(*elaborated.graph);
    program = schedule(*elaborated.graph, {});
  }
  kernel::NestWork work(std::size_t nest) const { return kernel::work_of(program, program.nests.at(nest), {}); }
  Elaborated elaborated;
  kernel::Program program;
};

}  // namespace

TEST_CASE("a contraction's work is two flops a tap and what its accesses can reach") {
  const Only net("net N(x: [2, 4, 4]) -> [3, 4, 4] { return relu(conv(x, 3, 3)) }\n");
  REQUIRE(net.program.nests.size() == 1);
  const auto work = net.work(0);
  // 3 x 3 taps of 2 channels at 48 points, borders included; a bias and a relu at each.
  CHECK(work.flops == 48 * (2 * 18 + 2));
  CHECK(work.stated == work.flops);
  CHECK(work.bytes == 4 * (32 + 48));
  CHECK(work.shared == 4 * (54 + 3));
}

TEST_CASE("a convolution by fewer multiplications counts those, beside the nine that it states") {
  const Only net("net N(x: [32, 14, 14]) -> [32, 14, 14] { return conv(x, 32, 3, biased = false) }\n");
  std::size_t found = 0;
  for (std::size_t k = 0; k < net.program.nests.size(); ++k) {
    if (!net.program.nests[k].winograd) continue;
    ++found;
    CHECK(net.work(k).stated == 2 * 9 * 32 * 32 * 14 * 14);
    CHECK(net.work(k).flops < 0.6 * net.work(k).stated);
  }
  CHECK(found == 1);
}

TEST_CASE("a reduction's work is a flop a term; a function counts more") {
  const Only net("net N(x: [5, 7]) -> [5] { return exp(reduce_sum(x, axes = [1])) }\n");
  REQUIRE(net.program.nests.size() == 1);
  const auto work = net.work(0);
  CHECK(work.flops == 5 * (7 + kernel::function_flops));
  CHECK(work.bytes == 4 * (35 + 5));
  CHECK(work.shared == 0);
}

TEST_CASE("blocks cost by their kind, and twice as much and their sums backwards") {
  circuit::BlockProgram program;
  program.qubits = 3;
  circuit::Block dense;
  dense.kind = circuit::Block::Kind::dense;
  dense.qubits = {0, 1};
  program.blocks = {dense};
  const kernel::Chunks chunks{8, 0};
  const double start = 12 * 8;  // the product state, or its contraction
  // A row times a column: 4 complex products and 3 complex sums an amplitude.
  CHECK(kernel::forward_work(program, chunks).flops == start + 8 * (4 * 6 + 3 * 2));
  // The state and its cotangent undone, and an outer product of 4 multiply-adds of complex numbers.
  CHECK(kernel::adjoint_work(program, chunks).flops == start + 8 * (2 * 30 + 4 * 8));
  CHECK(kernel::adjoint_work(program, chunks).bytes == 2 * kernel::forward_work(program, chunks).bytes);
}

}  // namespace qiln
