// Random graphs with random shapes, for property tests: rules against central differences, kernels against the
// reference.
#pragma once

#include "compiler/graph/build.h"
#include "tests/runtime/differences.h"

namespace qiln::test {

struct RandomGraphOptions {
  int operations = 12;
  bool smooth = true;  // no kinks, jumps or ties: central differences hold everywhere
  bool movement = true;
  std::int64_t largest_extent = 5;
};

/// A graph over varying inputs `x0`, `x1`, … and parameters `p0`, `p1`, … whose outputs are all values that nothing
/// uses: `y0`, `y1`, … . Values stay of order 1 for leaves in [-1, 1): arguments of log, sqrt, divisors and bases are
/// kept positive, sums are scaled by one over the square root of their length. One seed gives one graph.
graph::Graph random_graph(std::uint64_t seed, const RandomGraphOptions& options = {});

/// A uniform scalar that depends on all outputs: the sum of their weighted losses (differences.h).
graph::ValueId total_loss(graph::Graph& g);

}  // namespace qiln::test
