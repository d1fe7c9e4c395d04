// First values of parameters.
#pragma once

#include <cstdint>
#include <span>

#include "compiler/graph/graph.h"

namespace qiln::train {

/// Draws a parameter's first values as its initialiser says, with the random numbers of its path: they depend on the
/// seed and the path alone, so that models which share a part start it alike.
void initialise(const graph::ParamAttributes& attributes, std::uint64_t seed, std::span<float> values);

}  // namespace qiln::train
