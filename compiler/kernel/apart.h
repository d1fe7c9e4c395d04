// Why a nest that reads what another one computes is a nest of its own, in words for people.
#pragma once

#include <string>
#include <vector>

#include "compiler/graph/graph.h"
#include "compiler/kernel/cluster.h"

namespace qiln::kernel {

/// A line for each reason: "apart from nest 12, 15: …". `nests[k]` names the nests of cluster k, those before `cluster`
/// in any order at least. `writers`: find_writers.
std::vector<std::string> why_apart(const graph::Graph& graph, const Clusters& clusters,
                                   const std::vector<std::vector<int>>& writers, const std::vector<std::string>& nests,
                                   int cluster);

}  // namespace qiln::kernel
