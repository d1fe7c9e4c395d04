// Registers joined, sums, products, signs, powers, and reductions over indices.
#include "dsl/grammar/rules.h"
#include "dsl/grammar/tree.h"

namespace qiln::dsl::grammar {
namespace {

constexpr Operator kJoin[] = {{"++", ast::BinaryOp::join}};
constexpr Operator kSums[] = {{"+", ast::BinaryOp::add}, {"-", ast::BinaryOp::subtract}};
constexpr Operator kProducts[] = {{"*", ast::BinaryOp::multiply},
                                  {"/", ast::BinaryOp::divide},
                                  {"//", ast::BinaryOp::floor_divide},
                                  {"%", ast::BinaryOp::modulo}};
constexpr Operator kPower[] = {{"^", ast::BinaryOp::power}};

const auto is_max = [](auto& ctx) { x3::_val(ctx).op = ast::ReductionOp::max; };

}  // namespace

const x3::rule<struct additive_class, ast::Expr> additive{"an expression"};
const x3::rule<struct unary_class, ast::Expr> unary{"an expression"};
const x3::rule<struct power_class, ast::Expr> power{"an expression"};
const x3::rule<struct reduction_class, ast::Reduction> reduction{"a reduction"};
const x3::rule<struct reduction_index_class, ast::ReductionIndex> reduction_index{"an index"};

const auto joined_def = spanned(additive[become] >> *(OneOf(kJoin) > additive)[fold]);
const auto additive_def = spanned(multiplicative[become] >> *(OneOf(kSums) > multiplicative)[fold]);
const auto multiplicative_def = spanned(unary[become] >> *(OneOf(kProducts) > unary)[fold]);

/// A reduction takes the whole product behind it; `^` binds tighter than a sign before it and takes one after it.
const auto unary_def =
    spanned((symbol("-", ">") > unary[negate<ast::UnaryOp::negate>]) | reduction[become_node] | power[become]);
const auto power_def = spanned(postfix[become] >> -(OneOf(kPower) > unary)[fold]);

const auto reduction_def = (word("sum") | word("max")[is_max]) >>
                           symbol("[") > reduction_index[append<&ast::Reduction::indices>] >
                           *(symbol(",") > reduction_index[append<&ast::Reduction::indices>]) >
                           symbol("]") > multiplicative[set<&ast::Reduction::body>];
const auto reduction_index_def = name[set<&ast::ReductionIndex::name>] >>
                                 -(word("in") > range_or_expression[set<&ast::ReductionIndex::range>]);

BOOST_SPIRIT_DEFINE(joined, additive, multiplicative, unary, power, reduction, reduction_index)
QILN_INSTANTIATE(joined)
QILN_INSTANTIATE(multiplicative)

}  // namespace qiln::dsl::grammar
