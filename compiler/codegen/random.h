// Random numbers inside kernels: the formulas of runtime/random/philox.h on lane vectors.
#pragma once

#include "compiler/codegen/lane_builder.h"

namespace qiln::codegen {

/// The values at one point of a random tensor, lane l for sample first_sample + l; in a uniform nest a scalar, for
/// sample 0 of the block. Neighbouring elements share their Philox call once equal instructions are merged.
llvm::Value* emit_random(LaneBuilder& builder, const kernel::Instruction& instruction, std::span<const Coordinate> at);

}  // namespace qiln::codegen
