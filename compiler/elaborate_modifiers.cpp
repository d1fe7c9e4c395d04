// What stands before a gate: inverses, controls and powers, and the decompositions that make them.
#include <fmt/core.h>

#include <algorithm>
#include <cmath>

#include "compiler/circuit/pauli.h"
#include "compiler/elaborator.h"

namespace qiln::elaboration {

using dsl::DiagnosticKind;

namespace {

/// The most qubits a controlled gate may act on; gates on more than a block takes are decomposed, at a price that grows
/// threefold with each.
constexpr std::size_t most_controlled = 8, most_in_block = circuit::HeisenbergAction::max_qubits;

/// Powers above this are made another way than by repetition, where there is one.
constexpr double longest_repetition = 4;

circuit::Angle scaled(circuit::Angle angle, double factor, double offset = 0) {
  angle.offset = angle.offset * factor + offset;
  angle.scale = angle.operand < 0 ? 1 : angle.scale * factor;
  return angle;
}

}  // namespace

bool Elaborator::modifiers(const ast::GateStatement& node, Application& application) {
  for (const ast::Modifier& modifier : node.modifiers) {
    if (modifier.kind == ast::ModifierKind::inverse) application.inverse = !application.inverse;
    if (modifier.kind == ast::ModifierKind::control) ++application.controls;
    if (modifier.kind != ast::ModifierKind::power) continue;
    const Value exponent = eval(*modifier.exponent);
    if (!exponent.number()) return expected("a compile-time number", exponent, modifier.exponent->span), false;
    application.power *= exponent.real();
  }
  if (application.power < 0) {
    application.inverse = !application.inverse;
    application.power = -application.power;
  }
  return true;
}

bool Elaborator::controllable(const Application& application, std::size_t qubits, std::string_view gate) {
  if (qubits <= most_controlled) return true;
  report(DiagnosticKind::too_many_controls, application.span, gate, qubits, fmt::format("at most {}", most_controlled))
      .help("collect controls in a spare qubit: `CCX a, b, spare`, then one control less, then `CCX` again");
  return false;
}

void Elaborator::append_power(circuit::Operation operation, double power) {
  const GateRow& row = gate(operation.gate);
  const bool whole = power == std::floor(power);
  std::int64_t times = 1;
  if (!row.generator.empty()) {
    operation.angles[0] = scaled(operation.angles[0], power);
  } else if (!row.power.empty() && (!whole || power > longest_repetition)) {
    const circuit::Angle exponent{-1, 0, 1, power};
    return append_steps(row.power, operation, &exponent);
  } else {
    times = static_cast<std::int64_t>(power);
  }
  for (std::int64_t k = 0; k < times; ++k) append_operation(operation);
}

void Elaborator::append_operation(circuit::Operation operation) {
  const GateRow& row = gate(operation.gate);
  if (operation.qubits.size() <= most_in_block || operation.is_channel())
    instance_->circuit->circuit.operations.push_back(std::move(operation));
  else if (operation.gate == *gate_named("P"))
    append_controlled_phase(operation);
  else
    append_steps(row.decomposition, operation, nullptr);
}

void Elaborator::append_steps(std::span<const GateStep> steps, const circuit::Operation& whole,
                              const circuit::Angle* exponent) {
  for (std::size_t k = 0; k < steps.size(); ++k) {
    const GateStep& step = steps[whole.inverse ? steps.size() - 1 - k : k];
    circuit::Operation operation = whole;
    operation.gate = *gate_named(step.gate);
    operation.controls = step.controls + (step.frame ? 0 : whole.controls);
    operation.qubits.resize(step.frame ? 0 : static_cast<std::size_t>(whole.controls));
    for (int q = 0; q < step.qubit_count(); ++q)
      operation.qubits.push_back(whole.qubits[static_cast<std::size_t>(whole.controls + step.qubits[q])]);
    operation.angles.clear();
    for (int a = 0; a < gate(operation.gate).parameter_count(); ++a) {
      circuit::Angle angle{-1, 0, 1, step.angles[a].offset};
      for (std::size_t p = 0; p < max_gate_parameters; ++p)
        if (const double factor = step.angles[a].factors[p]; factor != 0)
          angle = scaled(exponent ? *exponent : whole.angles[p], factor, step.angles[a].offset);
      operation.angles.push_back(angle);
    }
    append_operation(std::move(operation));
  }
}

/// Barenco et al., Phys. Rev. A 52, 3457, lemma 7.5: a phase under n controls from phases under n - 1.
void Elaborator::append_controlled_phase(const circuit::Operation& operation) {
  const std::size_t n = operation.qubits.size();
  const std::vector<std::int32_t> first(operation.qubits.begin(), operation.qubits.end() - 2);
  const std::int32_t middle = operation.qubits[n - 2], last = operation.qubits[n - 1];
  circuit::Operation half = operation;
  half.inverse = false;
  half.angles[0] = scaled(operation.angles[0], operation.inverse ? -0.5 : 0.5);
  auto phase = [&](std::vector<std::int32_t> qubits, double sign) {
    circuit::Operation part = half;
    part.controls = static_cast<int>(qubits.size()) - 1;
    part.qubits = std::move(qubits);
    part.angles[0] = scaled(half.angles[0], sign);
    append_operation(std::move(part));
  };
  auto flip = [&] {
    circuit::Operation part = half;
    part.gate = *gate_named("X");
    part.controls = static_cast<int>(first.size());
    part.qubits = first;
    part.qubits.push_back(middle);
    part.angles.clear();
    append_operation(std::move(part));
  };
  phase({middle, last}, 1);
  flip();
  phase({middle, last}, -1);
  flip();
  std::vector<std::int32_t> outer = first;
  outer.push_back(last);
  phase(std::move(outer), 1);
}

/// Operations first..end made `power` times, undone if `inverse`, under `controls`; false when reported.
bool Elaborator::modify(std::size_t first, const Application& application, const std::vector<std::int32_t>& controls) {
  auto& operations = instance_->circuit->circuit.operations;
  std::vector<circuit::Operation> body(operations.begin() + static_cast<std::ptrdiff_t>(first), operations.end());
  operations.resize(first);
  if (application.inverse) {
    std::reverse(body.begin(), body.end());
    for (auto& operation : body) operation.inverse = !operation.inverse;
  }
  for (auto& operation : body) {
    operation.qubits.insert(operation.qubits.begin(), controls.begin(), controls.end());
    operation.controls += static_cast<int>(controls.size());
    if (!controllable(application, operation.qubits.size(), operation.name())) return false;
  }
  for (std::int64_t k = 0; k < static_cast<std::int64_t>(application.power); ++k)
    for (const auto& operation : body) append_operation(operation);
  return true;
}

}  // namespace qiln::elaboration
