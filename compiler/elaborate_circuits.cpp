// Registers, gates of the table, gates of the language.
#include <fmt/core.h>

#include <algorithm>
#include <cmath>

#include "compiler/elaborator.h"
#include "compiler/graph/verify.h"

namespace qiln::elaboration {

using dsl::DiagnosticKind;

namespace {

constexpr std::int64_t most_qubits = 64;

std::string counted(std::size_t count, const char* noun) {
  return fmt::format("{} {}{}", count, noun, count == 1 ? "" : "s");
}

}  // namespace

void Elaborator::qubits(const ast::QubitsStatement& node) {
  for (const ast::Register& each : node.registers) {
    std::optional<std::int64_t> size = 1;
    if (each.size) size = integer(*each.size);
    Qubits numbers;
    if (!instance_->circuit) {
      report(DiagnosticKind::misplaced, each.name.span, "a register");
      size = {};
    }
    if (size) {
      int& total = instance_->circuit->circuit.qubits;
      if (*size < 1 || total + *size > most_qubits) {
        report(DiagnosticKind::too_many_qubits, each.name.span, *size, fmt::format("1 to {}", most_qubits - total));
        size = {};
      } else {
        for (std::int64_t k = 0; k < *size; ++k) numbers.numbers.push_back(total++);
      }
    }
    scope_->names[each.name.text] = size ? Value(std::move(numbers)) : Value(Poison{});
  }
}

void Elaborator::gate_statement(const ast::GateStatement& node, Span span) {
  if (!instance_->circuit) {
    report(DiagnosticKind::misplaced, span, "a gate");
    return;
  }
  Application application;
  application.name = node.name.text;
  application.span = span;
  bool fits = modifiers(node, application);
  for (const ast::Argument& argument : node.arguments) {
    application.arguments.push_back(argument_of(argument));
    fits = fits && !application.arguments.back().value.poisoned();
  }
  for (const ast::Expr& operand : node.operands) {
    const Value value = eval(operand);
    if (!value.is<Qubits>()) {
      expected("qubits", value, operand.span);
      fits = false;
      continue;
    }
    for (std::int32_t q : value.as<Qubits>().numbers) {
      if (!fits || !instance_->circuit->measured.contains(q)) continue;
      report(DiagnosticKind::type_mismatch, operand.span, "qubits", "the result of a measurement")
          .help("`when` applies gates where it is 1");
      fits = false;
    }
    application.operands.push_back(value.as<Qubits>());
    application.operand_spans.push_back(operand.span);
  }
  const ast::Gate* defined = gate_definition(node.name.text);
  if (!defined && node.name.text == "amplitude") {
    if (!node.modifiers.empty() || gate_depth_ > 0)
      report(DiagnosticKind::misplaced, span, gate_depth_ > 0 ? "`amplitude` in a gate" : "`amplitude` with modifiers");
    else if (fits)
      amplitude(application);
    return;
  }
  const auto id = gate_named(node.name.text);
  const auto noise = channel_named(node.name.text);
  if (!defined && !id && !noise) {
    std::vector<std::string> names;
    for (std::string_view name : gate_names()) names.emplace_back(name);
    for (std::string_view name : channel_names()) names.emplace_back(name);
    for (const Items* items : {&program_, &prelude_})
      for (const auto& [name, gate] : items->gates) names.push_back(name);
    report(DiagnosticKind::unknown_name, node.name.span, "gate", node.name.text)
        .did_you_mean(dsl::nearest(node.name.text, names));
    return;
  }
  if (!fits) return;
  if (defined)
    user_gate(*defined, application);
  else if (id)
    table_gate(*id, application);
  else
    channel_statement(*noise, application);
}

std::optional<std::size_t> Elaborator::paired(const Application& application) {
  std::size_t count = 1;
  for (const Qubits& operand : application.operands) {
    const std::size_t size = operand.numbers.size();
    if (size == 1 || size == count) continue;
    if (count != 1) {
      report(DiagnosticKind::register_sizes, application.span, count, size);
      return {};
    }
    count = size;
  }
  return count;
}

bool Elaborator::distinct(const Application& application, const std::vector<std::int32_t>& qubits) {
  std::vector<std::int32_t> sorted = qubits;
  std::sort(sorted.begin(), sorted.end());
  if (std::adjacent_find(sorted.begin(), sorted.end()) == sorted.end()) return true;
  report(DiagnosticKind::repeated_qubit, application.span, application.name);
  return false;
}

void Elaborator::table_gate(Gate id, const Application& application) {
  const GateRow& row = gate(id);
  const std::size_t wanted = application.controls + static_cast<std::size_t>(row.qubits());
  if (application.operands.size() != wanted) {
    report(DiagnosticKind::gate_operands, application.span, application.name, counted(wanted, "qubit"),
           application.operands.size());
    return;
  }
  if (application.power != std::floor(application.power) && row.generator.empty() && row.power.empty()) {
    report(DiagnosticKind::bad_arithmetic, application.span,
           fmt::format("`{}` has no powers between integers", application.name))
        .help("write it as gates of one angle");
    return;
  }
  if (!controllable(application, wanted, application.name)) return;
  const auto count = paired(application);
  if (!count) return;
  for (std::size_t i = 0; i < *count; ++i) {
    circuit::Operation operation;
    operation.gate = id;
    operation.inverse = application.inverse;
    operation.controls = static_cast<int>(application.controls);
    operation.begin = application.span.begin;
    operation.end = application.span.end;
    for (const Qubits& operand : application.operands)
      operation.qubits.push_back(operand.numbers[operand.numbers.size() == 1 ? 0 : i]);
    if (!distinct(application, operation.qubits)) return;
    auto found = angles(row.parameters, "angle", application, i, *count);
    if (!found) return;
    operation.angles = std::move(*found);
    append_power(std::move(operation), application.power);
  }
}

/// The angles of application i of `count`: a tensor of as many elements as there are qubits gives each its own.
std::optional<std::vector<circuit::Angle>> Elaborator::angles(std::span<const std::string_view> names, const char* noun,
                                                              const Application& application, std::size_t i,
                                                              std::size_t count) {
  const auto wanted =
      static_cast<std::size_t>(std::find(names.begin(), names.end(), std::string_view()) - names.begin());
  std::vector<const BoundArgument*> matched(wanted, nullptr);
  std::size_t found = 0;
  for (const BoundArgument& argument : application.arguments) {
    std::size_t k = found;
    if (!argument.name.empty())
      for (k = 0; k < wanted && names[k] != argument.name;) ++k;
    if (k >= wanted && !argument.name.empty()) {
      report(DiagnosticKind::unknown_argument, argument.name_span, application.name, argument.name);
      return {};
    }
    if (k < wanted && !matched[k]) matched[k] = &argument;
    ++found;
  }
  if (found != wanted || std::find(matched.begin(), matched.end(), nullptr) != matched.end()) {
    report(DiagnosticKind::gate_angles, application.span, application.name, counted(wanted, noun), found);
    return {};
  }
  std::vector<circuit::Angle> result;
  for (const BoundArgument* argument : matched) {
    Value value = argument->value;
    if (value.is<List>()) {
      const auto id = tensor(value, argument->span);
      if (!id) return {};
      value = Tensor{*id};
    }
    if (value.is<Tensor>() && shape_of(value) == Shape{static_cast<std::int64_t>(count)})
      value = Element{value.as<Tensor>().id, static_cast<std::int64_t>(i), 1, 0};
    const auto one = angle(value, argument->span);
    if (!one) return {};
    result.push_back(*one);
  }
  return result;
}

std::optional<circuit::Angle> Elaborator::angle(const Value& value, Span span) {
  if (value.number()) return circuit::Angle{-1, 0, 1, value.real()};
  if (!value.tensor()) {
    expected("an angle", value, span);
    return {};
  }
  if (value.is<Tensor>() && !shape_of(value).empty()) {
    report(DiagnosticKind::type_mismatch, span, "a scalar angle", graph::to_string(shape_of(value)));
    return {};
  }
  const Element element = value.is<Element>() ? value.as<Element>() : Element{value.as<Tensor>().id, 0, 1, 0};
  if (const auto* constant = std::get_if<graph::ConstantAttributes>(&graph_[element.tensor].attributes)) {
    const double number = constant->values[constant->values.size() == 1 ? 0 : element.element];
    return circuit::Angle{-1, 0, 1, element.scale * number + element.offset};
  }
  auto& operands = instance_->circuit->operands;
  auto found = std::find(operands.begin(), operands.end(), element.tensor);
  if (found == operands.end()) found = operands.insert(operands.end(), element.tensor);
  return circuit::Angle{static_cast<std::int32_t>(found - operands.begin()), element.element, element.scale,
                        element.offset};
}

void Elaborator::user_gate(const ast::Gate& definition, const Application& application) {
  const std::size_t wanted = application.controls + definition.registers.size();
  if (application.operands.size() != wanted) {
    report(DiagnosticKind::gate_operands, application.span, application.name, counted(wanted, "register"),
           application.operands.size())
        .note("declared here", definition.name.span);
    return;
  }
  if (application.power != std::floor(application.power)) {
    report(DiagnosticKind::bad_arithmetic, application.span,
           fmt::format("`{}` has no powers between integers", application.name))
        .help("write it as gates of one angle");
    return;
  }
  if (calls_.size() > 100) {
    report(DiagnosticKind::recursion, application.span, application.name);
    return;
  }
  // Registers stand whole where one is declared; a lone qubit is applied to each of those given.
  Application lone = application;
  for (std::size_t k = 0; k < definition.registers.size(); ++k)
    if (definition.registers[k].size) lone.operands[application.controls + k] = Qubits{{-1}};
  const auto count = paired(lone);
  if (!count) return;
  for (std::size_t i = 0; i < *count; ++i) {
    std::vector<Qubits> operands = application.operands;
    for (std::size_t k = 0; k < operands.size(); ++k) {
      const bool whole = k >= application.controls && definition.registers[k - application.controls].size;
      if (!whole && operands[k].numbers.size() > 1) operands[k] = Qubits{{operands[k].numbers[i]}};
    }
    std::vector<std::int32_t> all;
    for (const Qubits& operand : operands) all.insert(all.end(), operand.numbers.begin(), operand.numbers.end());
    if (!distinct(application, all)) return;
    apply_once(definition, application, operands);
  }
}

void Elaborator::apply_once(const ast::Gate& definition, const Application& application,
                            const std::vector<Qubits>& operands) {
  Scope scope{nullptr, true, {}};
  Saved<bool> home(in_prelude_, of_prelude(definition.name));
  calls_.push_back(application.span);
  if (bind(application.name, definition.parameters, application.arguments, application.span, scope)) {
    Saved<Scope*> inside(scope_, &scope);
    bool fits = true;
    for (std::size_t k = 0; k < definition.registers.size(); ++k) {
      const ast::Register& declared = definition.registers[k];
      const Qubits& given = operands[application.controls + k];
      const auto size = static_cast<std::int64_t>(given.numbers.size());
      scope.names[declared.name.text] = given;
      if (!declared.size) continue;
      const auto* name = std::get_if<ast::Reference>(&declared.size->node);
      if (name && !lookup(name->name)) scope.names[name->name] = size;
      const auto expected_size = integer(*declared.size);
      fits = fits && expected_size;
      if (!expected_size || *expected_size == size) continue;
      report(DiagnosticKind::gate_operands, application.operand_spans[application.controls + k], application.name,
             counted(static_cast<std::size_t>(*expected_size), "qubit"), size)
          .note("declared here", declared.name.span);
      fits = false;
    }
    auto& operations = instance_->circuit->circuit.operations;
    const std::size_t first = operations.size();
    Value nothing;
    Saved<int> deeper(gate_depth_, gate_depth_ + 1);
    if (fits && block(definition.body, nothing)) report(DiagnosticKind::misplaced, definition.name.span, "`return`");
    if (!reversible(application, first)) operations.resize(first);
    std::vector<std::int32_t> controls;
    for (std::size_t k = 0; k < application.controls; ++k) controls.push_back(operands[k].numbers[0]);
    if (!modify(first, application, controls)) fits = false;
    // A span is one of the circuit's own file: what a gate of another file adds is where it was asked for.
    if (definition.name.span.file != application.span.file)
      for (std::size_t k = first; k < operations.size(); ++k) {
        operations[k].begin = application.span.begin;
        operations[k].end = application.span.end;
      }
  }
  calls_.pop_back();
}

}  // namespace qiln::elaboration
