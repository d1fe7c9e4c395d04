// A topological order of an acyclic graph that grows: D. Pearce and P. Kelly, "A dynamic topological sort algorithm for
// directed acyclic graphs", ACM Journal of Experimental Algorithmics 11 (2006). An edge that agrees with the order
// costs nothing, another one moves only what lies between its ends; a question about paths looks no further than that
// either.
#pragma once

#include <vector>

namespace qiln::kernel {

class GrowingOrder {
 public:
  /// A node without edges, the last one. Nodes are numbered from 0.
  int add();
  /// No path may lead back. An edge from a node to itself is left out.
  void connect(int before, int after);
  /// Whether a path leads from `before` to `after`; from a node to itself one always does.
  bool precedes(int before, int after) const;
  /// `into` takes over the edges of `from`, which has none from then on. No path but edges between the two may connect
  /// them.
  void merge(int from, int into);

 private:
  void reorder(int before, int after);
  void collect_after(int node, int last, std::vector<int>& found) const;
  void collect_before(int node, int first, std::vector<int>& found) const;
  /// Whether this is the first time that the current search comes here.
  bool visit(int node) const;

  std::vector<std::vector<int>> before_, after_;  // neighbours, by node
  std::vector<int> position_;                     // by node, all different
  mutable std::vector<int> visited_;              // the last search that came here, by node
  mutable int search_ = 0;
};

}  // namespace qiln::kernel
