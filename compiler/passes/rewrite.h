// What the graph passes share: a graph is rebuilt front to back, each old value mapped to a new one.
#pragma once

#include <vector>

#include "compiler/graph/build.h"

namespace qiln::passes {

class Rewrite {
 public:
  explicit Rewrite(graph::Graph& graph);

  const graph::Graph& old() const { return graph_; }
  graph::Builder& builder() { return builder_; }
  const graph::Graph& fresh() const { return fresh_; }

  /// The node with its operands mapped; nodes built until the next call carry its origin.
  graph::Node mapped(graph::ValueId id);
  /// From now on users of the old `id` get the new `value`.
  void map(graph::ValueId id, graph::ValueId value) { values_[id] = value; }
  graph::ValueId append(graph::Node node);
  /// Replaces the graph by the rebuilt one.
  void finish();

 private:
  graph::Graph& graph_;
  graph::Graph fresh_;
  graph::Builder builder_;
  std::vector<graph::ValueId> values_;
};

}  // namespace qiln::passes
