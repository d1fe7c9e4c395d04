#include "dsl/print_expression.h"

#include <fmt/format.h>

#include <utility>

namespace qiln::dsl {
namespace {

struct OperatorText {
  std::string_view text;
  Level level;
};

/// In order of `ast::BinaryOp`.
constexpr OperatorText kBinary[] = {
    {"+", Level::additive},       {"-", Level::additive},        {"*", Level::multiplicative},
    {"/", Level::multiplicative}, {"//", Level::multiplicative}, {"%", Level::multiplicative},
    {"^", Level::power},          {"<", Level::comparison},      {"<=", Level::comparison},
    {">", Level::comparison},     {">=", Level::comparison},     {"==", Level::comparison},
    {"!=", Level::comparison},    {"and", Level::logical_and},   {"or", Level::logical_or},
    {"++", Level::join}};

Level tighter(Level level) { return static_cast<Level>(static_cast<int>(level) + 1); }

std::string quote(const std::string& text) {
  std::string result = "\"";
  for (char c : text) {
    if (c == '\n') {
      result += "\\n";
    } else {
      if (c == '"' || c == '\\') result += '\\';
      result += c;
    }
  }
  return result + '"';
}

std::string real(const ast::Real& node) {
  if (!node.spelling.empty()) return node.spelling;
  const std::string text = fmt::format("{}", node.value);
  return text.find_first_of(".e") == std::string::npos ? text + ".0" : text;
}

/// The text of a node and how tightly it holds.
struct Printed {
  std::string text;
  Level level = Level::postfix;
};

struct Printer {
  Printed operator()(const ast::Integer& node) const {
    return {std::to_string(node.value), node.value < 0 ? Level::unary : Level::postfix};
  }
  Printed operator()(const ast::Real& node) const {
    return {real(node), node.value < 0 ? Level::unary : Level::postfix};
  }
  Printed operator()(const ast::Boolean& node) const { return {node.value ? "true" : "false"}; }
  Printed operator()(const ast::String& node) const { return {quote(node.value)}; }
  Printed operator()(const ast::Reference& node) const { return {node.name}; }
  Printed operator()(const ast::LeadingAxes& node) const { return {node.name + ".."}; }

  Printed operator()(const ast::Unary& node) const {
    if (node.op == ast::UnaryOp::negate) return {"-" + print_expression(*node.operand, Level::unary), Level::unary};
    return {"not " + print_expression(*node.operand, Level::logical_not), Level::logical_not};
  }

  Printed operator()(const ast::Binary& node) const {
    const auto& [text, level] = kBinary[static_cast<std::size_t>(node.op)];
    Level left = level;
    Level right = tighter(level);
    if (level == Level::comparison) left = right;
    if (level == Level::power) std::tie(left, right) = std::pair(Level::postfix, Level::unary);
    return {fmt::format("{} {} {}", print_expression(*node.left, left), text, print_expression(*node.right, right)),
            level};
  }

  Printed operator()(const ast::Conditional& node) const {
    return {fmt::format("if {} then {} else {}", print_expression(*node.condition), print_expression(*node.then),
                        print_expression(*node.otherwise, Level::conditional)),
            Level::conditional};
  }

  Printed operator()(const ast::Range& node) const {
    std::string text =
        print_expression(*node.begin, Level::logical_or) + ".." + print_expression(*node.end, Level::logical_or);
    if (node.step) text += " step " + print_expression(**node.step, Level::logical_or);
    return {text, Level::pipe};
  }

  Printed operator()(const ast::Call& node) const {
    const std::string text = print_expression(*node.callee, Level::postfix) +
                             (node.bare ? std::string() : "(" + print_arguments(node.arguments) + ")");
    return node.frozen ? Printed{"freeze " + text, Level::power} : Printed{text};
  }

  Printed operator()(const ast::Pipe& node) const {
    return {head(node) + " |> " + print_expression(*node.stage), Level::pipe};
  }

  Printed operator()(const ast::Index& node) const {
    std::string base = print_expression(*node.base, Level::postfix);
    if (base == "sum" || base == "max") base = "(" + base + ")";  // else a reduction
    return {base + "[" + print_list(node.subscripts) + "]"};
  }

  Printed operator()(const ast::List& node) const { return {"[" + print_list(node.elements) + "]"}; }
  Printed operator()(const ast::Tuple& node) const { return {"(" + print_list(node.elements) + ")"}; }

  Printed operator()(const ast::Comprehension& node) const {
    std::string text = "[" + print_expression(*node.element);
    for (const ast::Generator& generator : node.generators)
      text += fmt::format(" for {} in {}", generator.index.text, print_expression(*generator.domain));
    return {text + "]"};
  }

  Printed operator()(const ast::Reduction& node) const {
    std::string indices;
    for (const ast::ReductionIndex& index : node.indices) {
      if (!indices.empty()) indices += ", ";
      indices += index.name.text;
      if (index.range) indices += " in " + print_expression(**index.range);
    }
    return {fmt::format("{}[{}] {}", node.op == ast::ReductionOp::sum ? "sum" : "max", indices,
                        print_expression(*node.body, Level::multiplicative)),
            Level::reduction};
  }

  /// What stands before the last `|>`. A conditional there would parse, but read as if the pipe were its last branch's.
  static std::string head(const ast::Pipe& node) {
    const bool chain = std::holds_alternative<ast::Pipe>(node.value->node);
    return print_expression(*node.value, chain ? Level::pipe : Level::logical_or);
  }
};

}  // namespace

std::string print_expression(const ast::Expr& expr, Level at_least) {
  const Printed printed = std::visit(Printer{}, expr.node);
  return printed.level < at_least ? "(" + printed.text + ")" : printed.text;
}

std::string print_arguments(const std::vector<ast::Argument>& arguments) {
  std::string text;
  for (const ast::Argument& argument : arguments) {
    if (!text.empty()) text += ", ";
    if (argument.name) text += argument.name->text + " = ";
    text += print_expression(*argument.value);
  }
  return text;
}

std::string print_list(const std::vector<ast::Expr>& elements) {
  std::string text;
  for (const ast::Expr& element : elements) {
    if (!text.empty()) text += ", ";
    text += print_expression(element);
  }
  return text;
}

std::string print_broken_pipe(const ast::Pipe& pipe, const std::string& indent) {
  const auto* before = std::get_if<ast::Pipe>(&pipe.value->node);
  const std::string head = before ? print_broken_pipe(*before, indent) : Printer::head(pipe);
  return fmt::format("{}\n{}|> {}", head, indent, print_expression(*pipe.stage));
}

}  // namespace qiln::dsl
