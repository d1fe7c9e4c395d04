// Reverse-mode differentiation on the graph, before scheduling, so that backward nodes fuse like forward ones.
#pragma once

#include <span>
#include <vector>

#include "compiler/graph/graph.h"

namespace qiln {

/// Appends nodes that compute the gradients of `loss`, a uniform scalar [], with respect to each value of `wrt`.
/// Result i has the type of wrt[i]; for a varying one it is per sample. Where nothing flows (no path, or all paths
/// cut) the result is a constant zero of that shape.
///
/// Cuts: stop_gradient, floor, less, equal and the condition of select. Ties: maximum and minimum give everything to
/// the first operand, reduce_max shares equally; relu and abs have derivative 0 at 0. Circuits must have become blocks
/// before (`circuit` has no rule), and the two adjoint primitives have none.
///
/// Uniform and varying. The cotangent of a varying value is per sample; it may itself be typed uniform, which means
/// that it is the same for every sample (as right after batch_sum). A uniform operand of a varying node receives the
/// sum over the batch of its contribution: batch_sum of a varying one, the number of samples times a uniform one (that
/// number is batch_sum of a varying 1). Before the sum, a contribution runs back through broadcast, reshape and permute
/// of the uniform side, so that a bias gets batch_sum(reduce_sum(cotangent)). Where a varying result is needed but the
/// cotangent is typed uniform, select(v, c, c) makes it varying; simplification must not drop it (it carries the type).
///
/// Contributions to one value are added in descending order of their users, operands ascending, so the graph is a
/// function of its input alone.
std::vector<graph::ValueId> gradients(graph::Graph& g, graph::ValueId loss, std::span<const graph::ValueId> wrt);

}  // namespace qiln
