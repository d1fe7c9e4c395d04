// From a cluster of graph values to a nest.
#pragma once

#include <vector>

#include "compiler/kernel/cluster.h"
#include "compiler/kernel/kernel.h"

namespace qiln::kernel {

/// Where a stored value or a leaf lies.
struct Home {
  BufferId buffer = -1;
  std::int64_t offset = 0;  // in elements
};

struct Homes {
  std::vector<Home> of;            // by value
  std::vector<BufferId> partial;   // of a batch_sum, else -1
  std::vector<BufferId> expanded;  // of a splat constant that a circuit or an output needs in full, else -1
};

/// The nest of a cluster, or those that together compute it. Adds the scratch buffers of a circuit to the program.
std::vector<Nest> lower(const graph::Graph& graph, const Clusters& clusters, int cluster, const Homes& homes,
                        Program& program);

/// Drops axes of extent 1 and joins neighbouring axes that all accesses pass in one stride: pointwise and reduce nests.
/// The space keeps at least one axis.
void simplify(Nest& nest);

}  // namespace qiln::kernel
