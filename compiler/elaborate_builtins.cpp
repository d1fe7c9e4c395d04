// Functions that are not written in the language: primitives, and what asks about values.
#include <fmt/core.h>

#include <algorithm>
#include <numeric>
#include <tuple>

#include "compiler/elaborator.h"
#include "compiler/graph/verify.h"

namespace qiln::elaboration {

using dsl::DiagnosticKind;

std::optional<std::vector<std::optional<BoundArgument>>> Elaborator::fill(const std::string& callee,
                                                                          std::initializer_list<std::string_view> names,
                                                                          std::size_t required, Arguments arguments,
                                                                          Span span) {
  std::vector<ast::Parameter> parameters;
  for (std::string_view name : names) parameters.emplace_back().name.text = name;
  std::vector<std::optional<BoundArgument>> matched;
  for (const BoundArgument& argument : arguments)
    if (argument.value.poisoned()) return {};
  if (!match(callee, parameters, std::move(arguments), span, matched)) return {};
  for (std::size_t k = 0; k < required; ++k) {
    if (matched[k]) continue;
    report(DiagnosticKind::missing_argument, span, callee, parameters[k].name.text);
    return {};
  }
  return matched;
}

std::optional<std::vector<std::int64_t>> Elaborator::integers(const Value& value, Span span) {
  if (value.is<std::int64_t>()) return std::vector{value.as<std::int64_t>()};
  if (!value.is<List>()) {
    expected("a list of integers", value, span);
    return {};
  }
  std::vector<std::int64_t> numbers;
  for (const Value& item : value.as<List>().items) {
    const auto number = integer(item, span);
    if (!number) return {};
    numbers.push_back(*number);
  }
  return numbers;
}

Value Elaborator::call_primitive(Primitive op, Arguments arguments, Span span) {
  const auto& row = primitive(op);
  const std::string name(row.call);
  if (op == Primitive::concat) return concat(std::move(arguments), span);
  if (is_pointwise(op) || op == Primitive::stop_gradient) {
    const auto filled = row.arity == 1   ? fill(name, {"x"}, 1, std::move(arguments), span)
                        : row.arity == 2 ? fill(name, {"a", "b"}, 2, std::move(arguments), span)
                                         : fill(name, {"a", "b", "c"}, 3, std::move(arguments), span);
    if (!filled) return Poison{};
    std::vector<Value> values;
    std::vector<Span> spans;
    for (const auto& argument : *filled) {
      values.push_back(argument->value);
      spans.push_back(argument->span);
    }
    if (is_pointwise(op)) return pointwise(op, values, spans, span);
    if (values[0].number()) return values[0];
    const auto id = tensor(values[0], spans[0]);
    return id ? Value(Tensor{builder_.stop_gradient(*id)}) : Value(Poison{});
  }
  const bool reshaped = op == Primitive::reshape;
  const auto filled = fill(name, {"x", reshaped ? "shape" : "axes"}, 2, std::move(arguments), span);
  if (!filled) return Poison{};
  const auto id = tensor((*filled)[0]->value, (*filled)[0]->span);
  auto list = integers((*filled)[1]->value, (*filled)[1]->span);
  if (!id || !list) return Poison{};
  const Shape from = graph_.shape(*id);
  auto fail = [&](std::string why) -> Value {
    report(DiagnosticKind::bad_shape, (*filled)[1]->span, why);
    return Poison{};
  };
  if (reshaped) {
    const bool positive = std::all_of(list->begin(), list->end(), [](auto extent) { return extent > 0; });
    if (!positive || graph::element_count(*list) != graph::element_count(from))
      return fail(fmt::format("{} cannot be reshaped to {}", graph::to_string(from), graph::to_string(*list)));
    return Tensor{builder_.reshape(*id, *list)};
  }
  for (std::int64_t axis : *list)
    if (axis < 0 || axis >= static_cast<std::int64_t>(from.size()))
      return fail(fmt::format("{} has no axis {}", graph::to_string(from), axis));
  std::vector<int> axes(list->begin(), list->end());
  std::vector<int> sorted = axes;
  std::sort(sorted.begin(), sorted.end());
  if (std::adjacent_find(sorted.begin(), sorted.end()) != sorted.end()) return fail("an axis is named twice");
  if (op != Primitive::permute) return Tensor{builder_.reduce(op, *id, std::move(sorted))};
  if (axes.size() != from.size()) return fail(fmt::format("{} axes named of {}", axes.size(), graph::to_string(from)));
  return Tensor{builder_.permute(*id, std::move(axes))};
}

Value Elaborator::concat(Arguments arguments, Span span) {
  std::int64_t axis = 0;
  std::vector<ValueId> parts;
  std::vector<Span> spans;
  Measured measured;
  for (const BoundArgument& argument : arguments) {
    if (argument.value.poisoned()) return Poison{};
    if (argument.name == "axis") {
      const auto number = integer(argument.value, argument.span);
      if (!number) return Poison{};
      axis = *number;
      continue;
    }
    if (!argument.name.empty()) {
      report(DiagnosticKind::unknown_argument, argument.name_span, "concat", argument.name);
      return Poison{};
    }
    if (argument.value.is<Measured>()) {
      join(measured, argument.value.as<Measured>());
      continue;
    }
    std::vector<Value> items{argument.value};
    const bool list_of_tensors = argument.value.is<List>() && !argument.value.as<List>().items.empty() &&
                                 argument.value.as<List>().items[0].is<Tensor>();
    if (list_of_tensors) items = argument.value.as<List>().items;
    for (const Value& item : items) {
      const auto id = tensor(item, argument.span);
      if (!id) return Poison{};
      parts.push_back(*id);
      spans.push_back(argument.span);
    }
  }
  if (!measured.elements.empty()) {
    if (parts.empty()) return measured;
    report(DiagnosticKind::bad_measurement, spans[0], "measurements are joined with measurements only");
    return Poison{};
  }
  if (parts.empty()) {
    report(DiagnosticKind::missing_argument, span, "concat", "x");
    return Poison{};
  }
  const Shape first = graph_.shape(parts[0]);
  if (axis < 0 || axis >= static_cast<std::int64_t>(first.size())) {
    report(DiagnosticKind::bad_shape, span, fmt::format("{} has no axis {}", graph::to_string(first), axis));
    return Poison{};
  }
  for (std::size_t k = 1; k < parts.size(); ++k) {
    const Shape& shape = graph_.shape(parts[k]);
    for (std::size_t i = 0; i < first.size() || i < shape.size(); ++i) {
      const bool both = i < first.size() && i < shape.size();
      if (both && (first[i] == shape[i] || static_cast<std::int64_t>(i) == axis)) continue;
      report(DiagnosticKind::shape_mismatch, span, graph::to_string(first), graph::to_string(shape), i,
             i < first.size() ? std::to_string(first[i]) : "missing",
             i < shape.size() ? std::to_string(shape[i]) : "missing")
          .note(fmt::format("this is {}", graph::to_string(first)), spans[0])
          .note(fmt::format("this is {}", graph::to_string(shape)), spans[k]);
      return Poison{};
    }
  }
  return Tensor{builder_.concat(std::move(parts), static_cast<int>(axis))};
}

std::string Elaborator::random_site(const std::string& name) {
  const std::string home = instance_->prefix.empty() ? name : instance_->prefix;
  const int visit = sites_[home]++;
  return visit == 0 ? home : fmt::format("{}#{}", home, visit);
}

Value Elaborator::draws(Arguments arguments, Span span) {
  const auto filled = fill("random", {"shape"}, 1, std::move(arguments), span);
  if (!filled) return Poison{};
  const auto extents = integers((*filled)[0]->value, (*filled)[0]->span);
  if (!extents) return Poison{};
  for (std::int64_t extent : *extents)
    if (extent < 1) {
      report(DiagnosticKind::bad_shape, (*filled)[0]->span, fmt::format("the extent is {}", extent));
      return Poison{};
    }
  return Tensor{builder_.random({graph::Distribution::uniform, random_site("random"), 0}, *extents)};
}

Value Elaborator::quotient(Arguments arguments, Span span) {
  const auto filled = fill("quotient", {"a", "b"}, 2, std::move(arguments), span);
  if (!filled) return Poison{};
  const auto a = integer((*filled)[0]->value, (*filled)[0]->span);
  const auto b = integer((*filled)[1]->value, (*filled)[1]->span);
  if (!a || !b) return Poison{};
  if (*b != 0 && *a % *b == 0) return *a / *b;
  report(DiagnosticKind::bad_arithmetic, users_span(span), fmt::format("{} is not a multiple of {}", *a, *b));
  return Poison{};
}

Span Elaborator::users_span(Span span) const {
  for (std::size_t k = calls_.size(); in_prelude_ && k-- > 0 && span.file == library_.prelude.id;) span = calls_[k];
  return span;
}

Value Elaborator::require(Arguments arguments, Span span) {
  const auto filled = fill("require", {"condition", "text", "value"}, 3, std::move(arguments), span);
  if (!filled) return Poison{};
  const auto& [condition, text, value] = std::tie((*filled)[0], (*filled)[1], (*filled)[2]);
  if (!condition->value.is<bool>()) return expected("a truth value", condition->value, condition->span);
  if (!text->value.is<std::string>()) return expected("a string", text->value, text->span);
  if (condition->value.as<bool>()) return value->value;
  report(DiagnosticKind::unmet, users_span(span), text->value.as<std::string>());
  return Poison{};
}

Value Elaborator::label_builtin(Builtin builtin, const Value& x, Span span) {
  if (!x.is<Label>()) return expected("a label", x, span);
  const Label& label = x.as<Label>();
  if (builtin == Builtin::index) return Tensor{label.index};
  std::vector<double> classes(static_cast<std::size_t>(label.classes));
  std::iota(classes.begin(), classes.end(), 0.0);
  const ValueId numbers = builder_.constant(std::move(classes), {label.classes});
  return Tensor{builder_.pointwise(Primitive::equal, {numbers, builder_.broadcast(label.index, {label.classes}, {})})};
}

Value Elaborator::call_builtin(Builtin builtin, const std::string& name, Arguments arguments, Span span) {
  if (builtin == Builtin::append) {
    const auto filled = fill(name, {"list", "item"}, 2, std::move(arguments), span);
    if (!filled) return Poison{};
    if (!(*filled)[0]->value.is<List>()) return expected("a list", (*filled)[0]->value, (*filled)[0]->span);
    List list = (*filled)[0]->value.as<List>();
    list.items.push_back((*filled)[1]->value);
    return list;
  }
  if (builtin == Builtin::expval || builtin == Builtin::variance || builtin == Builtin::probs)
    return measure(builtin, name, std::move(arguments), span);
  if (builtin == Builtin::quotient) return quotient(std::move(arguments), span);
  if (builtin == Builtin::require) return require(std::move(arguments), span);
  if (builtin == Builtin::random) return draws(std::move(arguments), span);
  const auto filled = fill(name, {"x"}, 1, std::move(arguments), span);
  if (!filled) return Poison{};
  const Value& x = (*filled)[0]->value;
  const Span x_span = (*filled)[0]->span;
  switch (builtin) {
    case Builtin::shape: {
      const auto id = tensor(x, x_span);
      if (!id) return Poison{};
      List extents;
      for (std::int64_t extent : graph_.shape(*id)) extents.items.emplace_back(extent);
      return extents;
    }
    case Builtin::index:
    case Builtin::one_hot:
      return label_builtin(builtin, x, x_span);
    case Builtin::length:
      if (x.is<Qubits>()) return static_cast<std::int64_t>(x.as<Qubits>().numbers.size());
      if (!x.is<List>()) return expected("a list or a register", x, x_span);
      return static_cast<std::int64_t>(x.as<List>().items.size());
    case Builtin::product: {
      if (!x.is<List>()) return expected("a list", x, x_span);
      Value result = std::int64_t{1};
      for (const Value& item : x.as<List>().items)
        result = binary(ast::BinaryOp::multiply, result, item, span, x_span, x_span);
      return result;
    }
    default:
      return pauli(builtin, x, x_span);
  }
}

}  // namespace qiln::elaboration
