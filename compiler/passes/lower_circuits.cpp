#include "compiler/passes/lower_circuits.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "compiler/circuit/heisenberg.h"
#include "compiler/passes/batch_value.h"
#include "compiler/passes/fuse_blocks.h"
#include "compiler/passes/fuse_gates.h"
#include "compiler/passes/gate_matrices.h"
#include "compiler/passes/product_entries.h"
#include "compiler/passes/rewrite.h"
#include "compiler/passes/state_values.h"
#include "dsl/error.h"

namespace qiln::passes {
namespace {

using circuit::Block;
using circuit::Circuit;
using circuit::Operation;
using graph::ValueId;

/// A circuit's node: its operands, and over how many places which of them are mapped.
struct Run {
  std::vector<ValueId> operands;
  std::int64_t places = 0;
  std::vector<int> mapped;
  bool moves(std::int32_t operand) const { return std::find(mapped.begin(), mapped.end(), operand) != mapped.end(); }
};

/// Equal for blocks whose matrices are one formula, and are uniform or varying, mapped or not together. Products are
/// uniform, and begin with another number.
std::vector<std::int64_t> key_of(const FusedBlock& block, const Run& run, const graph::Graph& graph) {
  if (!block.parts.empty()) {
    std::vector<std::int64_t> key = structure_of(block);
    key.insert(key.begin(), -1);
    return key;
  }
  const Operation& gate = *block.gate;
  std::vector<std::int64_t> key{static_cast<int>(block.kind), static_cast<int>(gate.gate), gate.inverse, gate.controls};
  for (const circuit::Angle& angle : gate.angles)
    key.push_back(angle.operand < 0 ? 0
                                    : 1 + graph.varying(run.operands[angle.operand]) + 2 * run.moves(angle.operand));
  return key;
}

bool moves(const FusedBlock& block, const Run& run) {
  if (!block.parts.empty()) return false;
  for (const circuit::Angle& angle : block.gate->angles)
    if (angle.operand >= 0 && run.moves(angle.operand)) return true;
  return false;
}

/// The entries of the blocks of one group: [blocks, reals of a block], with the places in front if they are mapped.
ValueId entries_of(graph::Builder& builder, std::span<const FusedBlock* const> blocks, const Run& run) {
  if (!blocks[0]->parts.empty()) return product_entries(builder, blocks, run.operands);
  const std::int64_t places = moves(*blocks[0], run) ? run.places : 0;
  BatchMath math(builder, static_cast<std::int64_t>(blocks.size()), places, run.mapped);
  std::vector<const Operation*> operations;
  for (const FusedBlock* block : blocks) operations.push_back(block->gate);
  return math.stack(matrix_reals(math, operations, run.operands, blocks[0]->kind == Block::Kind::diagonal));
}

/// The operands that turns and phases take their angles from, shared ones first: numbers of the circuit's operands, and
/// in `place` where each of these went (-1: nowhere).
std::vector<std::int32_t> angle_operands(std::span<const FusedBlock> blocks, const std::vector<bool>& shared,
                                         std::vector<std::int32_t>& place) {
  place.assign(shared.size(), -1);
  auto use = [&](const circuit::Angle& angle) {
    if (angle.operand >= 0) place[angle.operand] = 0;
  };
  for (const FusedBlock& block : blocks) {
    for (const circuit::Turn& turn : block.turns) use(turn.angle);
    for (const circuit::Phase& phase : block.phases) use(phase.angle);
  }
  std::vector<std::int32_t> used;
  for (bool now : {true, false})
    for (std::size_t k = 0; k < shared.size(); ++k)
      if (place[k] >= 0 && shared[k] == now) used.push_back(static_cast<std::int32_t>(k));
  for (std::size_t i = 0; i < used.size(); ++i) place[used[i]] = static_cast<std::int32_t>(i);
  return used;
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

class CircuitLowering {
 public:
  CircuitLowering(graph::Builder& builder, const Circuit& circuit, const Run& run, Purpose purpose)
      : builder_(builder), circuit_(circuit), run_(run), purpose_(purpose) {}

  ValueId run() {
    std::vector<bool> shared;
    for (std::size_t k = 0; k < run_.operands.size(); ++k)
      shared.push_back(!builder_.graph().varying(run_.operands[k]) && !run_.moves(static_cast<std::int32_t>(k)));
    const std::vector<FusedBlock> fused = fuse_blocks(circuit_, shared, purpose_);
    std::vector<std::int32_t> place;
    const std::vector<std::int32_t> used = angle_operands(fused, shared, place);
    for (std::int32_t k : used) add_value(run_.operands[k], run_.moves(k));
    const auto angles = std::count_if(used.begin(), used.end(), [&](std::int32_t k) { return shared[k]; });
    program_.qubits = circuit_.qubits;
    program_.readout = circuit_.readout;
    for (const FusedBlock& block : fused) add(block, place);
    for (const auto& group : groups_) add_value(entries_of(builder_, group, run_), moves(*group[0], run_));
    for (Block& block : program_.blocks)
      if (block.has_entries()) block.element *= builder_.graph().shape(values_[block.operand]).back();
    if (circuit_.initial) {
      const std::int32_t operand = circuit_.initial->operand;
      program_.initial = static_cast<std::int32_t>(values_.size());
      add_value(initial_state(builder_, run_.operands[operand], circuit_.initial->qubits, circuit_.qubits),
                run_.moves(operand));
    }
    return build({values_.begin(), values_.begin() + angles});
  }

 private:
  void add_value(ValueId value, bool mapped) {
    if (mapped) mapped_.push_back(static_cast<int>(values_.size()));
    values_.push_back(value);
  }

  void add(const FusedBlock& fused, const std::vector<std::int32_t>& place) {
    Block block;
    block.kind = fused.kind;
    block.qubits = fused.qubits;
    block.rows = fused.rows;
    block.flip = fused.flip;
    block.turns = fused.turns;
    block.phases = fused.phases;
    auto renumber = [&](circuit::Angle& angle) {
      if (angle.operand >= 0) angle.operand = place[angle.operand];
    };
    for (circuit::Turn& turn : block.turns) renumber(turn.angle);
    for (circuit::Phase& phase : block.phases) renumber(phase.angle);
    if (block.has_entries()) {
      const auto [found, added] = known_.emplace(key_of(fused, run_, builder_.graph()), groups_.size());
      if (added) groups_.emplace_back();
      block.operand = static_cast<std::int32_t>(values_.size() + found->second);
      block.element = static_cast<std::int64_t>(groups_[found->second].size());
      groups_[found->second].push_back(&fused);
    }
    program_.blocks.push_back(std::move(block));
  }

  ValueId build(const std::vector<ValueId>& shared_angles) {
    graph::Graph& graph = builder_.graph();
    const std::int64_t tables = program_.phase_blocks(), amplitudes = std::int64_t{1} << circuit_.qubits;
    const graph::CircuitAttributes index{static_cast<std::int32_t>(graph.blocks.size()), run_.places, mapped_};
    graph.blocks.push_back(std::move(program_));
    if (tables > 0)
      values_.push_back(builder_.append(Primitive::phase_tables, {{tables, 2, amplitudes}, false}, shared_angles,
                                        graph::CircuitAttributes{index.index, 0, {}}));
    graph::Type type{{2, amplitudes}, false};
    if (run_.places > 0) type.shape.insert(type.shape.begin(), run_.places);
    for (ValueId value : values_) type.varying |= graph.varying(value);
    return results_of(builder_, circuit_, builder_.append(Primitive::apply_blocks, type, values_, index), index);
  }

  graph::Builder& builder_;
  const Circuit& circuit_;
  const Run& run_;
  Purpose purpose_;
  std::vector<ValueId> values_;  // operands of apply_blocks
  std::vector<int> mapped_;      // which of them
  circuit::BlockProgram program_;
  std::vector<std::vector<const FusedBlock*>> groups_;
  std::map<std::vector<std::int64_t>, std::size_t> known_;
};

ValueId lower(graph::Builder& builder, const Circuit& whole, const Run& run, Purpose purpose) {
  const Circuit circuit = absorb_into_readout(whole);
  if (circuit.has_channels() || circuit.simulation != circuit::Simulation::state)
    throw Error(fmt::format("lower-circuits: {} has channels, which `sample-channels` or `density` replace before it",
                            circuit.name),
                1);
  return CircuitLowering(builder, circuit, run, purpose).run();
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

bool lower_circuits(graph::Graph& graph, Purpose purpose) {
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
    const ValueId value = lower(rewrite.builder(), circuit, run, purpose);
    rewrite.map(id, as_varying(rewrite.builder().graph(), value, node.operands));
    changed = true;
  }
  if (!changed) return false;
  rewrite.finish();
  graph.circuits.clear();
  return true;
}

}  // namespace qiln::passes
