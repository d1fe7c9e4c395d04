#pragma once

#include "dsl/grammar/config.h"

/// Every rule that more than one file of the grammar uses. A rule's text is what a message says was expected.
namespace qiln::dsl::grammar {

// clang-format off
#define QILN_RULE(name, Attribute, expected)                       \
  using name##_type = x3::rule<struct name##_class, Attribute>;    \
  inline const name##_type name{expected};                         \
  BOOST_SPIRIT_DECLARE(name##_type)

// expression.cpp: from the loosest operator inwards
QILN_RULE(expression, ast::Expr, "an expression")
QILN_RULE(logical_or, ast::Expr, "an expression")
QILN_RULE(range_or_expression, ast::Expr, "an expression or a range")

// arithmetic.cpp
QILN_RULE(joined, ast::Expr, "an expression")
QILN_RULE(multiplicative, ast::Expr, "an expression")

// primary.cpp
QILN_RULE(postfix, ast::Expr, "an expression")
QILN_RULE(subscripts, std::vector<ast::Expr>, "`[`")
QILN_RULE(arguments, std::vector<ast::Argument>, "`(`")
QILN_RULE(generator, ast::Generator, "`for`")
QILN_RULE(quoted, std::string, "a string in double quotes")

// signature.cpp
QILN_RULE(shape, ast::Shape, "a shape in brackets")
QILN_RULE(parameters, std::vector<ast::Parameter>, "`(`")
QILN_RULE(registers, std::vector<ast::Register>, "a register")

// statement.cpp
QILN_RULE(block, ast::Block, "`{`")
QILN_RULE(const_statement, ast::Const, "`const`")

// binding.cpp
QILN_RULE(any_binding, ast::Statement, "a binding")

// circuit.cpp
QILN_RULE(qubits_statement, ast::QubitsStatement, "`qubits`")
QILN_RULE(gate_statement, ast::GateStatement, "a gate")

// noise.cpp
QILN_RULE(noise_model, ast::NoiseModelStatement, "`noise_model`")
QILN_RULE(measure_statement, ast::MeasureStatement, "`measure`")
QILN_RULE(when_statement, ast::WhenStatement, "`when`")

// settings.cpp
QILN_RULE(settings, ast::Settings, "a settings block")

// item.cpp
QILN_RULE(items, std::vector<ast::Item>, "an item")
QILN_RULE(lone_expression, ast::Expr, "an expression")

#undef QILN_RULE
// clang-format on

}  // namespace qiln::dsl::grammar

/// Ends a file of the grammar: instantiates a rule for the one iterator and context.
#define QILN_INSTANTIATE(name) BOOST_SPIRIT_INSTANTIATE(name##_type, Iterator, Context)
