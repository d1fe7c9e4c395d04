#pragma once

#include "compiler/graph/graph.h"
#include "compiler/passes/block_cost.h"

namespace qiln::passes {

/// Replaces each `circuit` node by matrix entries as ordinary graph values, `apply_blocks` and `expval`. Gates that no
/// readout sees, or that can be moved into it, are left out. Blocks of like structure share one operand of
/// apply_blocks, [blocks, reals of a block], so that the number of nodes does not depend on width or depth; an operand
/// that needs weights only is uniform. Which blocks are fused depends on what the graph is for. True when there was any
/// circuit. Throws Error when one has channels left: other passes replace those.
bool lower_circuits(graph::Graph& graph, Purpose purpose = Purpose::gradients);

/// `value`, or if it is uniform and `operands` are not, an equal varying value: users of a node that is replaced rely
/// on its type.
graph::ValueId as_varying(graph::Graph& graph, graph::ValueId value, const std::vector<graph::ValueId>& operands);

}  // namespace qiln::passes
