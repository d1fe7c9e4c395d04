// From a contraction as the graph states it (any affine output map) to gather form: one phase for each residue of the
// output coordinates, each output point computed by summing over what reaches it.
#pragma once

#include <vector>

#include "compiler/graph/graph.h"
#include "compiler/kernel/kernel.h"

namespace qiln::kernel {

/// Where an operand lies: the element of tensor coordinate x is offset + strides . x of `argument`.
struct Placement {
  std::int32_t argument = 0;
  std::vector<std::int64_t> strides;
  std::int64_t offset = 0;
  graph::Shape shape;  // extents that the contraction's maps are checked against
};

std::vector<Phase> gather_phases(const graph::ContractAttributes& contract, const std::vector<Placement>& operands,
                                 const graph::Shape& result);

}  // namespace qiln::kernel
