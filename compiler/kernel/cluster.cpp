#include "compiler/kernel/cluster.h"

#include <algorithm>
#include <cassert>

#include "compiler/kernel/growing_order.h"
#include "compiler/kernel/work.h"
#include "dsl/error.h"

namespace qiln::kernel {
namespace {

using graph::Graph;
using graph::Node;
using graph::ValueId;

constexpr int dear = 1000;
/// Multiply-adds that an inlined value may cost at each of its readers, and the values it may load.
constexpr int inline_cost = 6, inline_loads = 3;

int cost(Primitive op) {
  if (is_function(op)) return dear;
  switch (op) {
    case Primitive::divide:
    case Primitive::sqrt:
      return 3;
    case Primitive::random:
      return dear;
    default:
      return 1;
  }
}

std::vector<bool> find_live(const Graph& graph) {
  std::vector<bool> live(graph.nodes.size());
  for (const auto& output : graph.outputs) live[output.value] = true;
  for (std::size_t id = graph.nodes.size(); id-- > 0;)
    if (live[id])
      for (ValueId operand : graph.nodes[id].operands) live[operand] = true;
  return live;
}

class Clusterer {
 public:
  Clusterer(const Graph& graph, bool fuse) : graph_(graph), fuse_(fuse) {
    const std::size_t count = graph.nodes.size();
    c_.live = find_live(graph);
    c_.views = find_views(graph, c_.live);
    c_.level.assign(count, 0);
    c_.dependence.assign(count, Dependence::constants);
    c_.stored.assign(count, false);
    c_.inlined.assign(count, false);
    c_.part_of.assign(count, {});
    c_.cluster_of.assign(count, -1);
    anchored_.assign(count, false);
    uses_.assign(count, 0);
    expense_.assign(count, {});
    sinking_.assign(count, {});
  }

  Clusters run() {
    find_levels();
    find_dependence();
    find_required();
    place_parts();
    find_inlined();
    for (ValueId id = 0; id < graph_.nodes.size(); ++id)
      if (c_.live[id] && is_root(id)) assign(id);
    finish();
    return std::move(c_);
  }

 private:
  bool is_root(ValueId id) const { return c_.views[id].root == id; }
  ValueId root(ValueId id) const { return c_.views[id].root; }
  bool identity(ValueId id) const { return is_identity(graph_, c_.views[id], id); }
  const Node& node(ValueId id) const { return graph_[id]; }
  bool is_heavy(ValueId id) const {
    const auto kind = primitive(node(id).op).kind;
    return kind == PrimitiveKind::reduce || kind == PrimitiveKind::contract || kind == PrimitiveKind::circuit ||
           spreads(node(id));
  }
  bool is_copy(ValueId id) const {
    const auto kind = primitive(node(id).op).kind;
    return (kind == PrimitiveKind::movement || kind == PrimitiveKind::identity) && node(id).op != Primitive::concat &&
           !spreads(node(id));
  }
  void store(ValueId id) {
    if (!is_leaf(node(id))) c_.stored[id] = true;
  }

  void find_levels() {
    for (ValueId id = 0; id < graph_.nodes.size(); ++id) {
      for (ValueId operand : node(id).operands) c_.level[id] = std::max(c_.level[id], c_.level[operand]);
      if (node(id).op == Primitive::batch_sum) ++c_.level[id];
    }
  }

  void find_dependence() {
    for (ValueId id = 0; id < graph_.nodes.size(); ++id) {
      const Primitive op = node(id).op;
      Dependence& own = c_.dependence[id];
      if (op == Primitive::param) own = Dependence::params;
      if (node(id).type.varying || op == Primitive::input || op == Primitive::random || op == Primitive::batch_sum)
        own = Dependence::run;
      for (ValueId operand : node(id).operands) own = std::max(own, c_.dependence[operand]);
    }
  }

  /// What must be stored whatever is fused.
  void find_required() {
    for (const auto& output : graph_.outputs) {
      store(root(output.value));
      ++uses_[root(output.value)];
    }
    for (ValueId id = 0; id < graph_.nodes.size(); ++id) {
      if (!c_.live[id] || !is_root(id)) continue;
      const Node& n = node(id);
      const auto kind = primitive(n.op).kind;
      if (!fuse_ && n.op != Primitive::batch_sum) store(id);
      if (n.op == Primitive::circuit) throw Error("a circuit reached the schedule before its passes");
      if (kind == PrimitiveKind::circuit || n.op == Primitive::batch_sum || n.op == Primitive::concat) store(id);
      if (is_copy(id)) store(id);
      for (ValueId operand : n.operands) {
        const ValueId r = root(operand);
        ++uses_[r];
        if (kind == PrimitiveKind::contract && !scatters(id)) store(r);
        if (kind == PrimitiveKind::circuit || is_copy(id) || spreads(n)) store(r);
        if (n.op == Primitive::concat && !is_whole(graph_, c_.views[operand], operand)) store(r);
        if (n.op == Primitive::concat || n.op == Primitive::batch_sum) anchored_[r] = true;
        if ((is_pointwise(n.op) || kind == PrimitiveKind::reduce) && !identity(operand)) store(r);
        if (n.op == Primitive::batch_sum && !is_whole(graph_, c_.views[operand], operand) && !permuted(operand))
          store(r);
        if (n.type.varying && !graph_.varying(r)) store(r);
      }
    }
  }

  /// A contraction that adds each element of its one factor to some element of the result.
  bool scatters(ValueId id) const {
    const Node& n = node(id);
    if (n.op != Primitive::contract || n.operands.size() != 1 || !identity(n.operands[0])) return false;
    const auto& by = n.as<graph::ContractAttributes>();
    std::vector<bool> found(by.space.size());
    for (const graph::Affine& e : by.operands[0]) {
      const int index = e.bare_index();
      if (index < 0 || found[index]) return false;
      found[index] = true;
    }
    return by.operands[0].size() == by.space.size() && by.space == graph_.shape(n.operands[0]);
  }

  /// A permutation of a value that has its elements in order.
  bool permuted(ValueId id) const {
    return !is_root(id) && node(id).op == Primitive::permute && identity(node(id).operands[0]);
  }

  /// Parts along the leading axis are computed straight into the concat, each value in one concat at most.
  void place_parts() {
    std::vector<bool> whole(graph_.nodes.size());  // has a buffer of its own
    for (const auto& output : graph_.outputs) whole[root(output.value)] = true;
    for (ValueId id = 0; id < graph_.nodes.size(); ++id)
      if (c_.live[id] && is_root(id) && primitive(node(id).op).kind == PrimitiveKind::circuit) {
        whole[id] = true;
        for (ValueId operand : node(id).operands) whole[root(operand)] = true;
      }
    for (ValueId id = static_cast<ValueId>(graph_.nodes.size()); id-- > 0;) {
      if (!c_.live[id] || node(id).op != Primitive::concat || !leading(id)) continue;
      std::int64_t offset = 0;
      for (ValueId operand : node(id).operands) {
        const ValueId r = root(operand);
        const Node& producer = node(r);
        const bool fits = !is_leaf(producer) && producer.op != Primitive::batch_sum && !whole[r] &&
                          c_.part_of[r].concat == graph::no_value && is_whole(graph_, c_.views[operand], operand) &&
                          producer.type.varying == node(id).type.varying;
        if (fits && fuse_) {
          c_.part_of[r] = {id, offset};
          store(r);
        }
        offset += graph::element_count(graph_.shape(operand));
      }
    }
  }

  bool leading(ValueId concat) const {
    const int axis = node(concat).as<graph::AxesAttributes>().axes[0];
    const auto& shape = graph_.shape(concat);
    return std::all_of(shape.begin(), shape.begin() + axis, [](auto extent) { return extent == 1; });
  }

  struct Expense {
    int cost = 0, loads = 0;
  };

  /// Cheap pointwise values of values stored anyway, and what only a reduction reads.
  void find_inlined() {
    if (!fuse_) return;
    for (ValueId id = 0; id < graph_.nodes.size(); ++id) {
      if (!c_.live[id] || !is_root(id)) continue;
      if (is_pointwise(node(id).op) && !c_.stored[id] && !anchored_[id]) consider_inlining(id);
      if (primitive(node(id).op).kind == PrimitiveKind::reduce || scatters(id))
        consider_prologue(node(id).operands[0], c_.dependence[id]);
    }
  }

  void consider_inlining(ValueId id) {
    Expense expense{cost(node(id).op), 0};
    for (ValueId operand : node(id).operands) {
      const ValueId r = root(operand);
      if (node(r).op == Primitive::constant) continue;
      if (c_.inlined[r]) {
        expense.cost += expense_[r].cost;
        expense.loads += expense_[r].loads;
      } else if (is_leaf(node(r)) || c_.stored[r]) {
        ++expense.loads;
      } else {
        return;
      }
    }
    if (expense.cost > inline_cost || expense.loads > inline_loads) return;
    c_.inlined[id] = true;
    expense_[id] = expense;
  }

  void consider_prologue(ValueId operand, Dependence dependence) {
    const ValueId r = root(operand);
    if (is_leaf(node(r)) || c_.stored[r] || c_.inlined[r]) return;
    std::vector<ValueId> taken, read;
    if (!prologue_of(r, dependence, taken, read) || read.size() > 1) {
      store(r);
      return;
    }
    for (ValueId id : taken) c_.inlined[id] = true;
    for (ValueId id : read) store(id);
  }

  /// The values that only the reduction needs, and those that it would have to read from new buffers. What depends on
  /// less than the reduction is computed on its own.
  bool prologue_of(ValueId id, Dependence dependence, std::vector<ValueId>& taken, std::vector<ValueId>& read) const {
    if (!is_scalar_op(node(id)) || uses_[id] != 1 || anchored_[id] || c_.dependence[id] != dependence) return false;
    taken.push_back(id);
    for (ValueId operand : node(id).operands) {
      const ValueId r = root(operand);
      if (is_leaf(node(r)) || c_.stored[r] || c_.inlined[r]) continue;
      if (prologue_of(r, dependence, taken, read)) continue;
      if (std::find(read.begin(), read.end(), r) == read.end()) read.push_back(r);
    }
    return true;
  }

  // Clusters.

  int new_cluster(Cluster::Kind kind, ValueId anchor, graph::Shape space) {
    Cluster cluster;
    cluster.kind = kind;
    cluster.anchor = anchor;
    cluster.varying = graph_.varying(anchor);
    cluster.dependence = c_.dependence[anchor];
    cluster.level = c_.level[anchor];
    cluster.space = std::move(space);
    c_.clusters.push_back(std::move(cluster));
    return order_.add();
  }

  void add_member(int cluster, ValueId id) {
    c_.clusters[cluster].members.push_back(id);
    c_.cluster_of[id] = cluster;
  }

  /// The clusters that write the buffer of a root.
  void producers(ValueId id, std::vector<int>& out) const {
    if (c_.cluster_of[id] >= 0) out.push_back(c_.cluster_of[id]);
    out.insert(out.end(), sinking_[id].begin(), sinking_[id].end());
    if (node(id).op == Primitive::concat)
      for (ValueId operand : node(id).operands)
        if (c_.part_of[root(operand)].concat == id) producers(root(operand), out);
  }

  /// The roots that evaluating `id` reads, looking through inlined values.
  void reads(ValueId id, std::vector<Load>& out) const {
    for (ValueId operand : node(id).operands) read(operand, out);
  }
  void read(ValueId value, std::vector<Load>& out) const {
    const ValueId r = root(value);
    if (c_.inlined[r]) {
      reads(r, out);
    } else if (!is_leaf(node(r))) {
      Load load{r, identity(value)};
      if (std::find(out.begin(), out.end(), load) == out.end()) out.push_back(load);
    }
  }

  bool member_of(int cluster, const Load& load) const { return load.identity && c_.cluster_of[load.root] == cluster; }

  bool fits(int cluster, ValueId id) const {
    const Cluster& c = c_.clusters[cluster];
    return !c.merged && c.kind != Cluster::Kind::circuit && c.kind != Cluster::Kind::copy && c.level == c_.level[id] &&
           c.varying == graph_.varying(id) && c.dependence == c_.dependence[id] && c.space == graph_.shape(id);
  }

  /// Whether what `loads` reads from elsewhere waits for the cluster.
  bool waits_for(int cluster, const std::vector<Load>& loads) const {
    for (const auto& load : loads) {
      if (member_of(cluster, load)) continue;
      std::vector<int> writers;
      producers(load.root, writers);
      for (int writer : writers)
        if (order_.precedes(cluster, writer)) return true;
    }
    return false;
  }

  void add_loads(int cluster, const std::vector<Load>& loads) {
    for (const auto& load : loads) {
      auto& known = c_.clusters[cluster].loads;
      if (std::find(known.begin(), known.end(), load) != known.end()) continue;
      known.push_back(load);
      std::vector<int> writers;
      producers(load.root, writers);
      for (int writer : writers) order_.connect(writer, cluster);
    }
  }

  void add_sink(int cluster, Sink sink) {
    sinking_[sink.target].push_back(cluster);
    c_.clusters[cluster].sinks.push_back(std::move(sink));
  }

  void assign(ValueId id) {
    const Node& n = node(id);
    if (is_leaf(n) || c_.inlined[id]) return;
    if (n.op == Primitive::concat) return write_parts(id);
    if (n.op == Primitive::batch_sum) return sum_over_batch(id);
    if (is_scalar_op(n)) return join(id);
    std::vector<Load> loads;
    reads(id, loads);
    int cluster = -1;
    const auto kind = primitive(n.op).kind;
    if (kind == PrimitiveKind::circuit) {
      cluster = new_cluster(Cluster::Kind::circuit, id, n.type.shape);
    } else if (kind == PrimitiveKind::reduce) {
      cluster = new_cluster(Cluster::Kind::reduce, id, n.type.shape);
    } else if (kind == PrimitiveKind::contract || spreads(n)) {
      const bool in_place = scatters(id) && c_.inlined[root(n.operands[0])];
      cluster = new_cluster(in_place ? Cluster::Kind::scatter : Cluster::Kind::contract, id, n.type.shape);
    } else {
      const bool relabels = n.op == Primitive::reshape;
      cluster = new_cluster(Cluster::Kind::copy, id, relabels ? graph_.shape(n.operands[0]) : n.type.shape);
    }
    add_member(cluster, id);
    for (auto& load : loads) load.identity = false;
    add_loads(cluster, loads);
  }

  /// A pointwise value goes to the latest cluster of its operands that it fits into, sums first, for they can take in
  /// pointwise clusters but not the other way round; else it starts its own.
  void join(ValueId id) {
    std::vector<Load> loads;
    reads(id, loads);
    std::vector<int> candidates;
    for (const auto& load : loads)
      if (load.identity && c_.cluster_of[load.root] >= 0) candidates.push_back(c_.cluster_of[load.root]);
    std::sort(candidates.begin(), candidates.end(), std::greater<>());
    candidates.erase(std::unique(candidates.begin(), candidates.end()), candidates.end());
    std::stable_partition(candidates.begin(), candidates.end(),
                          [&](int k) { return c_.clusters[k].kind != Cluster::Kind::pointwise; });
    int chosen = -1;
    for (int candidate : candidates) {
      if (!fuse_) break;
      if (!fits(candidate, id) || waits_for(candidate, loads)) continue;
      chosen = candidate;
      break;
    }
    if (chosen < 0) chosen = new_cluster(Cluster::Kind::pointwise, id, graph_.shape(id));
    add_member(chosen, id);
    add_loads(chosen, loads);
    if (!fuse_) return;
    for (int candidate : candidates)
      if (candidate != chosen) merge(candidate, chosen);
  }

  /// Takes a pointwise cluster into another where nothing lies between them.
  void merge(int from, int into) {
    Cluster& a = c_.clusters[from];
    Cluster& b = c_.clusters[into];
    if (a.merged || a.kind != Cluster::Kind::pointwise || a.level != b.level || a.varying != b.varying ||
        a.dependence != b.dependence || a.space != b.space || b.kind == Cluster::Kind::circuit ||
        b.kind == Cluster::Kind::copy)
      return;
    if (order_.precedes(into, from)) return;
    std::vector<Load> others = b.loads;  // what they read of one another is no reason to wait
    std::erase_if(others, [&](const Load& load) { return member_of(into, load); });
    if (waits_for(from, others)) return;
    for (const auto& load : b.loads)
      if (c_.cluster_of[load.root] == from && !load.identity) return;
    for (ValueId id : a.members) c_.cluster_of[id] = into;
    b.members.insert(b.members.end(), a.members.begin(), a.members.end());
    b.sinks.insert(b.sinks.end(), a.sinks.begin(), a.sinks.end());
    for (const Sink& sink : a.sinks)
      std::replace(sinking_[sink.target].begin(), sinking_[sink.target].end(), from, into);
    order_.merge(from, into);
    add_loads(into, a.loads);
    a.merged = true;
  }

  /// A cluster that evaluates `value` only to write it elsewhere.
  int copy_cluster(ValueId value, ValueId target) {
    const int cluster = new_cluster(Cluster::Kind::copy, value, graph_.shape(value));
    c_.clusters[cluster].varying = graph_.varying(target) || node(target).op == Primitive::batch_sum;
    if (c_.clusters[cluster].varying) c_.clusters[cluster].dependence = Dependence::run;
    std::vector<Load> loads;
    read(value, loads);
    for (auto& load : loads) load.identity = false;
    add_loads(cluster, loads);
    return cluster;
  }

  void write_parts(ValueId id) {
    const int axis = node(id).as<graph::AxesAttributes>().axes[0];
    const std::int64_t stride = contiguous_strides(graph_.shape(id))[axis];
    std::int64_t offset = 0;
    for (ValueId operand : node(id).operands) {
      const ValueId r = root(operand);
      if (c_.part_of[r].concat != id || c_.part_of[r].offset != offset || !leading(id)) {
        int cluster = c_.cluster_of[r];
        const bool beside = fuse_ && identity(operand) && cluster >= 0 && graph_.varying(r) == graph_.varying(id) &&
                            c_.clusters[cluster].kind != Cluster::Kind::circuit &&
                            c_.clusters[cluster].kind != Cluster::Kind::copy;
        if (!beside) {
          store(r);
          cluster = copy_cluster(operand, id);
        }
        add_sink(cluster, {Sink::Kind::part, operand, id, offset});
      }
      offset += stride * graph_.shape(operand)[axis];
    }
  }

  void sum_over_batch(ValueId id) {
    const ValueId operand = node(id).operands[0];
    const ValueId r = root(operand);
    int cluster = c_.cluster_of[r];
    const bool beside = cluster >= 0 && graph_.varying(r) && c_.clusters[cluster].kind != Cluster::Kind::circuit &&
                        c_.clusters[cluster].kind != Cluster::Kind::copy &&
                        (is_whole(graph_, c_.views[operand], operand) || permuted(operand));
    if (!beside) {
      store(r);
      cluster = copy_cluster(operand, id);
    }
    add_sink(cluster, {Sink::Kind::batch_sum, operand, id, 0});
  }

  void finish() {
    for (int k = 0; k < static_cast<int>(c_.clusters.size()); ++k) {
      Cluster& cluster = c_.clusters[k];
      if (cluster.merged) continue;
      std::sort(cluster.members.begin(), cluster.members.end());
      std::erase_if(cluster.loads, [&](const Load& load) { return member_of(k, load); });
      for (const auto& load : cluster.loads) store(load.root);
    }
  }

  const Graph& graph_;
  bool fuse_;
  Clusters c_;
  std::vector<bool> anchored_;  // batch sums and concats are written where it is computed
  std::vector<int> uses_;
  std::vector<Expense> expense_;
  std::vector<std::vector<int>> sinking_;  // by concat or batch sum: the clusters that write it from a sink
  GrowingOrder order_;                     // of the clusters, by what they load
};

}  // namespace

bool is_leaf(const Node& node) {
  return node.op == Primitive::input || node.op == Primitive::param || node.op == Primitive::constant;
}

bool is_scalar_op(const Node& node) { return is_pointwise(node.op) || node.op == Primitive::random; }

std::vector<std::vector<int>> find_writers(const Clusters& clusters) {
  std::vector<std::vector<int>> writers(clusters.cluster_of.size());
  // What is written into a value is written into each concat that it lies in.
  const auto add = [&](ValueId id, int writer) {
    for (ValueId at = id; at != graph::no_value; at = clusters.part_of[at].concat) writers[at].push_back(writer);
  };
  for (int k = 0; k < static_cast<int>(clusters.clusters.size()); ++k) {
    if (clusters.clusters[k].merged) continue;
    for (ValueId member : clusters.clusters[k].members) add(member, k);
    for (const auto& sink : clusters.clusters[k].sinks) add(sink.target, k);
  }
  return writers;
}

Clusters find_clusters(const Graph& graph, bool fuse) { return Clusterer(graph, fuse).run(); }

}  // namespace qiln::kernel
