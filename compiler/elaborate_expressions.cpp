// Expressions: what each node of the tree is worth.
#include <fmt/core.h>

#include "compiler/elaborator.h"
#include "compiler/graph/verify.h"

namespace qiln::elaboration {

using dsl::DiagnosticKind;

graph::Origin Elaborator::origin_at(Span span) const {
  graph::Origin origin = builder_.origin();
  if (span.file == library_.prelude.id && origin.file >= 0) return origin;
  origin.file = static_cast<std::int32_t>(span.file);
  origin.begin = span.begin;
  origin.end = span.end;
  return origin;
}

Value Elaborator::eval(const ast::Expr& expr) {
  const graph::Origin before = builder_.origin();
  // What a pipe computes is its last stage's doing.
  const auto* pipe = std::get_if<ast::Pipe>(&expr.node);
  const Span span = pipe ? pipe->stage->span : expr.span;
  builder_.set_origin(origin_at(span));
  Value value = eval_node(expr);
  builder_.set_origin(before);
  return value;
}

Value Elaborator::eval_node(const ast::Expr& expr) {
  const Span span = expr.span;
  return std::visit(Overloaded{
                        [&](const ast::Integer& node) -> Value { return node.value; },
                        [&](const ast::Real& node) -> Value { return node.value; },
                        [&](const ast::Boolean& node) -> Value { return node.value; },
                        [&](const ast::String& node) -> Value { return node.value; },
                        [&](const ast::Reference& node) { return reference(node.name, span); },
                        [&](const ast::Unary& node) { return unary(node.op, eval(*node.operand), span); },
                        [&](const ast::Binary& node) {
                          const Value left = eval(*node.left);
                          // A library's expression has one cause to complain about: the call.
                          if (left.poisoned() && in_prelude_) return left;
                          const Value right = eval(*node.right);
                          return binary(node.op, left, right, span, node.left->span, node.right->span);
                        },
                        [&](const ast::Conditional& node) { return conditional(node, span); },
                        [&](const ast::Call& node) { return call(node, span); },
                        [&](const ast::Pipe& node) { return call(ast::call_of(node), node.stage->span); },
                        [&](const ast::Index& node) { return index(node, span); },
                        [&](const ast::List& node) -> Value {
                          List list;
                          for (const ast::Expr& element : node.elements) list.items.push_back(eval(element));
                          return list;
                        },
                        [&](const ast::Tuple& node) -> Value {
                          List list;
                          for (const ast::Expr& element : node.elements) list.items.push_back(eval(element));
                          return list;
                        },
                        [&](const ast::Comprehension& node) -> Value {
                          List list;
                          if (comprehension(node, 0, list).poisoned()) return Poison{};
                          return list;
                        },
                        [&](const ast::Reduction& node) { return compile_time_sum(node, 0, Poison{}, span); },
                        [&](const ast::Range&) -> Value {
                          report(DiagnosticKind::misplaced, span, "a range");
                          return Poison{};
                        },
                        [&](const ast::LeadingAxes&) -> Value {
                          report(DiagnosticKind::misplaced, span, "leading axes");
                          return Poison{};
                        },
                    },
                    expr.node);
}

Value Elaborator::conditional(const ast::Conditional& node, Span span) {
  const Value condition = eval(*node.condition);
  if (condition.poisoned()) return Poison{};
  if (condition.number()) return eval(condition.real() != 0 ? *node.then : *node.otherwise);
  if (!condition.tensor()) return expected("a condition", condition, node.condition->span);
  const Value then = eval(*node.then);
  const Value otherwise = eval(*node.otherwise);
  return pointwise(Primitive::select, {condition, then, otherwise},
                   {node.condition->span, node.then->span, node.otherwise->span}, span);
}

Value Elaborator::comprehension(const ast::Comprehension& node, std::size_t generator, List& into) {
  if (generator == node.generators.size()) {
    into.items.push_back(eval(*node.element));
    return true;
  }
  const auto items = domain(*node.generators[generator].domain);
  if (!items) return Poison{};
  Scope scope{scope_, false, {}};
  Saved<Scope*> inside(scope_, &scope);
  instance_->loops.push_back(0);
  Value done = true;
  for (const Value& item : *items) {
    scope.names[node.generators[generator].index.text] = item;
    if (comprehension(node, generator + 1, into).poisoned()) done = Poison{};
    ++instance_->loops.back();
  }
  instance_->loops.pop_back();
  return done;
}

/// A reduction outside an index binding: its indices are compile-time numbers that state their ranges.
Value Elaborator::compile_time_sum(const ast::Reduction& node, std::size_t depth, Value sum, Span span) {
  if (depth == node.indices.size()) {
    Value term = eval(*node.body);
    if (sum.poisoned()) return term;
    if (node.op == ast::ReductionOp::max) return pointwise(Primitive::maximum, {sum, term}, {span, span}, span);
    return binary(ast::BinaryOp::add, sum, term, span, span, span);
  }
  const ast::ReductionIndex& index = node.indices[depth];
  if (!index.range) {
    report(DiagnosticKind::unknown_range, index.name.span, index.name.text);
    return Poison{};
  }
  const auto items = domain(**index.range);
  if (!items) return Poison{};
  if (items->empty() && depth == 0) return std::int64_t{0};
  Scope scope{scope_, false, {}};
  Saved<Scope*> inside(scope_, &scope);
  for (const Value& item : *items) {
    scope.names[index.name.text] = item;
    sum = compile_time_sum(node, depth + 1, std::move(sum), span);
    if (sum.poisoned()) return sum;
  }
  return sum;
}

std::optional<Elaborator::Stretch> Elaborator::stretch(const ast::Range& range) {
  const auto begin = integer(*range.begin);
  const auto end = integer(*range.end);
  std::optional<std::int64_t> step = 1;
  if (range.step) step = integer(**range.step);
  if (!begin || !end || !step) return {};
  if (*step < 1) {
    report(DiagnosticKind::bad_arithmetic, (*range.step)->span, fmt::format("a step of {} goes nowhere", *step));
    return {};
  }
  return Stretch{*begin, *end, *step};
}

std::optional<std::vector<Value>> Elaborator::domain(const ast::Expr& expr) {
  std::vector<Value> items;
  if (const auto* range = std::get_if<ast::Range>(&expr.node)) {
    const auto numbers = stretch(*range);
    if (!numbers) return {};
    for (std::int64_t k = numbers->begin; k < numbers->end; k += numbers->step) items.emplace_back(k);
    return items;
  }
  const Value value = eval(expr);
  if (!value.is<List>()) {
    expected("a range or a list", value, expr.span);
    return {};
  }
  return value.as<List>().items;
}

std::optional<std::int64_t> Elaborator::integer(const Value& value, Span span) {
  if (value.is<std::int64_t>()) return value.as<std::int64_t>();
  expected("an integer", value, span);
  return {};
}

std::optional<std::int64_t> Elaborator::integer(const ast::Expr& expr) { return integer(eval(expr), expr.span); }

std::optional<bool> Elaborator::boolean(const ast::Expr& expr) {
  const Value value = eval(expr);
  if (value.number()) return value.real() != 0;
  expected("a compile-time condition", value, expr.span);
  return {};
}

std::optional<Shape> Elaborator::shape(const ast::Shape& shape) {
  Shape extents;
  bool known = true;
  for (const ast::Expr& axis : shape.axes) {
    const auto* leading = std::get_if<ast::LeadingAxes>(&axis.node);
    const auto* reference = std::get_if<ast::Reference>(&axis.node);
    const std::string* name = leading ? &leading->name : reference ? &reference->name : nullptr;
    if (name && !lookup(*name)) {
      report(DiagnosticKind::unknown_extent, axis.span, *name);
      known = false;
    } else if (leading) {
      const auto axes = integers(*lookup(*name), axis.span);
      known = known && axes;
      if (axes) extents.insert(extents.end(), axes->begin(), axes->end());
    } else {
      const auto extent = integer(axis);
      known = known && extent;
      if (known && *extent < 1) {
        report(DiagnosticKind::bad_shape, axis.span, fmt::format("the extent is {}", *extent));
        known = false;
      }
      extents.push_back(extent.value_or(0));
    }
  }
  if (!known) return {};
  return extents;
}

Value Elaborator::index(const ast::Index& node, Span span) {
  const Value base = eval(*node.base);
  if (base.poisoned()) return base;
  if (base.is<Layers>()) {
    std::vector<std::int64_t> key;
    for (const ast::Expr& subscript : node.subscripts) {
      const auto number = integer(subscript);
      if (!number) return Poison{};
      key.push_back(*number);
    }
    const auto& numbers = base.as<Layers>().numbers;
    const auto found = numbers.find(key);
    if (found == numbers.end()) {
      report(DiagnosticKind::unknown_name, span, "layer", "with these subscripts");
      return Poison{};
    }
    return Layers{{{{}, found->second}}};
  }
  if (base.is<List>() || base.is<Qubits>()) return index_list(base, node);
  if (base.is<Tensor>()) return index_tensor(base, node, span);
  if (base.is<Measured>()) return index_measured(base.as<Measured>(), node, span);
  return expected("a tensor, a list or a register", base, node.base->span);
}

/// The numbers of a range, or the one of a point.
std::optional<Elaborator::Stretch> Elaborator::subscript_stretch(const ast::Expr& subscript) {
  if (const auto* range = std::get_if<ast::Range>(&subscript.node)) return stretch(*range);
  const auto number = integer(subscript);
  if (!number) return std::nullopt;
  return Stretch{*number, *number + 1, 1};
}

/// Lists and registers: one item, or those of a range; further subscripts go into the items.
Value Elaborator::index_list(const Value& base, const ast::Index& node) {
  Value value = base;
  for (const ast::Expr& subscript : node.subscripts) {
    const bool range = std::holds_alternative<ast::Range>(subscript.node);
    const auto taken = subscript_stretch(subscript);
    if (!taken) return Poison{};
    const Stretch numbers = *taken;
    if (!value.is<List>() && !value.is<Qubits>()) return expected("a list or a register", value, node.base->span);
    const bool list = value.is<List>();
    const auto size =
        static_cast<std::int64_t>(list ? value.as<List>().items.size() : value.as<Qubits>().numbers.size());
    List items;
    Qubits qubits;
    for (std::int64_t k = numbers.begin; k < numbers.end; k += numbers.step) {
      if (k < 0 || k >= size) {
        report(DiagnosticKind::index_range, subscript.span, k, size);
        return Poison{};
      }
      if (list)
        items.items.push_back(value.as<List>().items[k]);
      else
        qubits.numbers.push_back(value.as<Qubits>().numbers[k]);
    }
    if (!list)
      value = std::move(qubits);
    else if (range)
      value = std::move(items);
    else
      value = Value(items.items[0]);
  }
  return value;
}

Value Elaborator::index_tensor(const Value& base, const ast::Index& node, Span span) {
  const ValueId id = base.as<Tensor>().id;
  const Shape from = graph_.shape(id);
  if (node.subscripts.size() > from.size()) {
    report(DiagnosticKind::index_count, span, node.subscripts.size(), from.size(), graph::to_string(from));
    return Poison{};
  }
  std::vector<std::int64_t> start(from.size(), 0), step(from.size(), 1);
  Shape taken = from, kept;
  bool points = node.subscripts.size() == from.size();
  for (std::size_t axis = 0; axis < from.size(); ++axis) {
    if (axis >= node.subscripts.size()) {
      kept.push_back(from[axis]);
      continue;
    }
    const ast::Expr& subscript = node.subscripts[axis];
    const bool range = std::holds_alternative<ast::Range>(subscript.node);
    const auto found = subscript_stretch(subscript);
    if (!found) return Poison{};
    const Stretch numbers = *found;
    points &= !range;
    const std::int64_t last = numbers.begin + numbers.step * (numbers.count() - 1);
    if (numbers.count() < 1) {
      report(DiagnosticKind::bad_shape, subscript.span, "the slice is empty");
      return Poison{};
    }
    if (numbers.begin < 0 || last >= from[axis]) {
      report(DiagnosticKind::index_range, subscript.span, numbers.begin < 0 ? numbers.begin : last, from[axis])
          .note(fmt::format("the tensor is {}", graph::to_string(from)), node.base->span);
      return Poison{};
    }
    start[axis] = numbers.begin;
    step[axis] = numbers.step;
    taken[axis] = numbers.count();
    if (range) kept.push_back(numbers.count());
  }
  if (points) {
    std::int64_t element = 0;
    for (std::size_t axis = 0; axis < from.size(); ++axis) element = element * from[axis] + start[axis];
    return Element{id, element, 1, 0};
  }
  return Tensor{builder_.reshape(builder_.slice(id, std::move(start), std::move(step), std::move(taken)), kept)};
}

}  // namespace qiln::elaboration
