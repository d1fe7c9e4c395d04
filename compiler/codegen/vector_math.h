// Values of the pointwise primitives, as polynomials where the machine has no instruction. They work on any width and
// give the same bits at each. Budgets against the correctly rounded result: exp, log 2 ULP; sin, cos 4 ULP for
// |x| <= 1e5 (beyond, the error grows with |x| and the result stays within [-1, 1]); tanh, erf 4 ULP; sqrt and the
// arithmetic are exact to half a ULP. power: integer exponents up to 8 in magnitude are products; else the relative
// error is about (2 + |y| / 2) ULP. NaN propagates, except through the second choice of maximum and minimum.
#pragma once

#include <span>

#include "compiler/codegen/lane_builder.h"

namespace qiln::codegen {

/// The value of pointwise primitive `op`; operands are of the builder's `vector`.
llvm::Value* emit_primitive(LaneBuilder& builder, Primitive op, std::span<llvm::Value* const> operands);

llvm::Value* emit_log(LaneBuilder& builder, llvm::Value* x);
/// sin(2 pi u) or cos(2 pi u) for |u| < 2^20, reduced exactly.
llvm::Value* emit_sin_turns(LaneBuilder& builder, llvm::Value* u);
llvm::Value* emit_cos_turns(LaneBuilder& builder, llvm::Value* u);

}  // namespace qiln::codegen
