// Pipes, conditionals, logic, comparison and ranges.
#include "dsl/grammar/rules.h"
#include "dsl/grammar/tree.h"

namespace qiln::dsl::grammar {
namespace {

constexpr Operator kOr[] = {{"or", ast::BinaryOp::logical_or}};
constexpr Operator kAnd[] = {{"and", ast::BinaryOp::logical_and}};
constexpr Operator kComparisons[] = {{"<", ast::BinaryOp::less},    {"<=", ast::BinaryOp::less_equal},
                                     {">", ast::BinaryOp::greater}, {">=", ast::BinaryOp::greater_equal},
                                     {"==", ast::BinaryOp::equal},  {"!=", ast::BinaryOp::not_equal}};

const auto pipe = [](auto& ctx) {
  ast::Expr& value = x3::_val(ctx);
  const Span span = join(value.span, x3::_attr(ctx).span);
  value = {ast::Pipe{std::move(value), std::move(x3::_attr(ctx))}, span};
};

/// A name or an indexed name is a call without parentheses.
const auto become_stage = [](auto& ctx) {
  ast::Expr& stage = x3::_attr(ctx);
  if (std::holds_alternative<ast::Reference>(stage.node) || std::holds_alternative<ast::Index>(stage.node))
    stage.node = ast::Call{ast::Expr(stage), {}, false, true};
  x3::_pass(ctx) = std::holds_alternative<ast::Call>(stage.node);
  x3::_val(ctx) = std::move(stage);
};

const auto become_frozen = [](auto& ctx) {
  std::get<ast::Call>(x3::_attr(ctx).node).frozen = true;
  x3::_val(ctx) = std::move(x3::_attr(ctx));
};

const auto become_range = [](auto& ctx) {
  ast::Range range = std::move(x3::_attr(ctx));
  range.begin = std::move(x3::_val(ctx));
  x3::_val(ctx).node = std::move(range);
};

}  // namespace

const x3::rule<struct conditional_class, ast::Expr> conditional{"an expression"};
const x3::rule<struct if_then_else_class, ast::Conditional> if_then_else{"`if`"};
const x3::rule<struct stage_class, ast::Expr> stage{"a call"};
const x3::rule<struct bare_stage_class, ast::Expr> bare_stage{"a call"};
const x3::rule<struct logical_and_class, ast::Expr> logical_and{"an expression"};
const x3::rule<struct logical_not_class, ast::Expr> logical_not{"an expression"};
const x3::rule<struct comparison_class, ast::Expr> comparison{"an expression"};
const x3::rule<struct bounds_class, ast::Range> bounds{"a range"};

const auto expression_def = spanned(conditional[become] >> *(symbol("|>") > stage[pipe]));
const auto bare_stage_def = spanned(postfix[become_stage]);
const auto stage_def = spanned((word("freeze") > bare_stage[become_frozen]) | bare_stage[become]);

const auto conditional_def = spanned(if_then_else[become_node] | logical_or[become]);
const auto if_then_else_def = word("if") > expression[set<&ast::Conditional::condition>] >
                              word("then") > expression[set<&ast::Conditional::then>] >
                              word("else") > conditional[set<&ast::Conditional::otherwise>];

const auto logical_or_def = spanned(logical_and[become] >> *(OneOf(kOr) > logical_and)[fold]);
const auto logical_and_def = logical_not[become] >> *(OneOf(kAnd) > logical_not)[fold];
const auto logical_not_def =
    spanned((word("not") > logical_not[negate<ast::UnaryOp::logical_not>]) | comparison[become]);
const auto comparison_def = joined[become] >> -(OneOf(kComparisons) > joined)[fold];

const auto range_or_expression_def = spanned(expression[become] >> -(bounds[become_range]));
const auto bounds_def = symbol("..") > logical_or[set<&ast::Range::end>] >
                        -(word("step") > logical_or[set<&ast::Range::step>]);

BOOST_SPIRIT_DEFINE(expression, stage, bare_stage, conditional, if_then_else, logical_or, logical_and, logical_not,
                    comparison, range_or_expression, bounds)
QILN_INSTANTIATE(expression)
QILN_INSTANTIATE(logical_or)
QILN_INSTANTIATE(range_or_expression)

}  // namespace qiln::dsl::grammar
