// Arithmetic: of numbers, lists, observables and tensors, which are broadcast from the left.
#include <fmt/core.h>

#include <cmath>
#include <numeric>

#include "compiler/elaborator.h"
#include "compiler/graph/evaluate.h"
#include "compiler/graph/verify.h"

namespace qiln::elaboration {

using ast::BinaryOp;
using dsl::DiagnosticKind;

namespace {

std::int64_t floor_divide(std::int64_t a, std::int64_t b) {
  const std::int64_t quotient = a / b;
  return a % b != 0 && (a < 0) != (b < 0) ? quotient - 1 : quotient;
}

/// a ^ b when it is an integer that fits.
std::optional<std::int64_t> integer_power(std::int64_t a, std::int64_t b) {
  std::int64_t result = 1;
  for (std::int64_t k = 0; k < b; ++k)
    if (k > 63 && a != 0 && a != 1 && a != -1)
      return {};
    else if (__builtin_mul_overflow(result, a, &result))
      return {};
  return result;
}

bool suffix(const Shape& shorter, const Shape& longer) {
  return std::equal(shorter.rbegin(), shorter.rend(), longer.rbegin());
}

}  // namespace

const Shape& Elaborator::shape_of(const Value& value) const {
  static const Shape scalar;
  return value.is<Tensor>() ? graph_.shape(value.as<Tensor>().id) : scalar;
}

std::optional<ValueId> Elaborator::tensor(const Value& value, Span span) {
  if (value.is<Tensor>()) return value.as<Tensor>().id;
  if (value.number()) return builder_.constant(value.real());
  if (value.is<List>()) return stacked(value.as<List>(), span);
  if (value.is<Declared>()) return builder_.constant(0.0, value.as<Declared>().shape);
  if (value.is<Element>()) {
    const Element& element = value.as<Element>();
    const Shape& shape = graph_.shape(element.tensor);
    std::vector<std::int64_t> start(shape.size());
    std::int64_t rest = element.element;
    for (std::size_t axis = shape.size(); axis-- > 0; rest /= shape[axis]) start[axis] = rest % shape[axis];
    const Shape ones(shape.size(), 1);
    ValueId id = builder_.reshape(builder_.slice(element.tensor, start, ones, ones), {});
    if (element.scale != 1) id = builder_.scale(id, element.scale);
    if (element.offset != 0) id = builder_.add(id, builder_.constant(element.offset));
    return id;
  }
  if (value.is<Label>()) {
    report(DiagnosticKind::type_mismatch, span, "a tensor", describe(value))
        .help("`index(y)` is its number, `one_hot(y)` a vector with a 1 there");
    return {};
  }
  expected("a tensor", value, span);
  return {};
}

std::optional<ValueId> Elaborator::stacked(const List& list, Span span) {
  std::vector<ValueId> parts;
  std::vector<double> values;
  bool constant = true;
  for (const Value& item : list.items) {
    const auto id = tensor(item, span);
    if (!id) return {};
    if (!parts.empty() && graph_.shape(parts[0]) != graph_.shape(*id)) {
      report(DiagnosticKind::bad_shape, span,
             fmt::format("the list holds {} and {}", graph::to_string(graph_.shape(parts[0])),
                         graph::to_string(graph_.shape(*id))));
      return {};
    }
    parts.push_back(*id);
    const auto* known = std::get_if<graph::ConstantAttributes>(&graph_[*id].attributes);
    constant = constant && known;
    if (!known) continue;
    const auto count = static_cast<std::size_t>(graph::element_count(graph_.shape(*id)));
    for (std::size_t i = 0; i < count; ++i) values.push_back(known->values[known->values.size() == 1 ? 0 : i]);
  }
  if (parts.empty()) {
    report(DiagnosticKind::bad_shape, span, "an empty list is no tensor");
    return {};
  }
  Shape shape = graph_.shape(parts[0]);
  shape.insert(shape.begin(), static_cast<std::int64_t>(parts.size()));
  if (constant) return builder_.constant(std::move(values), std::move(shape));
  Shape row = shape;
  row[0] = 1;
  for (ValueId& part : parts) part = builder_.reshape(part, row);
  return builder_.concat(std::move(parts));
}

bool Elaborator::align(std::vector<Value>& values, const std::vector<Span>& spans, Span span) {
  std::size_t longest = 0;
  std::vector<std::optional<ValueId>> ids(values.size());
  for (std::size_t k = 0; k < values.size(); ++k) {
    if (values[k].poisoned()) return false;
    if (!values[k].number() && !(ids[k] = tensor(values[k], spans[k]))) return false;
    if (ids[k]) values[k] = Tensor{*ids[k]};
    if (shape_of(values[k]).size() > shape_of(values[longest]).size()) longest = k;
  }
  const Shape target = shape_of(values[longest]);
  for (std::size_t k = 0; k < values.size(); ++k) {
    if (values[k].number()) {
      values[k] = Tensor{builder_.constant(values[k].real(), target)};
      continue;
    }
    const Shape shape = shape_of(values[k]);
    for (std::size_t axis = 0; axis < shape.size(); ++axis) {
      if (shape[axis] == target[axis]) continue;
      auto& diagnostic = report(DiagnosticKind::shape_mismatch, span, graph::to_string(shape), graph::to_string(target),
                                axis, shape[axis], target[axis]);
      diagnostic.note(fmt::format("this is {}", graph::to_string(shape)), spans[k]);
      diagnostic.note(fmt::format("this is {}; shapes are aligned from the left", graph::to_string(target)),
                      spans[longest]);
      return false;
    }
    // The prelude means what it says.
    if (!in_prelude_ && !shape.empty() && shape.size() < target.size() && suffix(shape, target))
      report(DiagnosticKind::right_alignment, spans[k], graph::to_string(shape), graph::to_string(target));
    values[k] = Tensor{builder_.broadcast_left(values[k].as<Tensor>().id, target)};
  }
  return true;
}

Value Elaborator::pointwise(Primitive op, const std::vector<Value>& values, const std::vector<Span>& spans, Span span) {
  bool all_numbers = true;
  for (const Value& value : values) {
    if (value.poisoned()) return Poison{};
    all_numbers = all_numbers && value.number();
  }
  if (all_numbers) {
    std::vector<double> arguments;
    bool integers = op == Primitive::maximum || op == Primitive::minimum || op == Primitive::abs;
    for (const Value& value : values) {
      arguments.push_back(value.real());
      integers = integers && value.is<std::int64_t>();
    }
    const double result = graph::evaluate(op, arguments);
    if (integers || op == Primitive::floor) return static_cast<std::int64_t>(result);
    return result;
  }
  std::vector<Value> aligned = values;
  if (!align(aligned, spans, span)) return Poison{};
  std::vector<ValueId> ids;
  for (const Value& value : aligned) ids.push_back(value.as<Tensor>().id);
  return Tensor{builder_.pointwise(op, ids)};
}

Value Elaborator::unary(ast::UnaryOp op, const Value& a, Span span) {
  if (a.poisoned()) return a;
  if (op == ast::UnaryOp::logical_not) {
    if (a.number()) return a.real() == 0;
    return binary(BinaryOp::subtract, std::int64_t{1}, a, span, span, span);
  }
  if (a.is<std::int64_t>()) return -a.as<std::int64_t>();
  if (a.number()) return -a.real();
  if (a.is<Tensor>()) return Tensor{builder_.negate(a.as<Tensor>().id)};
  return binary(BinaryOp::multiply, std::int64_t{-1}, a, span, span, span);
}

Value Elaborator::binary(BinaryOp op, const Value& a, const Value& b, Span span, Span a_span, Span b_span) {
  if (a.poisoned() || b.poisoned()) return Poison{};
  if (a.number() && b.number()) return numbers(op, a, b, span);
  if (a.is<std::string>() && b.is<std::string>() && (op == BinaryOp::equal || op == BinaryOp::not_equal))
    return (a.as<std::string>() == b.as<std::string>()) == (op == BinaryOp::equal);
  if (op == BinaryOp::join) {
    if (!a.is<Qubits>()) return expected("a register", a, a_span);
    if (!b.is<Qubits>()) return expected("a register", b, b_span);
    Qubits joined = a.as<Qubits>();
    joined.numbers.insert(joined.numbers.end(), b.as<Qubits>().numbers.begin(), b.as<Qubits>().numbers.end());
    return joined;
  }
  for (const Value* side : {&a, &b}) {
    if (!side->is<Measured>()) continue;
    report(DiagnosticKind::bad_measurement, side == &a ? a_span : b_span,
           "a measured value belongs to the circuit's `return`, as it is")
        .help("do arithmetic on what the circuit returns, or measure the sum of observables");
    return Poison{};
  }
  if (a.is<Observables>() || b.is<Observables>()) return observables(op, a, b, span);
  auto compile_time = [](const Value& value) { return value.number() || value.is<List>(); };
  if (compile_time(a) && compile_time(b)) return lists(op, a, b, span);
  if ((a.is<Element>() && b.number()) || (b.is<Element>() && a.number())) {
    Value element = elements(op, a, b);
    if (!element.poisoned()) return element;
  }
  std::vector<Value> values{a, b};
  if (!align(values, {a_span, b_span}, span)) return Poison{};
  Value result = tensors(op, values[0].as<Tensor>().id, values[1].as<Tensor>().id);
  if (result.poisoned()) report(DiagnosticKind::bad_arithmetic, span, "`//` and `%` take compile-time integers");
  return result;
}

Value Elaborator::numbers(BinaryOp op, const Value& a, const Value& b, Span span) {
  const bool integers = a.is<std::int64_t>() && b.is<std::int64_t>();
  const std::int64_t i = integers ? a.as<std::int64_t>() : 0, j = integers ? b.as<std::int64_t>() : 0;
  const double x = a.real(), y = b.real();
  auto fail = [&](const char* why) -> Value {
    report(DiagnosticKind::bad_arithmetic, span, why);
    return Poison{};
  };
  auto exact = [&](auto overflows, double rounded) -> Value {
    std::int64_t result = 0;
    if (!integers) return rounded;
    if (overflows(&result)) return fail("the result does not fit an integer");
    return result;
  };
  switch (op) {
    case BinaryOp::add:
      return exact([&](auto* r) { return __builtin_add_overflow(i, j, r); }, x + y);
    case BinaryOp::subtract:
      return exact([&](auto* r) { return __builtin_sub_overflow(i, j, r); }, x - y);
    case BinaryOp::multiply:
      return exact([&](auto* r) { return __builtin_mul_overflow(i, j, r); }, x * y);
    case BinaryOp::divide:
      return y == 0 ? fail("division by zero") : Value(x / y);
    case BinaryOp::floor_divide:
    case BinaryOp::modulo: {
      if (y == 0) return fail("division by zero");
      if (!integers) return fail("`//` and `%` take compile-time integers");
      const std::int64_t quotient = floor_divide(i, j);
      return op == BinaryOp::floor_divide ? quotient : i - j * quotient;
    }
    case BinaryOp::power: {
      if (integers && j >= 0) {
        if (const auto result = integer_power(i, j)) return *result;
        return fail("the result does not fit an integer");
      }
      return std::pow(x, y);
    }
    case BinaryOp::less:
      return x < y;
    case BinaryOp::less_equal:
      return x <= y;
    case BinaryOp::greater:
      return x > y;
    case BinaryOp::greater_equal:
      return x >= y;
    case BinaryOp::equal:
      return x == y;
    case BinaryOp::not_equal:
      return x != y;
    case BinaryOp::logical_and:
      return x != 0 && y != 0;
    case BinaryOp::logical_or:
      return x != 0 || y != 0;
    case BinaryOp::join:
      return expected("a register", a, span);
  }
  return Poison{};
}

/// An element with a number stays affine under + - * /; poison (unreported) otherwise.
Value Elaborator::elements(BinaryOp op, const Value& a, const Value& b) {
  const bool left = a.is<Element>();
  Element result = left ? a.as<Element>() : b.as<Element>();
  const double number = left ? b.real() : a.real();
  switch (op) {
    case BinaryOp::add:
      result.offset += number;
      return result;
    case BinaryOp::subtract:
      if (!left) {
        result.scale = -result.scale;
        result.offset = number - result.offset;
      } else {
        result.offset -= number;
      }
      return result;
    case BinaryOp::multiply:
    case BinaryOp::divide: {
      if (op == BinaryOp::divide && (!left || number == 0)) return Poison{};
      const double factor = op == BinaryOp::divide ? 1 / number : number;
      result.scale *= factor;
      result.offset *= factor;
      return result;
    }
    default:
      return Poison{};
  }
}

Value Elaborator::lists(BinaryOp op, const Value& a, const Value& b, Span span) {
  bool tensors_inside = false;
  for (const Value* side : {&a, &b})
    if (side->is<List>())
      for (const Value& item : side->as<List>().items) tensors_inside = tensors_inside || item.tensor();
  if (tensors_inside) {
    const auto left = tensor(a, span), right = tensor(b, span);
    if (!left || !right) return Poison{};
    return binary(op, Tensor{*left}, Tensor{*right}, span, span, span);
  }
  const std::size_t size = a.is<List>() ? a.as<List>().items.size() : b.as<List>().items.size();
  if (a.is<List>() && b.is<List>() && b.as<List>().items.size() != size) {
    report(DiagnosticKind::bad_shape, span, fmt::format("lists of {} and {}", size, b.as<List>().items.size()));
    return Poison{};
  }
  List result;
  for (std::size_t i = 0; i < size; ++i) {
    const Value& left = a.is<List>() ? a.as<List>().items[i] : a;
    const Value& right = b.is<List>() ? b.as<List>().items[i] : b;
    result.items.push_back(binary(op, left, right, span, span, span));
    if (result.items.back().poisoned()) return Poison{};
  }
  return result;
}

Value Elaborator::tensors(BinaryOp op, ValueId a, ValueId b) {
  auto tensor = [&](Primitive primitive, ValueId x, ValueId y) {
    return Tensor{builder_.pointwise(primitive, {x, y})};
  };
  auto complement = [&](ValueId x) { return Tensor{builder_.subtract(builder_.constant(1.0, graph_.shape(x)), x)}; };
  switch (op) {
    case BinaryOp::add:
      return tensor(Primitive::add, a, b);
    case BinaryOp::subtract:
      return tensor(Primitive::subtract, a, b);
    case BinaryOp::multiply:
      return tensor(Primitive::multiply, a, b);
    case BinaryOp::divide:
      return tensor(Primitive::divide, a, b);
    case BinaryOp::power:
      return tensor(Primitive::power, a, b);
    case BinaryOp::less:
      return tensor(Primitive::less, a, b);
    case BinaryOp::greater:
      return tensor(Primitive::less, b, a);
    case BinaryOp::less_equal:
      return complement(builder_.pointwise(Primitive::less, {b, a}));
    case BinaryOp::greater_equal:
      return complement(builder_.pointwise(Primitive::less, {a, b}));
    case BinaryOp::equal:
      return tensor(Primitive::equal, a, b);
    case BinaryOp::not_equal:
      return complement(builder_.pointwise(Primitive::equal, {a, b}));
    case BinaryOp::logical_and:
      return tensor(Primitive::multiply, a, b);
    case BinaryOp::logical_or:
      return tensor(Primitive::maximum, a, b);
    default:
      return Poison{};
  }
}

}  // namespace qiln::elaboration
