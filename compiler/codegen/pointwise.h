// The pointwise emitter: nests that are nothing but an expression, and expressions inside other nests (epilogues,
// prologues).
#pragma once

#include "compiler/codegen/lane_builder.h"

namespace qiln::codegen {

/// Emits the expression at one point and returns the value of each instruction. `accumulator` stands for
/// Instruction::Kind::accumulator.
std::vector<llvm::Value*> emit_expression(LaneBuilder& builder, const kernel::Expression& expression,
                                          std::span<const Coordinate> at, llvm::Value* accumulator);

/// Emits a whole pointwise nest into the builder's function; returns the number of tiles.
std::int64_t emit_pointwise(LaneBuilder& builder);

}  // namespace qiln::codegen
