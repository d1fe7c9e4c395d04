#include "compiler/kernel/work.h"

#include <algorithm>
#include <cmath>

namespace qiln::kernel {
namespace {

using circuit::Block;

/// Flops an amplitude: applying the block to one state, and summing up its cotangent from two.
struct BlockFlops {
  double apply = 0, sum = 0;
};

BlockFlops flops_of(const Block& block, int qubits) {
  const double side = std::exp2(static_cast<double>(block.qubits.size()));
  switch (block.kind) {
    case Block::Kind::dense:
      return {8 * side - 2, 8 * side};  // a row times a column of complex numbers; an outer product
    case Block::Kind::diagonal:
      return {6, 8};  // a complex product
    case Block::Kind::phases:
      return {6, 3.0 + qubits};  // the same; one Walsh-Hadamard transform for all angles
    case Block::Kind::permutation:
      return {0, 0};
    case Block::Kind::turns:
      if (is_rotation(block)) return {6, 4};  // three shears of a pair, re and im alike; one real number
      return {14, 16};
  }
  return {};
}

bool at_start(const StatePlan& plan, int block) {
  return std::find(plan.start.begin(), plan.start.end(), block) != plan.start.end();
}

Work work(const circuit::BlockProgram& program, Chunks chunks, bool adjoint) {
  const double amplitudes = std::exp2(program.qubits);
  const StatePlan plan = plan_state(program, chunks);
  Work work;
  work.flops = 12 * amplitudes;  // the product state, each amplitude from one of half as many
  for (std::size_t b = 0; b < program.blocks.size(); ++b) {
    if (at_start(plan, static_cast<int>(b))) continue;
    const BlockFlops flops = flops_of(program.blocks[b], program.qubits);
    work.flops += amplitudes * (adjoint ? 2 * flops.apply + flops.sum : flops.apply);
  }
  const double passes = static_cast<double>(plan.sweeps.size()) + 1;
  work.bytes = passes * amplitudes * 16 * (adjoint ? 2 : 1);  // re and im read and written
  return work;
}

/// Of one evaluation. Random bits are no floating-point arithmetic.
double flops_of(const Expression& expression) {
  double sum = 0;
  for (const Instruction& i : expression)
    if (i.kind == Instruction::Kind::compute) sum += is_function(i.op) ? function_flops : 1;
  return sum;
}

double count(const std::vector<std::int64_t>& extents) { return static_cast<double>(graph::element_count(extents)); }

double state_flops(const Nest& nest, Chunks chunks) {
  const double amplitudes = std::exp2(nest.program.qubits);
  switch (nest.kind) {
    case Nest::Kind::apply_blocks:
      return forward_work(nest.program, chunks).flops;
    case Nest::Kind::apply_blocks_adjoint:
      return adjoint_work(nest.program, chunks).flops;
    case Nest::Kind::phase_tables:
      return static_cast<double>(nest.program.phase_blocks()) * amplitudes * (nest.program.qubits + 2 * function_flops);
    default:  // probabilities, and one Walsh-Hadamard transform
      return amplitudes * (4.0 + nest.program.qubits);
  }
}

/// 16 multiply-adds a tile and pair of channels, and the additions of its transforms (graph/winograd.h): 32 for 4x4
/// values, 24 from them to 2x2, 12 from 2x2 to them.
double winograd_flops(const Winograd& w) {
  const auto tiles = static_cast<double>(w.rows() * w.columns());
  const auto inputs = static_cast<double>(w.inputs), outputs = static_cast<double>(w.outputs);
  return tiles * (32 * inputs * outputs + 32 * inputs + (w.of_weights ? 12 : 24) * outputs);
}

/// Of the convolution itself: 9 multiply-adds at each place.
double direct_flops(const Winograd& w) {
  return 18 * static_cast<double>(w.height * w.width) * static_cast<double>(w.inputs * w.outputs);
}

/// `stated`: of the sums as they stand in the model.
double flops_of(const Nest& nest, Chunks chunks, bool stated) {
  switch (nest.kind) {
    case Nest::Kind::pointwise:
      return count(nest.space) * flops_of(nest.epilogue);
    case Nest::Kind::reduce:
      return count(nest.space) * (flops_of(nest.epilogue) + count(nest.reduction) * (1 + flops_of(nest.prologue)));
    case Nest::Kind::contract: {
      double sum = count(nest.space) * flops_of(nest.epilogue);
      if (nest.winograd) return sum + (stated ? direct_flops(*nest.winograd) : winograd_flops(*nest.winograd));
      for (const Phase& phase : nest.phases)
        sum += static_cast<double>(phase.factors.size()) * count(phase.extents) * count(phase.reduction);
      return sum;
    }
    default:
      return state_flops(nest, chunks) * static_cast<double>(std::max<std::int64_t>(1, nest.places));
  }
}

/// Elements of a buffer that an access can reach: no more than it has, nor than the indices that move it can name.
double reach(const Access& access, const std::vector<std::int64_t>& extents, double elements) {
  double points = 1;
  for (std::size_t k = 0; k < access.strides.size() && k < extents.size(); ++k)
    if (access.strides[k] != 0) points *= static_cast<double>(extents[k]);
  return std::min(points, elements);
}

std::vector<std::int64_t> joined(std::vector<std::int64_t> outer, const std::vector<std::int64_t>& inner) {
  outer.insert(outer.end(), inner.begin(), inner.end());
  return outer;
}

/// The elements that a nest touches, by argument.
class Touched {
 public:
  Touched(const Program& program, const Nest& nest) : program_(program), nest_(nest), elements_(nest.arguments.size()) {
    if (nest.stores.empty()) {  // circuits take their arguments whole
      for (std::size_t k = 0; k < elements_.size(); ++k) elements_[k] = whole(k);
      return;
    }
    add(nest.prologue, joined(nest.space, nest.reduction));
    add(nest.epilogue, nest.space);
    for (const Phase& phase : nest.phases)
      for (const Access& factor : phase.factors) add(factor, joined(phase.extents, phase.reduction));
    for (const Store& store : nest.stores) add(store.access, nest.space);
  }
  double operator[](std::size_t argument) const { return std::min(elements_[argument], whole(argument)); }

 private:
  double whole(std::size_t argument) const {
    return static_cast<double>(program_.buffers[nest_.arguments[argument].buffer].elements);
  }
  void add(const Access& access, const std::vector<std::int64_t>& extents) {
    elements_[access.argument] += reach(access, extents, whole(access.argument));
  }
  void add(const Expression& expression, const std::vector<std::int64_t>& extents) {
    for (const Instruction& i : expression)
      if (i.kind == Instruction::Kind::load) add(i.access, extents);
  }
  const Program& program_;
  const Nest& nest_;
  std::vector<double> elements_;
};

}  // namespace

bool is_function(Primitive op) {
  switch (op) {
    case Primitive::power:
    case Primitive::exp:
    case Primitive::log:
    case Primitive::sin:
    case Primitive::cos:
    case Primitive::tanh:
    case Primitive::erf:
      return true;
    default:
      return false;
  }
}

Work forward_work(const circuit::BlockProgram& program, Chunks chunks) { return work(program, chunks, false); }
Work adjoint_work(const circuit::BlockProgram& program, Chunks chunks) { return work(program, chunks, true); }

NestWork work_of(const Program& program, const Nest& nest, Chunks chunks) {
  NestWork work;
  work.flops = flops_of(nest, chunks, false);
  work.stated = flops_of(nest, chunks, true);
  const Touched touched(program, nest);
  for (std::size_t k = 0; k < nest.arguments.size(); ++k)
    (nest.arguments[k].varying ? work.bytes : work.shared) += 4 * touched[k];
  if (nest.kind == Nest::Kind::apply_blocks) work.bytes = forward_work(nest.program, chunks).bytes;
  if (nest.kind == Nest::Kind::apply_blocks_adjoint) work.bytes = adjoint_work(nest.program, chunks).bytes;
  return work;
}

}  // namespace qiln::kernel
