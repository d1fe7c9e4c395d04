// Passes on blocks leave the state as it is, up to a phase of all of it; what they find is cheaper.
#include <set>

#include "compiler/graph/verify.h"
#include "compiler/passes/absorb_permutations.h"
#include "compiler/passes/collect_diagonals.h"
#include "compiler/passes/fuse_blocks.h"
#include "compiler/passes/fuse_gates.h"
#include "compiler/passes/gate_blocks.h"
#include "compiler/passes/lower_circuits.h"
#include "tests/catch.h"
#include "tests/compiler/circuit_support.h"

namespace qiln {
namespace {

using circuit::Block;
using passes::BlockCost;
using passes::FusedBlock;
using passes::Purpose;
using test::Complex;
using test::Numbers;
using Operands = std::vector<Numbers>;

std::vector<Complex> run(const std::vector<FusedBlock>& blocks, int n, const Operands& operands,
                         std::vector<Complex> state);

/// A product's matrix, column by column.
std::vector<Complex> matrix_of(const FusedBlock& product, const Operands& operands) {
  const std::size_t side = std::size_t{1} << product.qubits.size();
  std::vector<Complex> matrix(side * side);
  for (std::size_t j = 0; j < side; ++j) {
    std::vector<Complex> column(side);
    column[j] = 1;
    column = run(product.parts, static_cast<int>(product.qubits.size()), operands, std::move(column));
    for (std::size_t i = 0; i < side; ++i) matrix[i * side + j] = column[i];
  }
  return matrix;
}

std::vector<Complex> run(const std::vector<FusedBlock>& blocks, int n, const Operands& operands,
                         std::vector<Complex> state) {
  for (const FusedBlock& block : blocks) {
    if (block.gate) {
      Numbers angles;
      for (const auto& angle : block.gate->angles)
        angles.push_back(angle.offset + (angle.operand < 0 ? 0 : angle.scale * operands[angle.operand][angle.element]));
      const auto matrix = gate_matrix(block.gate->gate, angles, block.gate->inverse, block.gate->controls);
      test::apply_matrix(state, matrix, block.qubits, n);
    } else if (!block.parts.empty()) {
      test::apply_matrix(state, matrix_of(block, operands), block.qubits, n);
    } else {
      circuit::BlockProgram program;
      program.qubits = n;
      Block one;
      one.kind = block.kind;
      one.qubits = block.qubits;
      one.rows = block.rows;
      one.flip = block.flip;
      one.turns = block.turns;
      one.phases = block.phases;
      program.blocks = {one};
      Operands with = operands;
      program.initial = static_cast<std::int32_t>(with.size());
      with.emplace_back();
      for (const Complex& amplitude : state) with.back().push_back(amplitude.real());
      for (const Complex& amplitude : state) with.back().push_back(amplitude.imag());
      state = test::run_blocks(program, with);
    }
  }
  return state;
}

double overlap(const std::vector<FusedBlock>& a, const std::vector<FusedBlock>& b, int n, const Operands& operands) {
  std::vector<Complex> zero(std::size_t{1} << n);
  zero[0] = 1;
  const auto x = run(a, n, operands, zero), y = run(b, n, operands, zero);
  Complex sum = 0;
  for (std::size_t i = 0; i < x.size(); ++i) sum += std::conj(x[i]) * y[i];
  return std::abs(sum);
}

std::size_t products(const std::vector<FusedBlock>& blocks) {
  return static_cast<std::size_t>(
      std::count_if(blocks.begin(), blocks.end(), [](const FusedBlock& block) { return !block.parts.empty(); }));
}

/// All angles but those of the first operations are shared.
test::RandomCircuit mostly_shared(int n, int gates, unsigned seed) {
  test::RandomCircuit random = test::random_circuit(n, gates, seed);
  for (std::size_t o = static_cast<std::size_t>(n); o < random.circuit.operations.size(); ++o)
    for (circuit::Angle& angle : random.circuit.operations[o].angles)
      if (angle.operand == 0) angle.operand = 1;
  return random;
}

const std::vector<bool> shared{false, true};

TEST_CASE("permutations and phases that move leave the state", "[blocks]") {
  for (unsigned seed = 0; seed < 40; ++seed) {
    INFO("seed " << seed);
    const int n = 1 + seed % 8;
    const auto random = test::random_circuit(n, 6 + 3 * n, 500 + seed);
    const auto gates = passes::gate_blocks(random.circuit, shared);
    const auto absorbed = passes::absorb_permutations(gates, n);
    CHECK(absorbed.size() <= gates.size());
    CHECK(std::abs(overlap(gates, absorbed, n, random.operands) - 1) < 1e-10);
    const auto collected = passes::collect_diagonals(absorbed, n, true);
    CHECK(std::abs(overlap(gates, collected, n, random.operands) - 1) < 1e-10);
  }
}

TEST_CASE("products leave the state, whatever they cost", "[blocks]") {
  const BlockCost wide(24, Purpose::gradients);  // so that anything is worth its code
  std::size_t found = 0;
  for (unsigned seed = 0; seed < 32; ++seed) {
    const int n = 1 + seed % 8;
    const auto random = seed % 2 ? test::random_circuit(n, 30, 600 + seed) : mostly_shared(n, 30, 600 + seed);
    const auto gates = passes::gate_blocks(random.circuit, shared);
    for (int most = 2; most <= 4; ++most) {
      INFO("seed " << seed << ", on " << most);
      const auto fused = passes::fuse_gates(gates, n, shared, passes::starts(gates), most, wide);
      for (const FusedBlock& block : fused)
        if (!block.parts.empty()) CHECK(static_cast<int>(block.qubits.size()) <= most);
      CHECK(std::abs(overlap(gates, fused, n, random.operands) - 1) < 1e-9);
      CHECK(wide.program(fused) <= wide.program(gates));
      found += products(fused);
    }
  }
  CHECK(found > 100);
}

TEST_CASE("deep circuits on few qubits are lowered to products that read the same", "[blocks]") {
  for (unsigned seed = 0; seed < 6; ++seed)
    for (Purpose purpose : {Purpose::values, Purpose::gradients}) {
      const int n = 2 + seed % 3;
      const auto random = mostly_shared(n, 400, 700 + seed);
      INFO("seed " << seed);
      graph::Graph g = test::graph_of(random.circuit, random.operands);
      REQUIRE(passes::lower_circuits(g, purpose));
      graph::require_valid(g, "after lowering");
      CHECK(g.blocks.size() > 1);
      const auto found = test::interpret(g, test::inputs_of(random.operands), "y");
      const auto wanted = test::simulate(random.circuit, random.operands);
      REQUIRE(found.size() == wanted.size());
      for (std::size_t i = 0; i < found.size(); ++i) CHECK(std::abs(found[i] - wanted[i]) < 1e-10);
    }
}

TEST_CASE("layers alike have products of one structure", "[blocks]") {
  circuit::Circuit circuit;
  circuit.qubits = 10;
  for (int q = 0; q < 10; ++q) circuit.operations.push_back(test::operation("RX", {q}, {{0, q, 1, 0}}));
  constexpr int layers = 6;
  for (int l = 0; l < layers; ++l)
    for (int q = 0; q < 10; q += 2) {
      const std::int64_t e = (10 * l + q) * 2;
      for (int k : {0, 1}) circuit.operations.push_back(test::operation("RY", {q + k}, {{1, e + k, 1, 0}}));
      const int to = (q + 1 + 2 * (l % 2)) % 10;
      circuit.operations.push_back(test::operation("CRX", {q, to}, {{1, e + 2, 1, 0}}));
    }
  circuit.readout = test::all_z(10);
  const auto blocks = passes::fuse_blocks(circuit, shared, Purpose::gradients);
  std::set<std::vector<std::int64_t>> structures;
  for (const FusedBlock& block : blocks)
    if (!block.parts.empty()) structures.insert(passes::structure_of(block));
  CHECK(products(blocks) >= 4 * layers);
  CHECK(structures.size() <= 4);
}

TEST_CASE("entangling layers of turns and permutations are not fused on many qubits", "[blocks]") {
  for (int n : {6, 8, 12, 16}) {
    circuit::Circuit circuit;
    circuit.qubits = n;
    for (int q = 0; q < n; ++q) circuit.operations.push_back(test::operation("RX", {q}, {{0, q, 1, 0}}));
    for (int l = 0; l < 3; ++l) {
      for (int q = 0; q < n; ++q) {
        const std::int64_t e = 3 * (l * n + q);
        circuit.operations.push_back(test::operation("Rot", {q}, {{1, e, 1, 0}, {1, e + 1, 1, 0}, {1, e + 2, 1, 0}}));
      }
      for (int q = 0; q < n; ++q) circuit.operations.push_back(test::operation("CNOT", {q, (q + l + 1) % n}));
    }
    circuit.readout = test::all_z(n);
    for (Purpose purpose : {Purpose::values, Purpose::gradients})
      CHECK(products(passes::fuse_blocks(circuit, shared, purpose)) == 0);
  }
}

}  // namespace
}  // namespace qiln
