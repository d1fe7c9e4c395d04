// Winograd's F(2x2, 3x3) within the contract emitter: transforms by additions of lane vectors, between them one product
// of matrices a point, by the register tiles of contract_phase.h.
#pragma once

#include "compiler/codegen/lane_builder.h"

namespace qiln::codegen {

/// Emits a contraction that has a `winograd` plan; returns the number of tiles: the plan's strips times its blocks of
/// outputs, or the blocks alone where sums over strips are the result.
std::int64_t emit_winograd(LaneBuilder& builder);

}  // namespace qiln::codegen
