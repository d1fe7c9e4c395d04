#pragma once

#include "compiler/graph/graph.h"

namespace qiln::passes {

/// Replaces each `circuit` node whose readings are products of one-qubit expectations by those products, as ordinary
/// graph values. That is so where every observable, carried backwards through diagonals, permutations and other gates
/// that keep it one Pauli string, reaches a product state made by one-qubit gates: <Z> after RY(a) on |0> is cos a. The
/// number of nodes added does not depend on the circuit's width or depth, but for the log of the width. True when any
/// was replaced.
bool closed_form(graph::Graph& graph);

}  // namespace qiln::passes
