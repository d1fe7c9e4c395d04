#pragma once

#include "compiler/graph/graph.h"

namespace qiln::passes {

/// 3x3 convolutions of stride 1 and padding 1 with weights alone, their gradients in the image, and sums over the batch
/// of their gradients in the weights become Winograd's F(2x2, 3x3) (graph/winograd.h), where a cost in multiply-adds of
/// lane vectors says that it pays: 16 multiplications for each 2x2 results in place of up to 36, but images, responses
/// and weights are transformed. Runs after differentiation. Does not sweep what becomes unused. Values agree to
/// rounding that is no worse than that of the sums themselves. True when anything was replaced.
bool winograd(graph::Graph& graph);

}  // namespace qiln::passes
