// Matrices of products of blocks, made once a step.
#pragma once

#include <span>

#include "compiler/graph/build.h"
#include "compiler/passes/fused_block.h"

namespace qiln::passes {

/// The entries of products of one structure (fuse_gates.h), [products, reals of a product], uniform: a circuit on the
/// products' qubits that starts from each of their basis states and runs through the parts gives the columns. Its
/// places are products and, within each, columns.
graph::ValueId product_entries(graph::Builder& builder, std::span<const FusedBlock* const> products,
                               std::span<const graph::ValueId> operands);

}  // namespace qiln::passes
