// A worker of run.sh: forward and adjoint of 48 dense one-qubit gates (three layers, a CNOT chain between layers)
// on 16 qubits, 16 samples, one thread; or, as `bound`, the same number of multiply-adds in registers, which is what
// the arithmetic alone would take: 16 lane operations a pair of amplitudes for the state, 48 for its adjoint (two
// states undone, one outer product).
#include <algorithm>
#include <chrono>
#include <cmath>
#include <iostream>
#include <string>
#include <string_view>

#include "compiler/kernel/state_plan.h"
#include "tests/runtime/nests.h"

namespace {

using namespace qiln;
using circuit::Block;
using Kind = kernel::Nest::Kind;

constexpr int qubits = 16, layers = 3, samples = 16;
constexpr std::int64_t state_elements = std::int64_t{2} << qubits;
constexpr std::int64_t first_layer = 8 * qubits, later_layers = 8 * qubits * (layers - 1);

circuit::BlockProgram layered_program() {
  circuit::BlockProgram program;
  program.qubits = qubits;
  for (int l = 0; l < layers; ++l) {
    for (int q = 0; q < qubits; ++q) {
      Block gate;
      gate.qubits = {q};
      gate.operand = l > 0;
      gate.element = 8 * (std::max(0, l - 1) * qubits + q);
      program.blocks.push_back(gate);
    }
    if (l + 1 == layers) break;
    Block chain;  // each qubit becomes the parity of itself and those above
    chain.kind = Block::Kind::permutation;
    for (int bit = 0; bit < qubits; ++bit)
      chain.rows.push_back((state_elements / 2 - 1) & ~((std::uint64_t{1} << bit) - 1));
    program.blocks.push_back(chain);
  }
  for (int q = 0; q < qubits; ++q) program.readout.push_back({{1, 0, std::uint64_t{1} << q}});
  return program;
}

/// Rotations by different angles, `width` lanes an element.
test::Floats rotations(std::int64_t elements, int width) {
  test::Floats floats(elements * width);
  for (std::int64_t e = 0; e < elements; ++e)
    for (int lane = 0; lane < width; ++lane) {
      const double angle = 0.3 + 0.1 * static_cast<double>(e / 8) + 0.01 * lane;
      const double matrix[8] = {std::cos(angle), 0, 0, -std::sin(angle), 0, -std::sin(angle), std::cos(angle), 0};
      floats[e * width + lane] = static_cast<float>(matrix[e % 8]);
    }
  return floats;
}

struct Circuit {
  explicit Circuit(const codegen::Target& target)
      : lanes(target.lanes), engine(target, jit::CacheOptions{false, {}}), block(lanes, lanes) {
    kernel::Nest nests[2] = {
        test::nest(Kind::apply_blocks, true, {true, false, true, true, true}, 2),
        test::nest(Kind::apply_blocks_adjoint, true, {true, false, true, true, true, true, true, true, true, true}, 4)};
    for (kernel::Nest& nest : nests) {
      nest.program = layered_program();
      nest.operand_elements = {first_layer, later_layers};
    }
    nests[0].scratch = 2;
    nests[1].scratch = 5;
    nests[1].operand_elements.insert(nests[1].operand_elements.end(), {state_elements, state_elements});
    kernels = engine.compile(nests, 1);
    const auto area = [&](const kernel::Nest& nest, std::int64_t result) {
      return test::Floats(kernel::area_elements(nest, result) * lanes);
    };
    const auto state = [&] { return test::Floats(state_elements * lanes, 0.001f); };
    forward = {rotations(first_layer, lanes), rotations(later_layers, 1), state(), state(),
               area(nests[0], state_elements)};
    backward = {forward[0], forward[1], state(), state(), test::Floats((first_layer + later_layers) * lanes),
                state(),    state(),    state(), state(), area(nests[1], first_layer + later_layers)};
  }
  void step() {
    for (int done = 0; done < samples; done += lanes) {
      test::run(kernels[0], forward, block);
      test::run(kernels[1], backward, block);
    }
  }
  int lanes;
  jit::Engine engine;
  test::Block block;
  std::vector<jit::CompiledKernel> kernels;
  std::vector<test::Floats> forward, backward;
};

/// Twelve chains of multiply-adds on lane vectors, as many as the circuit needs.
struct Bound {
  explicit Bound(const codegen::Target& target)
      : lanes(target.lanes), engine(target, jit::CacheOptions{false, {}}), block(lanes, lanes) {
    const std::int64_t operations =
        std::int64_t{layers} * qubits * (std::int64_t{1} << (qubits - 1)) * (16 + 48) * samples / lanes;
    kernel::Nest nest = test::nest(Kind::contract, true, {true, false, true}, 2);
    nest.space = {chains, 1};
    kernel::Phase phase;
    phase.extents = {chains, 1};
    phase.start = {0, 0};
    phase.step = {1, 1};
    phase.reduction = {operations / chains};
    phase.factors = {{0, {0, 0, 0}, 0, {}}, {1, {1, 0, 0}, 0, {}}};
    nest.phases = {phase};
    nest.epilogue = {test::accumulator()};
    nest.stores = {{0, {2, {1, 1}, 0, {}}, false}};
    kernels = engine.compile(std::span(&nest, 1), 1);
    arguments = {test::Floats(lanes, 1e-9f), test::Floats(chains, 0.5f), test::Floats(chains * lanes)};
  }
  void step() { test::run(kernels[0], arguments, block); }
  static constexpr std::int64_t chains = 12;
  int lanes;
  jit::Engine engine;
  test::Block block;
  std::vector<jit::CompiledKernel> kernels;
  std::vector<test::Floats> arguments;
};

template <class Work>
void serve() {
  Work work(codegen::host_target());
  std::cout << "ready" << std::endl;
  std::string word;
  while (std::cin >> word && word != "quit") {
    int count = 1;
    std::cin >> count;
    std::vector<double> seconds;
    for (int k = 0; k < count; ++k) {
      const auto start = std::chrono::steady_clock::now();
      work.step();
      seconds.push_back(std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count());
    }
    std::nth_element(seconds.begin(), seconds.begin() + count / 2, seconds.end());
    std::cout << std::fixed << seconds[count / 2] << std::endl;
  }
}

}  // namespace

int main(int argc, char** argv) {
  if (argc > 1 && std::string_view(argv[1]) == "bound")
    serve<Bound>();
  else
    serve<Circuit>();
}
