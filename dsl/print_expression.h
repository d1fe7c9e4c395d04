#pragma once

#include <string>

#include "dsl/ast.h"

namespace qiln::dsl {

/// How tightly an expression holds together, loosest first. A reduction takes the product behind it, so it may be an
/// operand of a sum but not of a product.
enum class Level {
  pipe,
  conditional,
  logical_or,
  logical_and,
  logical_not,
  comparison,
  join,
  additive,
  reduction,
  multiplicative,
  unary,
  power,
  postfix,
};

/// The text of an expression, in parentheses when it is looser than `at_least`.
std::string print_expression(const ast::Expr& expr, Level at_least = Level::pipe);
std::string print_arguments(const std::vector<ast::Argument>& arguments);
/// Joined by commas, without brackets.
std::string print_list(const std::vector<ast::Expr>& elements);
/// A pipe over several lines, each stage on its own after `indent`.
std::string print_broken_pipe(const ast::Pipe& pipe, const std::string& indent);

}  // namespace qiln::dsl
