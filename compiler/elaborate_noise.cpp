// Channels, noise models, measurements within a circuit and what depends on them.
//
// A measurement copies its qubit to a fresh one by CNOT, and gates in a `when` take the copy as a control: deferring a
// measurement to the end changes no result. Nothing but such controls touches the copy again.
#include <fmt/core.h>

#include <algorithm>

#include "compiler/elaborator.h"

namespace qiln::elaboration {

using dsl::DiagnosticKind;

namespace {

constexpr int most_qubits = 64;

bool constant(const circuit::Operation& operation) {
  return std::all_of(operation.angles.begin(), operation.angles.end(),
                     [](const circuit::Angle& angle) { return angle.operand < 0; });
}

}  // namespace

std::optional<std::vector<circuit::Angle>> Elaborator::probabilities(Channel id, const Application& application,
                                                                     std::size_t i, std::size_t count) {
  const ChannelRow& row = channel(id);
  auto found = angles(row.parameters, "parameter", application, i, count);
  if (!found) return {};
  for (std::size_t k = 0; k < found->size(); ++k) {
    const circuit::Angle& angle = (*found)[k];
    if (angle.operand >= 0 || (angle.offset >= 0 && angle.offset <= 1)) continue;
    Span span = application.span;
    for (std::size_t a = 0; a < application.arguments.size(); ++a) {
      const BoundArgument& argument = application.arguments[a];
      if (argument.name.empty() ? a == k : argument.name == row.parameters[k]) span = argument.span;
    }
    report(DiagnosticKind::bad_probability, span, row.parameters[k], row.name, angle.offset)
        .help("it must lie in 0..1");
    return {};
  }
  return found;
}

void Elaborator::channel_statement(Channel id, const Application& application) {
  if (application.inverse || application.power != 1 || application.controls > 0) {
    const char* what = application.controls > 0 ? "controls" : application.power != 1 ? "powers" : "inverse";
    report(DiagnosticKind::channel_modifier, application.span, application.name, what);
    return;
  }
  if (application.operands.size() != 1) {
    report(DiagnosticKind::gate_operands, application.span, application.name, "1 qubit", application.operands.size());
    return;
  }
  const auto& qubits = application.operands[0].numbers;
  for (std::size_t i = 0; i < qubits.size(); ++i) {
    auto parameters = probabilities(id, application, i, qubits.size());
    if (!parameters) return;
    circuit::Operation operation;
    operation.kind = circuit::Operation::Kind::channel;
    operation.channel = id;
    operation.qubits = {qubits[i]};
    operation.angles = std::move(*parameters);
    operation.begin = application.span.begin;
    operation.end = application.span.end;
    instance_->circuit->circuit.operations.push_back(std::move(operation));
  }
}

void Elaborator::noise_model(const ast::NoiseModelStatement& node, Span span) {
  if (!instance_->circuit || gate_depth_ > 0) {
    report(DiagnosticKind::misplaced, span, "a noise model");
    return;
  }
  for (const ast::NoiseRule& rule : node.rules) {
    const auto id = channel_named(rule.channel.text);
    if (!id) {
      std::vector<std::string> names;
      for (std::string_view name : channel_names()) names.emplace_back(name);
      report(DiagnosticKind::unknown_name, rule.channel.span, "channel", rule.channel.text)
          .did_you_mean(dsl::nearest(rule.channel.text, names));
      continue;
    }
    if (channel(*id).flags.readout && rule.place != ast::NoisePlace::before_readout) {
      report(DiagnosticKind::not_last, rule.span, rule.channel.text).help("write `before readout:`");
      continue;
    }
    Application application;
    application.name = rule.channel.text;
    application.span = rule.span;
    bool fits = true;
    for (const ast::Argument& argument : rule.arguments) {
      application.arguments.push_back(argument_of(argument));
      fits = fits && !application.arguments.back().value.poisoned();
    }
    auto parameters = fits ? probabilities(*id, application, 0, 1) : std::nullopt;
    if (!parameters) continue;
    circuit::Operation operation;
    operation.kind = circuit::Operation::Kind::channel;
    operation.channel = *id;
    operation.angles = std::move(*parameters);
    operation.begin = rule.span.begin;
    operation.end = rule.span.end;
    instance_->circuit->noise.push_back({rule.place, std::move(operation)});
  }
}

void Elaborator::measure(const ast::MeasureStatement& node, Span span) {
  Value& result = scope_->names[node.name.text] = Poison{};
  if (!instance_->circuit || gate_depth_ > 0) {
    report(DiagnosticKind::misplaced, span, "a measurement");
    return;
  }
  const Value value = eval(node.operand);
  if (!value.is<Qubits>()) {
    expected("qubits", value, node.operand.span);
    return;
  }
  CircuitState& state = *instance_->circuit;
  Qubits bits;
  for (std::int32_t q : value.as<Qubits>().numbers) {
    if (state.circuit.qubits >= most_qubits) {
      report(DiagnosticKind::too_many_qubits, node.operand.span, state.circuit.qubits + 1,
             fmt::format("1 to {}", most_qubits))
          .note("a measurement within a circuit takes a qubit of its own");
      return;
    }
    const std::int32_t bit = state.circuit.qubits++;
    circuit::Operation copy;
    copy.gate = *gate_named("CNOT");
    copy.qubits = {q, bit};
    copy.begin = span.begin;
    copy.end = span.end;
    state.circuit.operations.push_back(std::move(copy));
    state.measured.insert(bit);
    bits.numbers.push_back(bit);
  }
  result = std::move(bits);
}

void Elaborator::when(const ast::WhenStatement& node, Span span) {
  if (!instance_->circuit) {
    report(DiagnosticKind::misplaced, span, "`when`");
    return;
  }
  CircuitState& state = *instance_->circuit;
  const Value value = eval(node.condition);
  const auto* bits = std::get_if<Qubits>(&value.data);
  const bool measured = bits && std::all_of(bits->numbers.begin(), bits->numbers.end(),
                                            [&](std::int32_t q) { return state.measured.contains(q); });
  if (!measured && !value.poisoned()) {
    report(DiagnosticKind::type_mismatch, node.condition.span, "the result of a measurement",
           bits ? "qubits" : describe(value))
        .help("as in `m = measure q[0]`, then `when m { … }`");
    return;
  }
  if (value.poisoned()) return;
  const std::size_t first = state.circuit.operations.size();
  Scope scope{scope_, false, {}};
  Saved<Scope*> inside(scope_, &scope);
  Value nothing;
  if (block(node.body, nothing)) report(DiagnosticKind::misplaced, span, "`return`");
  auto& operations = state.circuit.operations;
  std::vector<circuit::Operation> body(operations.begin() + static_cast<std::ptrdiff_t>(first), operations.end());
  operations.resize(first);
  for (circuit::Operation& operation : body) {
    if (operation.is_channel()) {
      report(DiagnosticKind::misplaced, {span.file, operation.begin, operation.end},
             fmt::format("`{}` within `when`", operation.name()));
      return;
    }
    operation.controls += static_cast<int>(bits->numbers.size());
    operation.qubits.insert(operation.qubits.begin(), bits->numbers.begin(), bits->numbers.end());
    append_operation(std::move(operation));
  }
}

bool Elaborator::reversible(const Application& application, std::size_t first) {
  if (!application.inverse && application.controls == 0) return true;
  const auto& operations = instance_->circuit->circuit.operations;
  for (std::size_t k = first; k < operations.size(); ++k) {
    if (!operations[k].is_channel()) continue;
    report(DiagnosticKind::channel_modifier, application.span, operations[k].name(),
           application.inverse ? "inverse" : "controls")
        .note(fmt::format("it stands in `{}`", application.name));
    return false;
  }
  return true;
}

void Elaborator::finish_noise(CircuitState& state, dsl::FileId file) {
  std::vector<circuit::Operation> all;
  auto insert = [&](ast::NoisePlace place, std::int32_t q) {
    for (const CircuitState::NoiseRule& rule : state.noise) {
      if (rule.place != place) continue;
      all.push_back(rule.channel);
      all.back().qubits = {q};
    }
  };
  for (circuit::Operation& operation : state.circuit.operations) {
    std::vector<std::int32_t> qubits;
    for (std::int32_t q : operation.qubits)
      if (!state.measured.contains(q)) qubits.push_back(q);
    const bool gate = !operation.is_channel() && !state.measured.contains(operation.qubits.back());
    all.push_back(std::move(operation));
    if (!gate) continue;
    for (std::int32_t q : qubits)
      insert(qubits.size() == 1 ? ast::NoisePlace::after_one : ast::NoisePlace::after_two, q);
  }
  for (std::int32_t q = 0; q < state.circuit.qubits; ++q)
    if (!state.measured.contains(q)) insert(ast::NoisePlace::before_readout, q);
  state.circuit.operations = std::move(all);

  std::vector<const circuit::Operation*> last(state.circuit.qubits);  // a readout error of the qubit
  std::set<std::uint32_t> said;
  for (const circuit::Operation& operation : state.circuit.operations) {
    const Span span{file, operation.begin, operation.end};
    for (std::int32_t q : operation.qubits)
      if (last[q] && said.insert(last[q]->begin).second)
        report(DiagnosticKind::not_last, {file, last[q]->begin, last[q]->end}, last[q]->name())
            .help("put it behind all gates, or `before readout:` in a noise model");
    if (!operation.is_channel()) continue;
    const ChannelRow& row = channel(operation.channel);
    if (row.flags.readout) last[operation.qubits[0]] = &operation;
    if (state.circuit.simulation == circuit::Simulation::density || said.contains(operation.begin)) continue;
    // A reset is deferred to a fresh qubit, and a fixed readout error is arithmetic on what was read.
    const bool sampled = row.flags.mixed_unitary || row.flags.readout || row.flags.fresh;
    if (sampled && constant(operation)) continue;
    said.insert(operation.begin);
    report(
        DiagnosticKind::needs_density, span,
        sampled ? fmt::format("`{}` with a probability that is no constant", row.name) : fmt::format("`{}`", row.name))
        .note(sampled ? "a random draw has no gradient in its own probability"
                      : "it is no random choice among unitaries of fixed probability")
        .help(fmt::format("call `{}` with `simulate = density`", state.circuit.name));
  }
}

}  // namespace qiln::elaboration
