// Amplitudes that registers start from.
#include <fmt/core.h>

#include <algorithm>
#include <bit>

#include "compiler/elaborator.h"

namespace qiln::elaboration {

using dsl::DiagnosticKind;

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
