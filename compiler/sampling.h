// Finite shots, as ordinary nodes of a graph.
#pragma once

#include <string>

#include "compiler/graph/build.h"

namespace qiln {

/// The relative frequencies of `shots` independent draws from probabilities [K] or [places, K], each place with draws
/// of its own: the shape of `probabilities`, varying. Rounding in the probabilities' sum goes to the last outcome. The
/// uniform numbers come from the Philox site `site`. Costs shots * K comparisons a sample and place.
graph::ValueId multinomial(graph::Builder& builder, graph::ValueId probabilities, std::int64_t shots,
                           const std::string& site);

/// sum over k of matrix[i][k] values[.., k]: [.., rows]; `values` is [K] or [places, K], the matrix row-major.
graph::ValueId linear_map(graph::Builder& builder, std::vector<double> matrix, std::int64_t rows,
                          graph::ValueId values);

}  // namespace qiln
