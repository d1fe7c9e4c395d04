// From the graph to the kernel level: which values are computed together, in which order, and where they lie.
#pragma once

#include <string>
#include <vector>

#include "compiler/graph/graph.h"
#include "compiler/kernel/kernel.h"

namespace qiln {

struct ScheduleOptions {
  int lanes = 16;        // samples a block
  bool fuse = true;      // false: one nest a node, every value stored
  bool explain = false;  // nests get notes why they are apart from those whose results they read
  /// Uniform outputs that lie one after another at the start of the uniform arena, in this order, laid out like the
  /// trainable params at the start of the parameter arena when the shapes are theirs.
  std::vector<std::string> contiguous_outputs;
};

/// `graph` holds no circuit node any more (the circuit passes turn it into blocks). The program's inputs and params are
/// all of the graph's, in its order; trainable params lie first in their arena.
kernel::Program schedule(const graph::Graph& graph, const ScheduleOptions& options = {});

}  // namespace qiln
