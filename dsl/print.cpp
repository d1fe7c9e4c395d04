#include "dsl/print.h"

#include <fmt/format.h>

#include "dsl/print_expression.h"

namespace qiln::dsl {
namespace {

constexpr std::size_t kColumns = 120;

std::string indent_of(int depth) { return std::string(static_cast<std::size_t>(2 * depth), ' '); }

std::string print_parameters(const std::vector<ast::Parameter>& parameters) {
  std::string text;
  for (const ast::Parameter& parameter : parameters) {
    if (!text.empty()) text += ", ";
    text += parameter.name.text;
    if (parameter.shape) text += ": " + print(*parameter.shape);
    if (parameter.type) {
      text += ": " + parameter.type->name.text;
      if (!parameter.type->arguments.empty()) text += "[" + print_list(parameter.type->arguments) + "]";
    }
    if (parameter.default_value) text += " = " + print_expression(*parameter.default_value);
  }
  return "(" + text + ")";
}

std::string print_registers(const std::vector<ast::Register>& registers) {
  std::string text;
  for (const ast::Register& reg : registers) {
    if (!text.empty()) text += ", ";
    text += reg.name.text;
    if (reg.size) text += "[" + print_expression(*reg.size) + "]";
  }
  return text;
}

std::string print_left(const ast::IndexBinding& node) {
  std::string text;
  for (const ast::LeftSubscript& subscript : node.subscripts) {
    if (!text.empty()) text += ", ";
    text += print_expression(subscript.index);
    if (subscript.range) text += " in " + print_expression(*subscript.range);
  }
  return node.name.text + "[" + text + "]";
}

std::string print_block(const ast::Block& block, int depth);

/// `left = value`, over several lines when one is too long.
std::string print_assignment(const std::string& left, const ast::Expr& value, int depth) {
  const std::string line = left + " = " + print_expression(value);
  const std::string deeper = indent_of(depth + 2);
  if (indent_of(depth).size() + line.size() <= kColumns) return line;
  if (const auto* pipe = std::get_if<ast::Pipe>(&value.node)) return left + " = " + print_broken_pipe(*pipe, deeper);
  return left + "\n" + deeper + "= " + print_expression(value);
}

/// One statement without indentation before it.
struct StatementPrinter {
  int depth;

  std::string operator()(const ast::Binding& node) const {
    return print_assignment(node.name.text + (node.shape ? ": " + print(*node.shape) : ""), node.value, depth);
  }
  std::string operator()(const ast::Declaration& node) const { return node.name.text + ": " + print(node.shape); }
  std::string operator()(const ast::IndexBinding& node) const {
    return print_assignment(print_left(node), node.value, depth);
  }
  std::string operator()(const ast::Const& node) const {
    return print_assignment("const " + node.name.text, node.value, depth);
  }
  std::string operator()(const ast::ParamStatement& node) const {
    const std::string text =
        fmt::format("{} {}: {}", node.trained ? "param" : "buffer", node.name.text, print(node.shape));
    return node.initialiser ? text + " ~ " + print_expression(*node.initialiser) : text;
  }
  std::string operator()(const ast::LayerStatement& node) const {
    const std::string subscripts = node.subscripts.empty() ? "" : "[" + print_list(node.subscripts) + "]";
    return print_assignment("layer " + node.name.text + subscripts, node.value, depth);
  }
  std::string operator()(const ast::ReturnStatement& node) const {
    const std::string line = "return " + print_expression(node.value);
    const auto* pipe = std::get_if<ast::Pipe>(&node.value.node);
    if (!pipe || indent_of(depth).size() + line.size() <= kColumns) return line;
    return "return " + print_broken_pipe(*pipe, indent_of(depth + 2));
  }
  std::string operator()(const ast::ForStatement& node) const {
    return fmt::format("for {} in {} {}", node.generator.index.text, print_expression(*node.generator.domain),
                       print_block(node.body, depth));
  }
  std::string operator()(const ast::IfStatement& node) const {
    std::string text = fmt::format("if {} {}", print_expression(node.condition), print_block(node.then, depth));
    if (node.otherwise.empty()) return text;
    const bool chained =
        node.otherwise.size() == 1 && std::holds_alternative<ast::IfStatement>(node.otherwise.front().node);
    return text + " else " +
           (chained ? std::visit(*this, node.otherwise.front().node) : print_block(node.otherwise, depth));
  }
  std::string operator()(const ast::QubitsStatement& node) const { return "qubits " + print_registers(node.registers); }
  std::string operator()(const ast::GateStatement& node) const {
    std::string text;
    for (const ast::Modifier& modifier : node.modifiers) {
      if (modifier.kind == ast::ModifierKind::inverse) text += "inv @ ";
      if (modifier.kind == ast::ModifierKind::control) text += "ctrl @ ";
      if (modifier.kind == ast::ModifierKind::power)
        text += fmt::format("pow({}) @ ", print_expression(*modifier.exponent));
    }
    text += node.name.text;
    if (!node.arguments.empty()) text += "(" + print_arguments(node.arguments) + ")";
    const char* separator = " ";
    for (const ast::Expr& operand : node.operands) {
      text += separator + print_expression(operand, Level::join);
      separator = ", ";
    }
    return text;
  }
  std::string operator()(const ast::NoiseModelStatement& node) const {
    std::string line, lines;
    for (const ast::NoiseRule& rule : node.rules) {
      const char* place = rule.place == ast::NoisePlace::after_one   ? "after 1q"
                          : rule.place == ast::NoisePlace::after_two ? "after 2q"
                                                                     : "before readout";
      std::string text = fmt::format("{}: {}", place, rule.channel.text);
      if (!rule.arguments.empty()) text += "(" + print_arguments(rule.arguments) + ")";
      line += (line.empty() ? "" : ", ") + text;
      lines += indent_of(depth + 1) + text + "\n";
    }
    if (node.rules.empty()) return "noise_model {}";
    if (indent_of(depth).size() + line.size() + 16 <= kColumns) return fmt::format("noise_model {{ {} }}", line);
    return fmt::format("noise_model {{\n{}{}}}", lines, indent_of(depth));
  }
  std::string operator()(const ast::MeasureStatement& node) const {
    return fmt::format("{} = measure {}", node.name.text, print_expression(node.operand, Level::join));
  }
  std::string operator()(const ast::WhenStatement& node) const {
    return fmt::format("when {} {}", print_expression(node.condition, Level::join), print_block(node.body, depth));
  }
};

std::string print_block(const ast::Block& block, int depth) {
  if (block.empty()) return "{}";
  std::string text = "{\n";
  for (const ast::Statement& statement : block)
    text += indent_of(depth + 1) + std::visit(StatementPrinter{depth + 1}, statement.node) + "\n";
  return text + indent_of(depth) + "}";
}

struct ItemPrinter {
  std::string operator()(const ast::Import& node) const {
    return "import " + print_expression({ast::String{node.path}, {}});
  }
  std::string operator()(const ast::Const& node) const { return StatementPrinter{0}(node); }
  std::string operator()(const ast::Function& node) const {
    return print_assignment("fn " + node.name.text + print_parameters(node.parameters), node.body, 0);
  }
  std::string operator()(const ast::Module& node) const {
    const std::string head =
        (node.kind == ast::ModuleKind::net ? "net " : "circuit ") + node.name.text + print_parameters(node.parameters);
    std::string result = node.result ? "-> " + print(*node.result) : "";
    if (node.result) result = (head.size() + result.size() + 3 > kColumns ? "\n    " : " ") + result;
    return head + result + " " + print_block(node.body, 0);
  }
  std::string operator()(const ast::Gate& node) const {
    const std::string parameters = node.parameters.empty() ? "" : print_parameters(node.parameters);
    return fmt::format("gate {}{} {} {}", node.name.text, parameters, print_registers(node.registers),
                       print_block(node.body, 0));
  }
  std::string operator()(const ast::Settings& node) const {
    if (node.settings.empty()) return node.block.text + " {}";
    std::string line, lines;
    for (const ast::Setting& setting : node.settings) {
      const std::string text = setting.key.text + " = " + print_expression(setting.value);
      line += (line.empty() ? "" : ", ") + text;
      lines += "  " + text + "\n";
    }
    if (node.block.text.size() + line.size() + 5 <= kColumns) return fmt::format("{} {{ {} }}", node.block.text, line);
    return fmt::format("{} {{\n{}}}", node.block.text, lines);
  }
};

std::string print_documentation(const std::string& documentation) {
  std::string text;
  std::size_t begin = 0;
  while (!documentation.empty() && begin <= documentation.size()) {
    const std::size_t end = std::min(documentation.find('\n', begin), documentation.size());
    text += end == begin ? "##\n" : "## " + documentation.substr(begin, end - begin) + "\n";
    begin = end + 1;
  }
  return text;
}

/// Whether two neighbours are one-liners of a kind, which need no blank line between them.
bool belong_together(const ast::Item& a, const ast::Item& b) {
  const bool short_kind = std::holds_alternative<ast::Import>(a.node) || std::holds_alternative<ast::Const>(a.node) ||
                          std::holds_alternative<ast::Settings>(a.node);
  return short_kind && a.node.index() == b.node.index() && b.documentation.empty();
}

}  // namespace

std::string print(const ast::Expr& expr) { return print_expression(expr); }

std::string print(const ast::Shape& shape) { return "[" + print_list(shape.axes) + "]"; }

std::string print(const ast::Statement& statement) { return std::visit(StatementPrinter{0}, statement.node); }

std::string print(const ast::Item& item) {
  return print_documentation(item.documentation) + std::visit(ItemPrinter{}, item.node);
}

std::string print(const ast::File& file) {
  std::string text;
  for (std::size_t i = 0; i < file.items.size(); ++i) {
    if (i > 0 && !belong_together(file.items[i - 1], file.items[i])) text += '\n';
    text += print(file.items[i]) + '\n';
  }
  return text;
}

}  // namespace qiln::dsl
