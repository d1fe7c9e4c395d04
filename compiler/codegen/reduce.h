// The reduce emitter: sums and maxima of an expression over the reduction indices, with an epilogue.
#pragma once

#include "compiler/codegen/lane_builder.h"

namespace qiln::codegen {

/// Emits the nest into the builder's function; returns the number of tiles. Each output element is accumulated in a
/// fixed order that does not depend on the tile range.
std::int64_t emit_reduce(LaneBuilder& builder);

}  // namespace qiln::codegen
