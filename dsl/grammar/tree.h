#pragma once

#include <boost/fusion/include/at_c.hpp>

#include "dsl/grammar/config.h"

/// Actions that build operators.
namespace qiln::dsl::grammar {

/// The operator and operand just read, applied to what was read before: left-associative.
inline constexpr auto fold = [](auto& ctx) {
  auto& parts = x3::_attr(ctx);
  const OperatorAt op = boost::fusion::at_c<0>(parts);
  ast::Expr& right = boost::fusion::at_c<1>(parts);
  ast::Expr& left = x3::_val(ctx);
  const Span span = join(left.span, right.span);
  left = ast::Expr{ast::Binary{op.op, std::move(left), std::move(right), op.span}, span};
};

/// A prefix operator applied to the operand just read.
template <ast::UnaryOp op>
inline constexpr auto negate = [](auto& ctx) {
  x3::_val(ctx).node = ast::Unary{op, std::move(x3::_attr(ctx))};
};

}  // namespace qiln::dsl::grammar
