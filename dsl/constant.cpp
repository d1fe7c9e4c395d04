#include "dsl/constant.h"

#include <cmath>
#include <numbers>

namespace qiln::dsl {
namespace {

using Integers = std::optional<std::pair<std::int64_t, std::int64_t>>;
using Reals = std::optional<std::pair<double, double>>;

Integers integers(const Constant& a, const Constant& b) {
  const auto* x = std::get_if<std::int64_t>(&a.value);
  const auto* y = std::get_if<std::int64_t>(&b.value);
  return x && y ? Integers({*x, *y}) : std::nullopt;
}

Reals reals(const Constant& a, const Constant& b) {
  const auto x = a.number(), y = b.number();
  return x && y ? Reals({*x, *y}) : std::nullopt;
}

std::int64_t floor_divide(std::int64_t a, std::int64_t b) { return a / b - (a % b != 0 && (a < 0) != (b < 0)); }

/// a to the power b >= 0, nothing when it leaves 64 bits.
std::optional<std::int64_t> integer_power(std::int64_t a, std::int64_t b) {
  std::int64_t result = 1;
  if (a == 0 || a == 1 || b == 0) return b == 0 ? 1 : a;
  for (; b > 0; --b)
    if (__builtin_mul_overflow(result, a, &result)) return std::nullopt;
  return result;
}

/// Integer results of integer operands; nothing where reals take over or the operation has no value.
std::optional<Constant> integer_result(ast::BinaryOp op, std::int64_t a, std::int64_t b) {
  std::int64_t result = 0;
  switch (op) {
    case ast::BinaryOp::add:
      return __builtin_add_overflow(a, b, &result) ? std::nullopt : std::optional(Constant{result});
    case ast::BinaryOp::subtract:
      return __builtin_sub_overflow(a, b, &result) ? std::nullopt : std::optional(Constant{result});
    case ast::BinaryOp::multiply:
      return __builtin_mul_overflow(a, b, &result) ? std::nullopt : std::optional(Constant{result});
    case ast::BinaryOp::floor_divide:
      return b == 0 || b == -1 ? std::nullopt : std::optional(Constant{floor_divide(a, b)});
    case ast::BinaryOp::modulo:
      return b == 0 || b == -1 ? std::nullopt : std::optional(Constant{a - b * floor_divide(a, b)});
    case ast::BinaryOp::power: {
      if (b < 0) return std::nullopt;
      const auto power = integer_power(a, b);
      return power ? std::optional(Constant{*power}) : std::nullopt;
    }
    default:
      return std::nullopt;
  }
}

std::optional<Constant> real_result(ast::BinaryOp op, double a, double b) {
  switch (op) {
    case ast::BinaryOp::add:
      return Constant{a + b};
    case ast::BinaryOp::subtract:
      return Constant{a - b};
    case ast::BinaryOp::multiply:
      return Constant{a * b};
    case ast::BinaryOp::divide:
      return b == 0 ? std::nullopt : std::optional(Constant{a / b});
    case ast::BinaryOp::floor_divide:
      return b == 0 ? std::nullopt : std::optional(Constant{std::floor(a / b)});
    case ast::BinaryOp::modulo:
      return b == 0 ? std::nullopt : std::optional(Constant{a - b * std::floor(a / b)});
    case ast::BinaryOp::power:
      return Constant{std::pow(a, b)};
    case ast::BinaryOp::less:
      return Constant{a < b};
    case ast::BinaryOp::less_equal:
      return Constant{a <= b};
    case ast::BinaryOp::greater:
      return Constant{a > b};
    case ast::BinaryOp::greater_equal:
      return Constant{a >= b};
    case ast::BinaryOp::equal:
      return Constant{a == b};
    case ast::BinaryOp::not_equal:
      return Constant{a != b};
    default:
      return std::nullopt;
  }
}

}  // namespace

std::optional<double> Constant::number() const {
  if (const auto* integer = std::get_if<std::int64_t>(&value)) return static_cast<double>(*integer);
  if (const auto* real = std::get_if<double>(&value)) return *real;
  return std::nullopt;
}

std::string kind_of(const Constant& constant) {
  constexpr const char* kNames[] = {"an integer", "a number", "a truth value", "a string", "a list"};
  return kNames[constant.value.index()];
}

std::string kind_of(const ast::Expr& expr) {
  if (std::holds_alternative<ast::Integer>(expr.node)) return "an integer";
  if (std::holds_alternative<ast::Real>(expr.node)) return "a number";
  if (std::holds_alternative<ast::Boolean>(expr.node)) return "a truth value";
  if (std::holds_alternative<ast::String>(expr.node)) return "a string";
  if (std::holds_alternative<ast::List>(expr.node)) return "a list";
  if (const auto name = name_of(expr)) return "`" + name->text + "`";
  return "an expression";
}

ConstantEvaluator::ConstantEvaluator(const ast::Program& program, Diagnostics& diagnostics)
    : diagnostics_(diagnostics) {
  for (const ast::File& file : program.files)
    for (const ast::Item& item : file.items)
      if (const auto* node = std::get_if<ast::Const>(&item.node)) items_[node->name.text] = {&node->value};
}

std::optional<Constant> ConstantEvaluator::evaluate(const ast::Expr& expr) {
  if (const auto* node = std::get_if<ast::Integer>(&expr.node)) return Constant{node->value};
  if (const auto* node = std::get_if<ast::Real>(&expr.node)) return Constant{node->value};
  if (const auto* node = std::get_if<ast::Boolean>(&expr.node)) return Constant{node->value};
  if (const auto* node = std::get_if<ast::String>(&expr.node)) return Constant{node->value};
  if (const auto* node = std::get_if<ast::Reference>(&expr.node)) return reference(node->name, expr.span);
  if (const auto* node = std::get_if<ast::Unary>(&expr.node)) return unary(*node, expr.span);
  if (const auto* node = std::get_if<ast::Binary>(&expr.node)) return binary(*node, expr.span);
  if (const auto* node = std::get_if<ast::Conditional>(&expr.node)) {
    const auto condition = evaluate(*node->condition);
    if (condition && std::holds_alternative<bool>(condition->value))
      return evaluate(std::get<bool>(condition->value) ? *node->then : *node->otherwise);
    if (!condition) return std::nullopt;
  }
  const auto* list = std::get_if<ast::List>(&expr.node);
  const auto* tuple = std::get_if<ast::Tuple>(&expr.node);
  if (list || tuple) {
    std::vector<Constant> elements;
    for (const ast::Expr& element : list ? list->elements : tuple->elements) {
      auto constant = evaluate(element);
      if (!constant) return std::nullopt;
      elements.push_back(std::move(*constant));
    }
    return Constant{std::move(elements)};
  }
  diagnostics_.report(DiagnosticKind::not_constant, expr.span, kind_of(expr));
  return std::nullopt;
}

std::optional<Constant> ConstantEvaluator::reference(const std::string& name, Span span) {
  if (name == "pi") return Constant{std::numbers::pi};
  const auto found = items_.find(name);
  if (found == items_.end()) {
    std::vector<std::string> names = {"pi"};
    for (const auto& [key, entry] : items_) names.push_back(key);
    diagnostics_.report(DiagnosticKind::unknown_name, span, "constant", name).did_you_mean(nearest(name, names));
    return std::nullopt;
  }
  if (found->second.open) {
    diagnostics_.report(DiagnosticKind::constant_cycle, span, name);
    return std::nullopt;
  }
  found->second.open = true;
  auto constant = evaluate(*found->second.expr);
  found->second.open = false;
  return constant;
}

std::optional<Constant> ConstantEvaluator::unary(const ast::Unary& node, Span span) {
  const auto operand = evaluate(*node.operand);
  if (!operand) return std::nullopt;
  if (node.op == ast::UnaryOp::logical_not) {
    if (const auto* truth = std::get_if<bool>(&operand->value)) return Constant{!*truth};
  } else {
    if (const auto* integer = std::get_if<std::int64_t>(&operand->value)) return Constant{-*integer};
    if (const auto* real = std::get_if<double>(&operand->value)) return Constant{-*real};
  }
  diagnostics_.report(DiagnosticKind::no_value, span).note("the operand is " + kind_of(*operand));
  return std::nullopt;
}

std::optional<Constant> ConstantEvaluator::binary(const ast::Binary& node, Span span) {
  const auto left = evaluate(*node.left);
  const auto right = evaluate(*node.right);
  if (!left || !right) return std::nullopt;
  std::optional<Constant> result;
  const auto* a = std::get_if<bool>(&left->value);
  const auto* b = std::get_if<bool>(&right->value);
  if (a && b && node.op == ast::BinaryOp::logical_and) result = Constant{*a && *b};
  if (a && b && node.op == ast::BinaryOp::logical_or) result = Constant{*a || *b};
  if (const auto pair = integers(*left, *right); !result && pair)
    result = integer_result(node.op, pair->first, pair->second);
  if (const auto pair = reals(*left, *right); !result && pair) result = real_result(node.op, pair->first, pair->second);
  if (!result)
    diagnostics_.report(DiagnosticKind::no_value, span)
        .note(fmt::format("the operands are {} and {}", kind_of(*left), kind_of(*right)));
  return result;
}

}  // namespace qiln::dsl
