// Which values are computed together and which are stored. A cluster becomes one nest.
//
// Stored: operands of contractions and circuits, parts of a concat, outputs, values read through a view that is not the
// identity, uniform values read by varying ones, and whatever is read outside its cluster. A pointwise value that is
// read elsewhere but costs little given values stored anyway is computed again instead (it is then in no cluster). The
// operand of a reduction is evaluated inside it (prologue) where nothing else reads it and that adds no buffer, and so
// is that of a scatter: a contraction that adds each element of its one factor into some element of its result.
// Uniform values that depend on less than others (Dependence) share no cluster with them, so that they can be computed
// less often.
#pragma once

#include <vector>

#include "compiler/graph/graph.h"
#include "compiler/kernel/kernel.h"
#include "compiler/kernel/view.h"

namespace qiln::kernel {

/// A store beside those of the members.
struct Sink {
  enum class Kind : std::uint8_t { batch_sum, part } kind = Kind::batch_sum;
  graph::ValueId value = graph::no_value;   // evaluated at the cluster's coordinates
  graph::ValueId target = graph::no_value;  // the batch_sum, or the concat
  std::int64_t offset = 0;                  // part: its first element in the concat
};

struct Load {
  graph::ValueId root = graph::no_value;
  bool identity = false;
  bool operator==(const Load&) const = default;
};

struct Cluster {
  enum class Kind : std::uint8_t { pointwise, reduce, contract, scatter, circuit, copy } kind = Kind::pointwise;
  graph::ValueId anchor = graph::no_value;  // the first member; of a copy of a part the value copied
  bool varying = false;
  Dependence dependence = Dependence::run;  // of all that it writes
  int level = 0;
  graph::Shape space;
  std::vector<graph::ValueId> members;  // ascending
  std::vector<Sink> sinks;
  std::vector<Load> loads;  // roots read from buffers
  bool merged = false;      // into another: no longer there
};

/// Where a stored value lies when it is not in a buffer of its own.
struct Part {
  graph::ValueId concat = graph::no_value;
  std::int64_t offset = 0;
};

struct Clusters {
  std::vector<bool> live;
  std::vector<View> views;
  std::vector<int> level;  // varying values of level n are computed after uniform ones of level n; batch_sum adds one
  std::vector<Dependence> dependence;  // varying values: run
  std::vector<bool> stored;
  std::vector<bool> inlined;    // evaluated where it is read
  std::vector<Part> part_of;    // placed straight in a concat
  std::vector<int> cluster_of;  // -1: leaves, views, inlined values, concats, batch sums
  std::vector<Cluster> clusters;
};

/// `fuse` false: every value is stored and every computation a cluster of its own.
Clusters find_clusters(const graph::Graph& graph, bool fuse);

/// The clusters that write the buffer of each value, or a part of it: the parts of a concat, the terms of a sum over
/// the batch.
std::vector<std::vector<int>> find_writers(const Clusters& clusters);

bool is_leaf(const graph::Node& node);       // input, param, constant: has a buffer from the start
bool is_scalar_op(const graph::Node& node);  // pointwise or random: an instruction of an expression

}  // namespace qiln::kernel
