// Gradients of a graph against central differences of the reference, in double.
#pragma once

#include <string>
#include <vector>

#include "compiler/graph/build.h"
#include "runtime/reference/evaluate.h"

namespace qiln::test {

using Feed = reference::Feed<double>;

/// An array of numbers from tests/reference/formula.h, floats in [offset - scale, offset + scale).
reference::Array<double> formula_array(std::uint32_t stream, std::int64_t rows, std::int64_t columns, double scale = 1,
                                       double offset = 0);

/// Feeds every input and parameter of `g` with formula_array, stream = first_stream + value id.
Feed formula_feed(const graph::Graph& g, std::int64_t batch, double scale = 1, double offset = 0,
                  std::uint32_t first_stream = 0);

/// Every input and parameter.
std::vector<graph::ValueId> leaves(const graph::Graph& g);

/// sum over the batch of sum over elements of formula weights * value; uniform values enter without the batch.
graph::ValueId weighted_loss(graph::Graph& g, graph::ValueId value);

/// Differentiates `loss` in all leaves, checks that the graph stays valid and compares up to `probes` entries of each
/// gradient with five-point differences of step `h`, whose own error is h^4 times the fifth derivative. Empty, or what
/// is off by more than tolerance * (1 + |gradient|), a line each.
std::string compare_gradients(graph::Graph g, graph::ValueId loss, const Feed& feed, int probes = 6, double h = 2e-3,
                              double tolerance = 1e-8);

}  // namespace qiln::test
