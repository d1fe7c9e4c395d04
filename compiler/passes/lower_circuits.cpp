#include "compiler/passes/lower_circuits.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "compiler/circuit/heisenberg.h"
#include "compiler/passes/batch_value.h"
#include "compiler/passes/fuse_blocks.h"
#include "compiler/passes/rewrite.h"
#include "compiler/passes/state_values.h"
#include "dsl/error.h"

namespace qiln::passes {
namespace {

using circuit::Block;
using circuit::Circuit;
using circuit::Operation;
using graph::ValueId;

/// A row-major matrix for each block of a group.
struct MatrixBatch {
  std::size_t side = 1;
  std::vector<ComplexBatch> entries;
};

/// cos and sin of sums of angles, each made once.
class AngleFunctions {
 public:
  AngleFunctions(BatchMath& math, std::vector<BatchValue> angles) : math_(math), angles_(std::move(angles)) {}

  /// exp(i * sum over k of factor[k] * angle k)
  ComplexBatch phase(std::array<double, max_gate_parameters> factors) {
    bool negative = false;
    for (double factor : factors)
      if (factor != 0) {
        negative = factor < 0;
        break;
      }
    if (negative)
      for (double& factor : factors) factor = -factor;
    auto found = known_.find(factors);
    if (found == known_.end()) {
      BatchValue sum = math_.number(0);
      for (std::size_t k = 0; k < angles_.size(); ++k)
        sum = math_.add(sum, math_.multiply(math_.number(factors[k]), angles_[k]));
      found = known_.emplace(factors, ComplexBatch{math_.cos(sum), math_.sin(sum)}).first;
    }
    return negative ? conjugate(math_, found->second) : found->second;
  }

  ComplexBatch entry(const GateEntry& entry) {
    ComplexBatch value{math_.number(entry.real), math_.number(entry.imaginary)};
    if (entry.trigonometric != GateEntry::Trigonometric::one) {
      std::array<double, max_gate_parameters> half{};
      half[entry.half_angle] = 0.5;
      const ComplexBatch both = phase(half);
      const bool cosine = entry.trigonometric == GateEntry::Trigonometric::cosine;
      value = multiply(math_, value, {cosine ? both.re : both.im, math_.number(0)});
    }
    return entry.has_phase() ? multiply(math_, value, phase(entry.phase)) : value;
  }

 private:
  BatchMath& math_;
  std::vector<BatchValue> angles_;
  std::map<std::array<double, max_gate_parameters>, ComplexBatch> known_;
};

/// The matrix of like operations, one for each block of a group.
MatrixBatch matrix_of(BatchMath& math, std::span<const Operation* const> operations,
                      std::span<const ValueId> operands) {
  const Operation& first = *operations[0];
  std::vector<BatchValue> angles;
  for (std::size_t a = 0; a < first.angles.size(); ++a) {
    std::vector<circuit::Angle> of_angle;
    for (const Operation* operation : operations) of_angle.push_back(operation->angles[a]);
    angles.push_back(math.gather(of_angle, operands));
  }
  AngleFunctions functions(math, std::move(angles));
  const GateRow& row = gate(first.gate);
  MatrixBatch matrix;
  matrix.side = std::size_t{1} << first.qubits.size();
  matrix.entries.assign(matrix.side * matrix.side, {math.number(0), math.number(0)});
  const std::size_t begin = matrix.side - (std::size_t{1} << row.targets);  // where all controls are 1
  for (std::size_t i = 0; i < begin; ++i) matrix.entries[i * matrix.side + i].re = math.number(1);
  for (const GateEntry& entry : row.matrix.entries()) {
    const std::size_t i = begin + (first.inverse ? entry.column : entry.row);
    const std::size_t j = begin + (first.inverse ? entry.row : entry.column);
    const ComplexBatch value = functions.entry(entry);
    matrix.entries[i * matrix.side + j] = first.inverse ? conjugate(math, value) : value;
  }
  return matrix;
}

MatrixBatch multiply(BatchMath& math, const MatrixBatch& a, const MatrixBatch& b) {
  MatrixBatch product{a.side, std::vector<ComplexBatch>(a.entries.size())};
  for (std::size_t i = 0; i < a.side; ++i)
    for (std::size_t j = 0; j < a.side; ++j) {
      ComplexBatch sum{math.number(0), math.number(0)};
      for (std::size_t k = 0; k < a.side; ++k)
        sum = add(math, sum, multiply(math, a.entries[i * a.side + k], b.entries[k * a.side + j]));
      product.entries[i * a.side + j] = sum;
    }
  return product;
}

/// A circuit's node: its operands, and over how many places which of them are mapped.
struct Run {
  std::vector<ValueId> operands;
  std::int64_t places = 0;
  std::vector<int> mapped;
  bool moves(std::int32_t operand) const { return std::find(mapped.begin(), mapped.end(), operand) != mapped.end(); }
};

/// Equal for blocks whose matrices are one formula, and are uniform or varying, mapped or not together.
std::vector<int> structure_of(const FusedBlock& block, const Run& run, const graph::Graph& graph) {
  std::vector<int> key{static_cast<int>(block.kind)};
  for (const Operation* gate : block.gates) {
    key.insert(key.end(), {static_cast<int>(gate->gate), gate->inverse, gate->controls});
    for (const circuit::Angle& angle : gate->angles)
      key.push_back(angle.operand < 0 ? 0
                                      : 1 + graph.varying(run.operands[angle.operand]) + 2 * run.moves(angle.operand));
  }
  return key;
}

bool moves(const FusedBlock& block, const Run& run) {
  for (const Operation* gate : block.gates)
    for (const circuit::Angle& angle : gate->angles)
      if (angle.operand >= 0 && run.moves(angle.operand)) return true;
  return false;
}

/// The entries of the blocks of one group: [blocks, reals of a block], with the places in front if they are mapped.
ValueId entries_of(graph::Builder& builder, std::span<const FusedBlock* const> blocks, const Run& run) {
  const std::int64_t places = moves(*blocks[0], run) ? run.places : 0;
  BatchMath math(builder, static_cast<std::int64_t>(blocks.size()), places, run.mapped);
  MatrixBatch matrix;
  for (std::size_t g = 0; g < blocks[0]->gates.size(); ++g) {
    std::vector<const Operation*> operations;
    for (const FusedBlock* block : blocks) operations.push_back(block->gates[g]);
    MatrixBatch of_gate = matrix_of(math, operations, run.operands);
    matrix = g == 0 ? std::move(of_gate) : multiply(math, of_gate, matrix);
  }
  std::vector<BatchValue> reals;
  for (std::size_t i = 0; i < matrix.side; ++i)
    for (std::size_t j = 0; j < matrix.side; ++j) {
      if (blocks[0]->kind == Block::Kind::diagonal && i != j) continue;
      reals.push_back(matrix.entries[i * matrix.side + j].re);
      reals.push_back(matrix.entries[i * matrix.side + j].im);
    }
  return math.stack(reals);
}

/// The circuit's results from the state after its blocks: readings, then probabilities.
ValueId results_of(graph::Builder& builder, const Circuit& circuit, ValueId state, graph::CircuitAttributes index) {
  index.mapped.clear();
  graph::Type type = builder.graph().type(state);
  type.shape.resize(type.shape.size() - 2);
  type.shape.push_back(static_cast<std::int64_t>(circuit.readout.size()));
  const int axis = static_cast<int>(type.shape.size()) - 1;
  std::vector<ValueId> parts;
  if (!circuit.readout.empty()) parts.push_back(builder.append(Primitive::expval, std::move(type), {state}, index));
  for (const auto& qubits : circuit.probabilities)
    parts.push_back(probabilities(builder, state, qubits, circuit.qubits));
  return builder.concat(std::move(parts), axis);
}

ValueId lower(graph::Builder& builder, const Circuit& whole, const Run& run) {
  const Circuit circuit = absorb_into_readout(whole);
  if (circuit.has_channels() || circuit.simulation != circuit::Simulation::state)
    throw Error(fmt::format("lower-circuits: {} has channels, which `sample-channels` or `density` replace before it",
                            circuit.name),
                1);
  const std::vector<FusedBlock> fused = fuse_blocks(circuit);
  circuit::BlockProgram program;
  program.qubits = circuit.qubits;
  program.readout = circuit.readout;
  std::vector<std::vector<const FusedBlock*>> groups;
  std::map<std::vector<int>, std::size_t> known;
  for (const FusedBlock& block : fused) {
    Block step;
    step.kind = block.kind;
    step.qubits = block.qubits;
    step.rows = block.rows;
    step.flip = block.flip;
    if (block.kind != Block::Kind::permutation) {
      const auto [found, added] = known.emplace(structure_of(block, run, builder.graph()), groups.size());
      if (added) groups.emplace_back();
      step.operand = static_cast<std::int32_t>(found->second);
      step.element = static_cast<std::int64_t>(groups[found->second].size());
      groups[found->second].push_back(&block);
    }
    program.blocks.push_back(std::move(step));
  }
  std::vector<ValueId> entries;
  graph::CircuitAttributes index{static_cast<std::int32_t>(builder.graph().blocks.size()), run.places, {}};
  for (const auto& group : groups) {
    if (moves(*group[0], run)) index.mapped.push_back(static_cast<int>(entries.size()));
    entries.push_back(entries_of(builder, group, run));
  }
  for (Block& block : program.blocks)
    if (block.kind != Block::Kind::permutation) block.element *= builder.graph().shape(entries[block.operand]).back();
  if (circuit.initial) {
    program.initial = static_cast<std::int32_t>(entries.size());
    if (run.moves(circuit.initial->operand)) index.mapped.push_back(program.initial);
    entries.push_back(
        initial_state(builder, run.operands[circuit.initial->operand], circuit.initial->qubits, circuit.qubits));
  }
  graph::Type type{{2, std::int64_t{1} << circuit.qubits}, false};
  if (run.places > 0) type.shape.insert(type.shape.begin(), run.places);
  for (ValueId value : entries) type.varying |= builder.graph().varying(value);
  builder.graph().blocks.push_back(std::move(program));
  return results_of(builder, circuit, builder.append(Primitive::apply_blocks, type, std::move(entries), index), index);
}

}  // namespace

ValueId as_varying(graph::Graph& graph, ValueId value, const std::vector<ValueId>& operands) {
  if (graph.varying(value)) return value;
  graph::Builder builder(graph);
  for (ValueId operand : operands) {
    if (!graph.varying(operand)) continue;
    const ValueId flat = builder.reshape(operand, {graph::element_count(graph.shape(operand))});
    const ValueId one = builder.reshape(builder.slice(flat, {0}, {1}, {1}), {});
    return builder.add(value, builder.scale(builder.broadcast(one, graph.shape(value), {}), 0));
  }
  return value;
}

namespace {

/// A circuit at one place after the other.
ValueId at_each_place(graph::Builder& builder, const Circuit& circuit, const Run& run) {
  std::vector<ValueId> rows;
  for (std::int64_t place = 0; place < run.places; ++place) {
    Run here{run.operands, 0, {}};
    for (int k : run.mapped) {
      graph::Shape shape = builder.graph().shape(run.operands[k]);
      std::vector<std::int64_t> start(shape.size(), 0);
      const std::vector<std::int64_t> step(shape.size(), 1);
      start[0] = place;
      shape[0] = 1;
      const ValueId slice = builder.slice(run.operands[k], std::move(start), step, shape);
      shape.erase(shape.begin());
      here.operands[k] = builder.reshape(slice, shape);
    }
    rows.push_back(builder.reshape(lower(builder, circuit, here), {1, circuit.outputs()}));
  }
  return builder.concat(std::move(rows), 0);
}

}  // namespace

bool lower_circuits(graph::Graph& graph) {
  Rewrite rewrite(graph);
  rewrite.builder().graph().blocks = graph.blocks;
  bool changed = false;
  for (ValueId id = 0; id < graph.nodes.size(); ++id) {
    graph::Node node = rewrite.mapped(id);
    if (node.op != Primitive::circuit) {
      rewrite.map(id, rewrite.append(std::move(node)));
      continue;
    }
    const Circuit& circuit = graph.circuits[node.as<graph::CircuitAttributes>().index];
    const auto& attributes = node.as<graph::CircuitAttributes>();
    const Run run{node.operands, attributes.places, attributes.mapped};
    const ValueId value =
        run.places > 0 ? at_each_place(rewrite.builder(), circuit, run) : lower(rewrite.builder(), circuit, run);
    rewrite.map(id, as_varying(rewrite.builder().graph(), value, node.operands));
    changed = true;
  }
  if (!changed) return false;
  rewrite.finish();
  graph.circuits.clear();
  return true;
}

}  // namespace qiln::passes
