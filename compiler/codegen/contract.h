// The contract emitter: register-tiled sums of products over affine accesses, borders dropped at compile time.
#pragma once

#include "compiler/codegen/lane_builder.h"

namespace qiln::codegen {

/// Evaluates the nest's epilogue at points of its space and makes the stores; `sums` are its accumulators there.
void emit_epilogue(LaneBuilder& builder, std::span<llvm::Value* const> sums,
                   std::span<const std::vector<Coordinate>> points);

/// Emits the nest into the builder's function; returns the number of tiles.
std::int64_t emit_contract(LaneBuilder& builder);

}  // namespace qiln::codegen
