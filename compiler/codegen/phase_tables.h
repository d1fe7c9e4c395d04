// The tables that blocks of phases are applied from.
#pragma once

#include "compiler/codegen/lane_builder.h"
#include "compiler/kernel/state_plan.h"

namespace qiln::codegen {

/// (angles...) -> for each block of phases the 2^n real, then the 2^n imaginary parts of its diagonal, in the order of
/// positions of the sweep that the block is in. A uniform nest; returns the number of tiles.
std::int64_t emit_phase_tables(LaneBuilder& builder, const kernel::StatePlan& plan);

}  // namespace qiln::codegen
