// The contract emitter: register-tiled sums of products over affine accesses, borders dropped at compile time.
#pragma once

#include "compiler/codegen/lane_builder.h"

namespace qiln::codegen {

/// Emits the nest into the builder's function; returns the number of tiles.
std::int64_t emit_contract(LaneBuilder& builder);

}  // namespace qiln::codegen
