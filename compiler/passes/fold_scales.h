#pragma once

#include "compiler/graph/graph.h"
#include "compiler/passes/block_cost.h"

namespace qiln::passes {

/// contract(w, x) * s becomes contract(w * s, x), and likewise for a quotient, where w and s depend on parameters and
/// constants alone (frozen batch norm behind a convolution or a linear layer), s is not a constant, each axis along
/// which s differs is an index that w carries, and nothing else reads what is scaled. Sums of such values may stand
/// between or behind: (contract(w, x) + b) * s + c becomes contract(w * s, x) + (b * s + c). Values agree to rounding.
///
/// For values alone w * s is made when parameters change, so this always pays. With gradients it is made in each step,
/// and read and summed again backwards: it pays where w has fewer elements than a batch's results, from which it takes
/// the scaling, the storing of what is scaled and the sum over the batch of s's derivative. Does not sweep what becomes
/// unused. True when anything was folded.
bool fold_scales(graph::Graph& graph, Purpose purpose);

}  // namespace qiln::passes
