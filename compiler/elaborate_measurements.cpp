// The end of a circuit: what its measurements read, and what they make of that.
#include <fmt/core.h>

#include <algorithm>

#include "compiler/circuit_readings.h"
#include "compiler/elaborator.h"

namespace qiln::elaboration {

using circuit::Operation;
using dsl::DiagnosticKind;

namespace {

/// The result of a call from what was read for it.
ValueId value_of(graph::Builder& b, const Measurement& call, ValueId read) {
  if (call.kind != Measurement::Kind::variance) return read;
  const Shape both = b.graph().shape(read);
  std::vector<std::int64_t> start(both.size(), 0);
  const std::vector<std::int64_t> step(both.size(), 1);
  Shape half = both;
  half.back() /= 2;
  const ValueId mean = b.slice(read, start, step, half);
  start.back() = half.back();
  const ValueId square = b.slice(read, start, step, half);
  const ValueId variance = b.subtract(square, b.multiply(mean, mean));
  // Of n draws: the unbiased estimate.
  const auto n = static_cast<double>(call.shots);
  return call.shots > 0 ? b.scale(variance, n / (n - 1)) : variance;
}

}  // namespace

Value Elaborator::finish_circuit(const ast::Module& module, CircuitState& state, const Value& result) {
  if (!result.is<Measured>()) return expected("a measurement, as `expval(Z(q))`", result, module.name.span);
  Measured measured = result.as<Measured>();
  for (Measurement& call : measured.calls)
    if (call.shots == 0) call.shots = instance_->options.shots;
  const int qubits = state.circuit.qubits;
  auto fail = [&](Span span, std::string why, const char* help) -> Value {
    report(DiagnosticKind::bad_measurement, span, why).help(help);
    return Poison{};
  };
  for (const Measurement& call : measured.calls) {
    if (call.operations != state.circuit.operations.size())
      return fail(call.span, "a gate follows this measurement", "measure in the `return`");
    if (call.shots == 0 || call.kind != Measurement::Kind::variance) continue;
    if (call.shots < 2) return fail(call.span, "a variance needs two shots at least", "take more shots");
    if (base_count(call, qubits) > 1)
      return fail(call.span, "the terms of this variance cannot be read in one basis",
                  "leave out `shots`, or measure variances of terms that can");
  }
  const CircuitOptions& options = instance_->options;
  state.circuit.simulation = options.simulation;
  finish_noise(state, module.name.span.file);
  if (options.shift && !shiftable(state)) return Poison{};

  builder_.set_origin(origin_at(module.name.span));
  Runs runs{state.circuit, state.operands, state.places.count, {}};
  for (std::size_t k = 0; k < runs.operands.size(); ++k) {
    bool moves = false;
    runs.operands[k] = at_places(state.places, runs.operands[k], moves);
    if (moves) runs.mapped.push_back(static_cast<int>(k));
  }
  const std::string site = random_site(module.name.text);
  const std::vector<ValueId> values = options.shift ? read_with_shifts(builder_, site, runs, measured.calls)
                                                    : read_with_exact_gradients(builder_, site, runs, measured.calls);
  if (options.shift) report_runs(module, state, measured, shift_count(state.circuit));
  std::vector<ValueId> parts;
  std::vector<std::int64_t> begins;
  std::int64_t total = 0;
  for (std::size_t k = 0; k < values.size(); ++k) {
    parts.push_back(value_of(builder_, measured.calls[k], values[k]));
    begins.push_back(total);
    total += measured.calls[k].size();
  }
  const int axis = state.places.count > 0 ? 1 : 0;
  std::vector<std::int64_t> indices;
  for (const Measured::Place& place : measured.elements) indices.push_back(begins[place.call] + place.element);
  return Tensor{chosen_elements(builder_, builder_.concat(std::move(parts), axis), indices)};
}

/// A circuit whose every angle has a rule.
bool Elaborator::shiftable(const CircuitState& state) {
  if (state.circuit.initial) {
    report(DiagnosticKind::no_shift_rule, state.amplitudes, "no shift rule gives gradients of `amplitude`")
        .help("use `gradient = exact`");
    return false;
  }
  for (const Operation& operation : state.circuit.operations) {
    const bool constant = std::all_of(operation.angles.begin(), operation.angles.end(),
                                      [](const circuit::Angle& angle) { return angle.operand < 0; });
    if (!operation.is_channel() || constant) continue;
    const Span span{state.amplitudes.file, operation.begin, operation.end};
    report(DiagnosticKind::no_shift_rule, span,
           fmt::format("no shift rule gives gradients in the probability of `{}`", operation.name()))
        .help("use `gradient = exact` with `simulate = density`");
    return false;
  }
  return true;
}

void Elaborator::report_runs(const ast::Module& module, const CircuitState& state, const Measured& measured,
                             std::int64_t shifts) {
  bool exact = false;
  std::int64_t runs = 0;
  for (const Measurement& call : measured.calls) {
    exact |= call.shots == 0;
    if (call.shots > 0) runs += static_cast<std::int64_t>(base_count(call, state.circuit.qubits));
  }
  runs = (runs + exact) * std::max<std::int64_t>(state.places.count, 1);
  report(DiagnosticKind::shift_runs, calls_.empty() ? Span(module.name.span) : calls_.back(), module.name.text,
         runs * (1 + shifts), runs, runs * shifts);
}

}  // namespace qiln::elaboration
