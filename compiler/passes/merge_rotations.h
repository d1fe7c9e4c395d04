#pragma once

#include "compiler/graph/graph.h"

namespace qiln::passes {

/// Two turns about one axis (RX and RX, RZ and P, RZZ and RZZ, RZ and S) become one with the sum of their angles, with
/// nothing between them but operations that the second commutes with, as for cancel_inverses. Where the sum is of
/// different elements it is made by graph nodes, in one new operand for the sums that are uniform and one for the
/// others; gradients flow through it as through any sum (not where an operand has a value a place: such pairs stay).
/// True when any were merged.
bool merge_rotations(graph::Graph& graph);

}  // namespace qiln::passes
