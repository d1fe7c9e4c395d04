#include <fmt/format.h>

#include <algorithm>

#include "compiler/graph/verify.h"

namespace qiln::graph {
namespace {

using Problems = std::vector<std::string>;

void check_qubits(const std::vector<std::int32_t>& qubits, int count, const std::string& who, Problems& problems) {
  for (std::size_t i = 0; i < qubits.size(); ++i) {
    if (qubits[i] < 0 || qubits[i] >= count)
      problems.push_back(fmt::format("{}: qubit {} of {}", who, qubits[i], count));
    if (std::find(qubits.begin(), qubits.begin() + i, qubits[i]) != qubits.begin() + i)
      problems.push_back(fmt::format("{}: qubit {} twice", who, qubits[i]));
  }
}

void check_element(std::int64_t operand, std::int64_t element, std::int64_t count, const std::vector<Shape>& operands,
                   const std::string& who, Problems& problems) {
  if (operand < 0 || operand >= static_cast<std::int64_t>(operands.size()))
    problems.push_back(fmt::format("{}: operand {} of {}", who, operand, operands.size()));
  else if (element < 0 || element + count > element_count(operands[operand]))
    problems.push_back(
        fmt::format("{}: elements {}..{} of {}", who, element, element + count, to_string(operands[operand])));
}

void check_readout(const std::vector<circuit::Observable>& readout, int qubits, Problems& problems) {
  for (const auto& observable : readout)
    for (const auto& term : observable)
      if (qubits < 64 && ((term.x | term.z) >> qubits) != 0) problems.push_back("a readout beyond the qubits");
}

}  // namespace

Problems verify_circuit(const circuit::Circuit& circuit, const std::vector<Shape>& operands) {
  Problems problems;
  if (circuit.qubits < 1 || circuit.qubits > 64) return {fmt::format("{} qubits", circuit.qubits)};
  for (std::size_t i = 0; i < circuit.operations.size(); ++i) {
    const auto& operation = circuit.operations[i];
    const bool noise = operation.is_channel();
    const std::string who = fmt::format("operation {} ({})", i, operation.name());
    const int targets = noise ? 1 : gate(operation.gate).qubits();
    const int angles = noise ? channel(operation.channel).parameter_count() : gate(operation.gate).parameter_count();
    if (noise && (operation.controls != 0 || operation.inverse))
      problems.push_back(fmt::format("{}: a channel has no controls and no inverse", who));
    if (operation.controls < 0 || static_cast<int>(operation.qubits.size()) != operation.controls + targets)
      problems.push_back(fmt::format("{}: {} qubits", who, operation.qubits.size()));
    if (static_cast<int>(operation.angles.size()) != angles)
      problems.push_back(fmt::format("{}: {} angles", who, operation.angles.size()));
    check_qubits(operation.qubits, circuit.qubits, who, problems);
    for (const auto& angle : operation.angles)
      if (angle.operand != -1) check_element(angle.operand, angle.element, 1, operands, who, problems);
  }
  if (circuit.initial) {
    const auto& [qubits, operand] = *circuit.initial;
    check_qubits(qubits, circuit.qubits, "the initial state", problems);
    if (qubits.empty() || qubits.size() > 30)
      problems.push_back(fmt::format("an initial state of {} qubits", qubits.size()));
    else
      check_element(operand, 0, std::int64_t{1} << qubits.size(), operands, "the initial state", problems);
  }
  if (circuit.readout.empty() && circuit.probabilities.empty()) problems.push_back("no readout");
  check_readout(circuit.readout, circuit.qubits, problems);
  for (const auto& list : circuit.probabilities) {
    check_qubits(list, circuit.qubits, "probabilities", problems);
    if (list.empty() || list.size() > 30) problems.push_back(fmt::format("probabilities of {} qubits", list.size()));
  }
  return problems;
}

/// The operands of phase_tables hold the angles of all phases, and masks fit the register.
Problems verify_phases(const circuit::BlockProgram& program, const std::vector<Shape>& operands) {
  Problems problems;
  for (std::size_t i = 0; i < program.blocks.size(); ++i)
    for (const circuit::Phase& phase : program.blocks[i].phases) {
      const std::string who = fmt::format("block {}", i);
      if (phase.mask >> program.qubits != 0) problems.push_back(fmt::format("{}: a phase beyond the qubits", who));
      if (phase.angle.operand != -1)
        check_element(phase.angle.operand, phase.angle.element, 1, operands, who, problems);
    }
  return problems;
}

Problems verify_blocks(const circuit::BlockProgram& program, const std::vector<Shape>& entries) {
  using Kind = circuit::Block::Kind;
  Problems problems;
  if (program.qubits < 1 || program.qubits > 40) return {fmt::format("{} qubits", program.qubits)};
  if (program.initial != -1)
    check_element(program.initial, 0, std::int64_t{2} << program.qubits, entries, "the initial state", problems);
  for (std::size_t i = 0; i < program.blocks.size(); ++i) {
    const auto& block = program.blocks[i];
    const std::string who = fmt::format("block {}", i);
    check_qubits(block.qubits, program.qubits, who, problems);
    if (block.kind == Kind::permutation) {
      if (static_cast<int>(block.rows.size()) != program.qubits)
        problems.push_back(fmt::format("{}: {} rows", who, block.rows.size()));
      continue;
    }
    if (block.kind == Kind::phases) continue;
    const auto k = static_cast<int>(block.qubits.size());
    if (block.kind == Kind::turns) {
      if (k != 1) problems.push_back(fmt::format("{}: {} qubits", who, k));
      for (const circuit::Turn& turn : block.turns)
        if (turn.angle.operand != -1) check_element(turn.angle.operand, turn.angle.element, 1, entries, who, problems);
      continue;
    }
    if (k < 1 || k > program.qubits) problems.push_back(fmt::format("{}: {} qubits", who, k));
    const std::int64_t count = std::int64_t{2} << (block.kind == Kind::dense ? 2 * k : k);
    check_element(block.operand, block.element, count, entries, who, problems);
  }
  for (std::string& problem : verify_phases(program, entries)) problems.push_back(std::move(problem));
  check_readout(program.readout, program.qubits, problems);
  return problems;
}

}  // namespace qiln::graph
