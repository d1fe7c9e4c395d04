// State-vector kernels against the reference in double: random programs of blocks, whole states and chunks, all lane
// widths, uniform and varying entries.
#include <algorithm>
#include <cmath>
#include <complex>
#include <numeric>
#include <random>

#include "compiler/kernel/state_plan.h"
#include "runtime/reference/circuits.h"
#include "tests/catch.h"
#include "tests/runtime/nests.h"

namespace qiln {
namespace {

using circuit::Block;
using circuit::BlockProgram;
using Kind = kernel::Nest::Kind;
using Value = reference::Value<double>;
using Matrix = std::vector<std::complex<double>>;

struct Random {
  std::mt19937 engine;
  int below(int bound) { return static_cast<int>(engine() % static_cast<unsigned>(bound)); }
  double real() { return engine() / 2147483648.0 - 1; }
};

/// Rows made orthonormal one after the other.
Matrix random_unitary(Random& random, int side) {
  Matrix m(side * side);
  for (auto& v : m) v = {random.real(), random.real()};
  for (int i = 0; i < side; ++i) {
    for (int k = 0; k < i; ++k) {
      std::complex<double> overlap = 0;
      for (int j = 0; j < side; ++j) overlap += std::conj(m[k * side + j]) * m[i * side + j];
      for (int j = 0; j < side; ++j) m[i * side + j] -= overlap * m[k * side + j];
    }
    double norm = 0;
    for (int j = 0; j < side; ++j) norm += std::norm(m[i * side + j]);
    for (int j = 0; j < side; ++j) m[i * side + j] /= std::sqrt(norm);
  }
  return m;
}

Block random_permutation(Random& random, int n) {
  Block block;
  block.kind = Block::Kind::permutation;
  for (int bit = 0; bit < n; ++bit) block.rows.push_back(std::uint64_t{1} << bit);
  for (int k = 0; n > 1 && k < 2 * n; ++k) {
    const int a = random.below(n), b = random.below(n);
    if (a != b) block.rows[a] ^= block.rows[b];
  }
  block.flip = random.engine() & ((std::uint64_t{1} << n) - 1);
  return block;
}

/// Program with entries in operand 0 (varying unless `all_uniform`) and 1 (uniform); samples in rows.
struct Case {
  BlockProgram program;
  std::vector<Value> entries;
  std::int64_t samples;
};

/// Columns of numbers for each operand: [operand][element][sample].
using Columns = std::vector<std::vector<std::vector<double>>>;

/// An angle of a new element of `operand`, or a constant.
circuit::Angle random_angle(Random& random, Columns& columns, int operand, int rows) {
  circuit::Angle angle;
  angle.offset = random.below(2) ? random.real() : 0;
  if (random.below(5) == 0) return angle;
  angle.operand = operand;
  angle.element = static_cast<std::int64_t>(columns[operand].size());
  angle.scale = random.below(2) ? 1 : 2 * random.real();
  std::vector<double> numbers(rows);
  for (double& number : numbers) number = static_cast<float>(4 * random.real());
  columns[operand].push_back(numbers);
  return angle;
}

Block random_turns(Random& random, Columns& columns, int qubit, int samples, bool all_uniform) {
  Block block;
  block.kind = Block::Kind::turns;
  block.qubits = {qubit};
  const int kind = random.below(3), count = 1 + random.below(3);  // about y, about z, or both
  for (int t = 0; t < count; ++t) {
    const bool y = kind == 0 || (kind == 2 && random.below(2));
    const int operand = random.below(2);
    const auto angle = random_angle(random, columns, operand, operand == 0 && !all_uniform ? samples : 1);
    block.turns.push_back({y ? circuit::Turn::Axis::y : circuit::Turn::Axis::z, angle});
  }
  return block;
}

Block random_phases(Random& random, Columns& columns, int n) {
  Block block;
  block.kind = Block::Kind::phases;
  for (int t = 0, count = 1 + random.below(2 * n); t < count; ++t)
    block.phases.push_back({random.engine() & ((std::uint64_t{1} << n) - 1), random_angle(random, columns, 1, 1)});
  return block;
}

Case random_case(int n, int blocks, int samples, bool all_uniform, unsigned seed) {
  Random random{std::mt19937(seed)};
  Case result;
  result.samples = samples;
  result.program.qubits = n;
  Columns columns(2);
  if (random.below(3))
    for (int q = 0; q < n; ++q)
      if (random.below(3)) result.program.blocks.push_back(random_turns(random, columns, q, samples, all_uniform));
  for (int b = 0; b < blocks; ++b) {
    if (random.below(4) == 0) {
      result.program.blocks.push_back(random_phases(random, columns, n));
      continue;
    }
    if (random.below(2) == 0) {
      result.program.blocks.push_back(random_turns(random, columns, random.below(n), samples, all_uniform));
      continue;
    }
    if (random.below(5) == 0) {
      result.program.blocks.push_back(random_permutation(random, n));
      continue;
    }
    Block block;
    const int k = std::min(n, random.below(3) ? 1 : 1 + random.below(3));
    block.kind = random.below(4) ? Block::Kind::dense : Block::Kind::diagonal;
    std::vector<std::int32_t> qubits(n);
    std::iota(qubits.begin(), qubits.end(), 0);
    std::shuffle(qubits.begin(), qubits.end(), random.engine);
    block.qubits.assign(qubits.begin(), qubits.begin() + k);
    block.operand = random.below(2);
    block.element = static_cast<std::int64_t>(columns[block.operand].size());
    const int side = 1 << k, count = block.kind == Block::Kind::dense ? side * side : side;
    const int rows = block.operand == 0 && !all_uniform ? samples : 1;
    std::vector<std::vector<double>> fresh(2 * count, std::vector<double>(rows));
    for (int s = 0; s < rows; ++s) {
      Matrix m = random_unitary(random, side);
      if (block.kind == Block::Kind::diagonal)
        for (int e = 0; e < side; ++e) m[e] = std::polar(1.0, 3 * random.real());
      for (int e = 0; e < count; ++e) {
        // Rounded, so that both sides start from the same numbers.
        fresh[2 * e][s] = static_cast<float>(m[e].real());
        fresh[2 * e + 1][s] = static_cast<float>(m[e].imag());
      }
    }
    columns[block.operand].insert(columns[block.operand].end(), fresh.begin(), fresh.end());
    result.program.blocks.push_back(block);
  }
  for (int operand = 0; operand < 2; ++operand) {
    const int rows = operand == 0 && !all_uniform ? samples : 1;
    Value value = reference::zeros<double>(rows, {static_cast<std::int64_t>(columns[operand].size())});
    for (std::size_t e = 0; e < columns[operand].size(); ++e)
      for (int s = 0; s < rows; ++s) value.value(s, e) = columns[operand][e][s];
    value.magnitude = value.value.abs();
    result.entries.push_back(value);
  }
  for (int q = 0; q < n; ++q) result.program.readout.push_back({{1, 0, std::uint64_t{1} << q}});
  const std::uint64_t mask = (std::uint64_t{1} << n) - 1;
  for (int t = 0; t < 3; ++t)
    result.program.readout.push_back({{random.real(), random.engine() & mask, random.engine() & mask},
                                      {2 * random.real(), 0, random.engine() & mask}});
  return result;
}

/// As a kernel's argument: [elements][lanes], lanes beyond the samples repeat the last; or [elements].
test::Floats packed(const Value& value, int lanes, bool varying) {
  const std::int64_t width = varying ? lanes : 1;
  test::Floats floats(static_cast<std::size_t>(std::max<std::int64_t>(1, value.value.cols()) * width));
  for (std::int64_t e = 0; e < value.value.cols(); ++e)
    for (std::int64_t l = 0; l < width; ++l)
      floats[e * width + l] = static_cast<float>(value.value(std::min<std::int64_t>(l, value.value.rows() - 1), e));
  return floats;
}

/// Value with numbers as a kernel would see them, of the magnitude of rounded ones.
Value random_value(Random& random, std::int64_t rows, std::int64_t columns) {
  Value value = reference::zeros<double>(rows, {columns});
  for (std::int64_t e = 0; e < columns; ++e)
    for (std::int64_t s = 0; s < rows; ++s) value.value(s, e) = static_cast<float>(random.real());
  value.magnitude = value.value.abs();
  return value;
}

struct Operand {
  Value value;
  bool varying;
};

/// What a nest of this kind makes of the operands, an element a column.
Value run_nest(Kind kind, const BlockProgram& program, const std::vector<Operand>& operands, std::int64_t elements,
               std::int64_t samples, int lanes, std::int64_t l1_bytes, int scratch) {
  bool varying = false;
  for (const Operand& operand : operands) varying |= operand.varying;
  std::vector<bool> arguments;
  std::vector<test::Floats> buffers;
  std::vector<std::int64_t> operand_elements;
  for (const Operand& operand : operands) {
    arguments.push_back(operand.varying);
    buffers.push_back(packed(operand.value, lanes, operand.varying));
    operand_elements.push_back(operand.value.value.cols());
  }
  const std::size_t width = varying ? lanes : 1;
  arguments.push_back(varying);
  buffers.emplace_back(std::max<std::size_t>(1, elements) * width, NAN);
  kernel::Nest shape;
  shape.kind = kind;
  shape.program = program;
  if (kind == Kind::expval && kernel::part_bits(shape) > 0) scratch = 1;
  for (int k = 0; k < scratch; ++k) {
    arguments.push_back(varying);
    std::int64_t room = std::int64_t{2} << program.qubits;
    if (k + 1 == scratch)
      room = kind == Kind::expval ? elements << kernel::part_bits(shape) : kernel::area_elements(shape, elements);
    buffers.emplace_back(room * width, NAN);
  }
  auto made = test::nest(kind, varying, arguments, static_cast<int>(operands.size()));
  made.operand_elements = operand_elements;
  made.program = program;
  made.scratch = scratch;
  codegen::Target target = codegen::host_target(lanes);
  target.l1_bytes = l1_bytes;
  target.l2_bytes = 16 * l1_bytes;
  jit::Engine engine(target, jit::CacheOptions{false, {}});
  const kernel::Nest* one = &made;
  const auto kernel = engine.compile(std::span(&one, 1), 1)[0];
  const test::Block block(lanes, static_cast<int>(std::min<std::int64_t>(lanes, samples)));
  test::run(kernel, buffers, block);
  Value result = reference::zeros<double>(samples, {elements});
  for (std::int64_t e = 0; e < elements; ++e)
    for (std::int64_t s = 0; s < samples; ++s) result.value(s, e) = buffers[operands.size()][e * width + s];
  return result;
}

void check_nest(Kind kind, const BlockProgram& program, const std::vector<Operand>& operands, const Value& expected,
                int lanes, std::int64_t l1_bytes, int scratch) {
  const Value result =
      run_nest(kind, program, operands, expected.value.cols(), expected.value.rows(), lanes, l1_bytes, scratch);
  double worst = 0;
  for (std::int64_t e = 0; e < expected.value.cols(); ++e)
    for (std::int64_t s = 0; s < expected.value.rows(); ++s) {
      const double difference = std::abs(result.value(s, e) - expected.value(s, e));
      const double allowed = reference::float_epsilon * expected.magnitude(s, e) + 1e-30;
      worst = std::isnan(difference) ? INFINITY : std::max(worst, difference / allowed);
    }
  INFO("kind " << static_cast<int>(kind) << ", qubits " << program.qubits << ", lanes " << lanes);
  CHECK(worst <= 8);
}

std::vector<const Value*> pointers(const std::vector<Operand>& operands) {
  std::vector<const Value*> result;
  for (const Operand& operand : operands) result.push_back(&operand.value);
  return result;
}

void check_all(const Case& one, int lanes, std::int64_t l1_bytes, unsigned seed) {
  Random random{std::mt19937(seed)};
  const bool varying = one.entries[0].value.rows() > 1 || one.samples == 1;
  const std::int64_t samples = varying ? one.samples : 1;
  const std::int64_t amplitudes = std::int64_t{2} << one.program.qubits;
  std::vector<Operand> operands{{one.entries[0], varying}, {one.entries[1], false}};
  if (const std::int64_t tables = one.program.table_elements(); tables > 0) {
    // The tables of the samples' own angles are made by nobody: phases are of shared ones.
    const std::vector<Operand> angles{{reference::zeros<double>(1, {1}), false}, {one.entries[1], false}};
    operands.push_back({run_nest(Kind::phase_tables, one.program, angles, tables, 1, lanes, l1_bytes, 0), false});
  }

  const Value state = reference::apply_blocks<double>(one.program, pointers(operands), samples);
  check_nest(Kind::apply_blocks, one.program, operands, state, lanes, l1_bytes, 2);

  Value rounded = state;  // what the other kernels are given
  for (auto& v : rounded.value.reshaped()) v = static_cast<float>(v);
  rounded.magnitude = rounded.value.abs();
  const Value readings = reference::expval<double>(one.program, rounded);
  check_nest(Kind::expval, one.program, {{rounded, varying}}, readings, lanes, l1_bytes, 0);

  const Value weights = random_value(random, samples, static_cast<std::int64_t>(one.program.readout.size()));
  const Value cotangent = reference::expval_adjoint<double>(one.program, rounded, weights, samples);
  check_nest(Kind::expval_adjoint, one.program, {{rounded, varying}, {weights, varying}}, cotangent, lanes, l1_bytes,
             0);

  operands.push_back({rounded, varying});
  operands.push_back({random_value(random, samples, amplitudes), varying});
  const Value gradient = reference::apply_blocks_adjoint<double>(one.program, pointers(operands), samples);
  check_nest(Kind::apply_blocks_adjoint, one.program, operands, gradient, lanes, l1_bytes, 5);
}

TEST_CASE("state-vector kernels agree with the reference", "[state]") {
  for (int lanes : {4, 8, 16})
    for (int n : {1, 2, 3, 5, 7})
      check_all(random_case(n, 3 + 3 * n, lanes - 1, false, 10 * n + lanes), lanes, 32 << 10, n);
}

TEST_CASE("states larger than a chunk are swept chunk by chunk", "[state]") {
  for (int n : {6, 7, 8, 9, 11}) check_all(random_case(n, 24, 8, false, n), 8, 1 << 10, n);
}

TEST_CASE("large states are worked on in parts", "[state]") {
  for (int lanes : {4, 8}) check_all(random_case(14, 30, 3, false, 14 + lanes), lanes, 1 << 10, 14);
}

TEST_CASE("circuits of weights alone run once", "[state]") {
  for (int n : {1, 4, 9}) check_all(random_case(n, 20, 8, true, n), 8, 1 << 10, n);
}

}  // namespace
}  // namespace qiln
