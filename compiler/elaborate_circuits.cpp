// Registers, gates of the table, gates of the language, readouts.
#include <fmt/core.h>

#include <algorithm>
#include <bit>
#include <cmath>

#include "compiler/circuit/pauli.h"
#include "compiler/elaborator.h"
#include "compiler/graph/verify.h"

namespace qiln::elaboration {

using dsl::DiagnosticKind;

namespace {

constexpr std::int64_t most_qubits = 64;

std::string counted(std::size_t count, const char* noun) {
  return fmt::format("{} {}{}", count, noun, count == 1 ? "" : "s");
}

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
  const bool whole = application.power == std::floor(application.power);
  if (!whole && row.generator.empty() && row.power.empty()) {
    report(DiagnosticKind::bad_arithmetic, application.span,
           fmt::format("`{}` has no powers between integers", application.name))
        .help("write it as gates of one angle");
    return;
  }
  if (wanted > most_controlled) {
    report(DiagnosticKind::too_many_controls, application.span, application.name, wanted,
           fmt::format("at most {}", most_controlled))
        .help("collect controls in a spare qubit: `CCX a, b, spare`, then one control less, then `CCX` again");
    return;
  }
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
    std::int64_t times = 1;
    const circuit::Angle exponent{-1, 0, 1, application.power};
    if (!row.generator.empty()) {
      operation.angles[0] = scaled(operation.angles[0], application.power);
    } else if (!row.power.empty() && (!whole || application.power > longest_repetition)) {
      append_steps(row.power, operation, &exponent);
      continue;
    } else {
      times = static_cast<std::int64_t>(application.power);
    }
    for (std::int64_t k = 0; k < times; ++k) append_operation(operation);
  }
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
    if (operation.qubits.size() <= most_controlled) continue;
    report(DiagnosticKind::too_many_controls, application.span, operation.name(), operation.qubits.size(),
           fmt::format("at most {}", most_controlled))
        .help("collect controls in a spare qubit: `CCX a, b, spare`, then one control less, then `CCX` again");
    return false;
  }
  for (std::int64_t k = 0; k < static_cast<std::int64_t>(application.power); ++k)
    for (const auto& operation : body) append_operation(operation);
  return true;
}

/// The angles of application i of `count`: a tensor of as many elements as there are qubits gives each its own.
std::optional<std::vector<circuit::Angle>> Elaborator::angles(std::span<const std::string_view> names,
                                                              const char* noun, const Application& application,
                                                              std::size_t i, std::size_t count) {
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

/// The registers start in the state with these amplitudes, made to have norm 1; all zeros give |0...0>.
void Elaborator::amplitude(const Application& application) {
  const auto filled = fill("amplitude", {"x", "pad"}, 1, application.arguments, application.span);
  if (!filled) return;
  CircuitState& state = *instance_->circuit;
  auto fail = [&](Span span, std::string why, std::string help) {
    report(DiagnosticKind::bad_amplitudes, span, why).help(std::move(help));
  };
  std::vector<std::int32_t> qubits;
  for (const Qubits& operand : application.operands)
    qubits.insert(qubits.end(), operand.numbers.begin(), operand.numbers.end());
  if (!distinct(application, qubits)) return;
  auto shared = [&](const std::vector<std::int32_t>& others) {
    return std::any_of(others.begin(), others.end(),
                       [&](std::int32_t q) { return std::find(qubits.begin(), qubits.end(), q) != qubits.end(); });
  };
  for (const circuit::Operation& operation : state.circuit.operations)
    if (shared(operation.qubits))
      return fail(application.span, "a gate has acted on these qubits already", "load amplitudes first");
  if (state.circuit.initial && shared(state.circuit.initial->qubits))
    return fail(application.span, "these qubits have amplitudes already", "load each register once");
  constexpr std::size_t most_loaded = 20;
  const std::size_t loaded = qubits.size() + (state.circuit.initial ? state.circuit.initial->qubits.size() : 0);
  if (loaded > most_loaded)
    return fail(application.span, fmt::format("amplitudes of {} qubits, where {} are possible", loaded, most_loaded),
                "load fewer qubits");
  const BoundArgument& x = *(*filled)[0];
  double pad = 0;
  if ((*filled)[1]) {
    if (!(*filled)[1]->value.number()) {
      expected("a compile-time number", (*filled)[1]->value, (*filled)[1]->span);
      return;
    }
    pad = (*filled)[1]->value.real();
  }
  const auto id = tensor(x.value, x.span);
  if (!id) return;
  const std::int64_t given = graph::element_count(graph_.shape(*id)), size = std::int64_t{1} << qubits.size();
  if (given > size)
    return fail(x.span, fmt::format("{} amplitudes for {} basis states", given, size),
                fmt::format("use {} qubits", std::bit_width(static_cast<std::uint64_t>(given - 1))));
  ValueId values = builder_.reshape(*id, {given});
  if (given < size && pad == 0) values = builder_.pad(values, {0}, {1}, {size});
  if (given < size && pad != 0) values = builder_.concat({values, builder_.constant(pad, {size - given})});
  values = normalised(values);
  if (state.circuit.initial) {  // the tensor product with what is there
    const ValueId before = state.operands[state.circuit.initial->operand];
    const std::int64_t outer = graph_.shape(before)[0];
    values = builder_.multiply(builder_.broadcast(before, {outer, size}, {0}),
                               builder_.broadcast(values, {outer, size}, {1}));
    values = builder_.reshape(values, {outer * size});
  } else {
    state.circuit.initial.emplace();
  }
  auto& initial = *state.circuit.initial;
  initial.qubits.insert(initial.qubits.end(), qubits.begin(), qubits.end());
  const auto found = std::find(state.operands.begin(), state.operands.end(), values);
  initial.operand = static_cast<std::int32_t>(found - state.operands.begin());
  if (found == state.operands.end()) state.operands.push_back(values);
  state.amplitudes = application.span;
}

/// [n] divided by its norm; (1, 0, ...) where that is 0, without a gradient.
ValueId Elaborator::normalised(ValueId values) {
  const Shape shape = graph_.shape(values);
  const ValueId square = builder_.reduce_sum(builder_.multiply(values, values), {0}), one = builder_.constant(1);
  const ValueId safe = builder_.pointwise(Primitive::select, {square, square, one});
  const ValueId factor = builder_.divide(one, builder_.pointwise(Primitive::sqrt, {safe}));
  const ValueId scaled = builder_.multiply(values, builder_.broadcast(factor, shape, {}));
  std::vector<double> first(shape[0]);
  first[0] = 1;
  return builder_.pointwise(
      Primitive::select, {builder_.broadcast(square, shape, {}), scaled, builder_.constant(std::move(first), shape)});
}

}  // namespace qiln::elaboration
