// Observables and measurements, as values of expressions.
#include <fmt/core.h>

#include <algorithm>
#include <bit>
#include <cmath>

#include "compiler/elaborator.h"

namespace qiln::elaboration {

using ast::BinaryOp;
using dsl::DiagnosticKind;

namespace {

constexpr std::size_t most_measured_qubits = 20;
constexpr std::int64_t highest_power = 16;

void add(PauliSum& sum, const PauliProduct& term) {
  for (PauliProduct& known : sum)
    if (known.x == term.x && known.z == term.z) {
      known.coefficient += term.coefficient;
      return;
    }
  sum.push_back(term);
}

PauliProduct product(const PauliProduct& a, const PauliProduct& b) {
  PauliProduct result{a.coefficient * b.coefficient, a.x ^ b.x, a.z ^ b.z};
  // With i^|x & z| X^x Z^z for a term, moving Z^za past X^xb gives (-1)^|za & xb|.
  const int quarter_turns = std::popcount(a.x & a.z) + std::popcount(b.x & b.z) - std::popcount(result.x & result.z) +
                            2 * std::popcount(a.z & b.x);
  static constexpr std::complex<double> powers_of_i[] = {{1, 0}, {0, 1}, {-1, 0}, {0, -1}};
  result.coefficient *= powers_of_i[quarter_turns & 3];
  return result;
}

PauliSum product(const PauliSum& a, const PauliSum& b) {
  PauliSum result;
  for (const PauliProduct& x : a)
    for (const PauliProduct& y : b) add(result, product(x, y));
  return result;
}

/// Without terms that cancelled; a sum of nothing is 0.
PauliSum tidy(PauliSum sum) {
  double largest = 0;
  for (const PauliProduct& term : sum) largest = std::max(largest, std::abs(term.coefficient));
  std::erase_if(sum, [&](const PauliProduct& term) { return std::abs(term.coefficient) <= 1e-14 * largest; });
  return sum;
}

bool hermitian(const PauliSum& sum) {
  return std::all_of(sum.begin(), sum.end(), [](const PauliProduct& term) {
    return std::abs(term.coefficient.imag()) <= 1e-14 * std::abs(term.coefficient.real());
  });
}

}  // namespace

Value Elaborator::observables(BinaryOp op, const Value& a, const Value& b, Span span) {
  auto fail = [&](const char* why) -> Value {
    report(DiagnosticKind::bad_observable, span, why);
    return Poison{};
  };
  if (op == BinaryOp::power && b.is<std::int64_t>()) {
    const std::int64_t exponent = b.as<std::int64_t>();
    if (exponent < 0 || exponent > highest_power) return fail("the power of an observable is an integer from 0 to 16");
    Observables result = a.as<Observables>();
    for (PauliSum& sum : result.each) {
      PauliSum power{PauliProduct{}};
      for (std::int64_t k = 0; k < exponent; ++k) power = product(power, sum);
      sum = std::move(power);
    }
    return result;
  }
  auto terms_of = [](const Value& value) {
    if (value.number()) return Observables{{{PauliProduct{value.real(), 0, 0}}}};
    return value.as<Observables>();
  };
  for (const Value* side : {&a, &b})
    if (!side->number() && !side->is<Observables>()) return expected("an observable or a number", *side, span);
  Observables left = terms_of(a), right = terms_of(b);
  if (op == BinaryOp::divide && b.number() && b.real() != 0) {
    right.each[0][0].coefficient = 1 / b.real();
    op = BinaryOp::multiply;
  }
  if (op != BinaryOp::add && op != BinaryOp::subtract && op != BinaryOp::multiply)
    return fail("observables are added, subtracted, multiplied and raised to powers");
  const std::size_t count = std::max(left.each.size(), right.each.size());
  if ((left.each.size() != 1 && left.each.size() != count) || (right.each.size() != 1 && right.each.size() != count))
    return fail("observables of registers of different sizes");
  Observables result;
  for (std::size_t i = 0; i < count; ++i) {
    const PauliSum& x = left.each[left.each.size() == 1 ? 0 : i];
    const PauliSum& y = right.each[right.each.size() == 1 ? 0 : i];
    PauliSum sum = op == BinaryOp::multiply ? product(x, y) : x;
    if (op != BinaryOp::multiply)
      for (PauliProduct term : y) {
        if (op == BinaryOp::subtract) term.coefficient = -term.coefficient;
        add(sum, term);
      }
    result.each.push_back(std::move(sum));
  }
  return result;
}

Value Elaborator::pauli(Builtin builtin, const Value& qubits, Span span) {
  if (!qubits.is<Qubits>()) return expected("qubits", qubits, span);
  Observables observables;
  for (std::int32_t q : qubits.as<Qubits>().numbers) {
    const std::uint64_t bit = std::uint64_t{1} << q;
    observables.each.push_back(
        {PauliProduct{1, builtin == Builtin::pauli_z ? 0 : bit, builtin == Builtin::pauli_x ? 0 : bit}});
  }
  return observables;
}

Value Elaborator::measure(Builtin builtin, const std::string& name, Arguments arguments, Span span) {
  const auto filled = fill(name, {"x", "shots"}, 1, std::move(arguments), span);
  if (!filled) return Poison{};
  if (!instance_->circuit) {
    report(DiagnosticKind::misplaced, span, "a measurement");
    return Poison{};
  }
  const Value& x = (*filled)[0]->value;
  const Span x_span = (*filled)[0]->span;
  Measurement call;
  call.span = span;
  call.operations = instance_->circuit->circuit.operations.size();
  auto fail = [&](Span where, std::string why) -> Value {
    report(DiagnosticKind::bad_measurement, where, why);
    return Poison{};
  };
  if ((*filled)[1]) {
    const auto shots = integer((*filled)[1]->value, (*filled)[1]->span);
    if (!shots) return Poison{};
    if (*shots < 0 || *shots > most_shots)
      return fail((*filled)[1]->span, fmt::format("{} shots, where 0 (exact) to {} are possible", *shots, most_shots));
    call.shots = *shots;
  }
  if (builtin == Builtin::probs) {
    if (!x.is<Qubits>()) return expected("qubits", x, x_span);
    call.kind = Measurement::Kind::probabilities;
    call.qubits = x.as<Qubits>().numbers;
    std::vector<std::int32_t> sorted = call.qubits;
    std::sort(sorted.begin(), sorted.end());
    if (std::adjacent_find(sorted.begin(), sorted.end()) != sorted.end()) {
      report(DiagnosticKind::repeated_qubit, x_span, name);
      return Poison{};
    }
    if (sorted.empty() || sorted.size() > most_measured_qubits)
      return fail(x_span, fmt::format("probabilities of {} qubits, where 1 to {} are possible", sorted.size(),
                                      most_measured_qubits));
  } else {
    if (!x.is<Observables>()) return expected("an observable", x, x_span);
    call.kind = builtin == Builtin::expval ? Measurement::Kind::expectation : Measurement::Kind::variance;
    for (const PauliSum& sum : x.as<Observables>().each) {
      call.observables.push_back(tidy(sum));
      if (builtin == Builtin::variance) call.squares.push_back(tidy(product(sum, sum)));
      if (hermitian(call.observables.back())) continue;
      report(DiagnosticKind::bad_observable, x_span,
             "the product of different Paulis on one qubit is not an observable")
          .help("an observable is hermitian: `X(q) * Z(q)` is `-i Y(q)`");
      return Poison{};
    }
  }
  Measured measured;
  for (std::int64_t k = 0; k < call.size(); ++k) measured.elements.push_back({0, k});
  measured.calls.push_back(std::move(call));
  return measured;
}

void Elaborator::join(Measured& all, const Measured& more) {
  const auto first = static_cast<std::int32_t>(all.calls.size());
  all.calls.insert(all.calls.end(), more.calls.begin(), more.calls.end());
  for (const Measured::Place& place : more.elements) all.elements.push_back({place.call + first, place.element});
}

/// `probs(q)[0..4]`: some of the results; `[k]` is one of them, still a vector.
Value Elaborator::index_measured(const Measured& base, const ast::Index& node, Span span) {
  const auto size = static_cast<std::int64_t>(base.elements.size());
  if (node.subscripts.size() != 1) {
    report(DiagnosticKind::index_count, span, node.subscripts.size(), 1, fmt::format("[{}]", size));
    return Poison{};
  }
  const auto taken = subscript_stretch(node.subscripts[0]);
  if (!taken) return Poison{};
  const Stretch numbers = *taken;
  Measured chosen;
  chosen.calls = base.calls;
  for (std::int64_t k = numbers.begin; k < numbers.end; k += numbers.step) {
    if (k < 0 || k >= size) {
      report(DiagnosticKind::index_range, node.subscripts[0].span, k, size);
      return Poison{};
    }
    chosen.elements.push_back(base.elements[k]);
  }
  if (!chosen.elements.empty()) return chosen;
  report(DiagnosticKind::bad_shape, span, "the slice is empty");
  return Poison{};
}

}  // namespace qiln::elaboration
