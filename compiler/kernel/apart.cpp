#include "compiler/kernel/apart.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <optional>

#include "compiler/graph/verify.h"

namespace qiln::kernel {
namespace {

using graph::Graph;
using graph::Node;
using graph::ValueId;
using Kind = Cluster::Kind;

class Reasons {
 public:
  Reasons(const Graph& graph, const Clusters& clusters, const std::vector<std::vector<int>>& writers,
          const std::vector<std::string>& nests, int cluster)
      : graph_(graph),
        all_(clusters),
        writers_(writers),
        nests_(nests),
        index_(cluster),
        own_(clusters.clusters[cluster]) {}

  std::vector<std::string> run() {
    find_operands();
    struct Reason {
      std::string text;
      std::vector<std::string> nests;
    };
    std::vector<Reason> reasons;
    std::vector<int> told;
    for (const Load& load : own_.loads)
      for (int producer : writers_[load.root]) {
        if (producer == index_ || std::find(told.begin(), told.end(), producer) != told.end()) continue;
        told.push_back(producer);
        const std::string text = reason(producer);
        auto known = std::find_if(reasons.begin(), reasons.end(), [&](const Reason& r) { return r.text == text; });
        if (known == reasons.end()) known = reasons.insert(known, {text, {}});
        known->nests.push_back(nests_[producer]);
      }
    std::vector<std::string> lines;
    for (const Reason& reason : reasons)
      lines.push_back(fmt::format("apart from nest {}: {}", fmt::join(reason.nests, ", "), reason.text));
    return lines;
  }

 private:
  /// What the sum of the cluster is over reads, beside what its other values do.
  void find_operands() {
    if (own_.kind == Kind::pointwise || own_.members.empty()) return;
    for (ValueId operand : graph_[own_.anchor].operands) add_operand(operand);
  }
  void add_operand(ValueId value) {
    const ValueId root = all_.views[value].root;
    if (!all_.inlined[root]) return operands_.push_back(root);
    for (ValueId operand : graph_[root].operands) add_operand(operand);
  }

  /// Those of the loads that `producer` writes.
  template <class Predicate>
  bool any_load(int producer, const Predicate& wanted) const {
    return std::any_of(own_.loads.begin(), own_.loads.end(), [&](const Load& load) {
      const auto& writers = writers_[load.root];
      return std::find(writers.begin(), writers.end(), producer) != writers.end() && wanted(load);
    });
  }

  std::string reason(int producer) const {
    const Cluster& other = all_.clusters[producer];
    if (other.level != own_.level) return "a sum over the batch is complete when all blocks are done";
    if (!other.varying && own_.varying) return "one value for all samples";
    if (other.dependence == Dependence::constants && own_.dependence != Dependence::constants) return "computed once";
    if (other.dependence != own_.dependence) return "computed when parameters have changed";
    if (other.kind == Kind::circuit || own_.kind == Kind::circuit) return "a circuit takes and gives whole buffers";
    if (own_.kind == Kind::copy) return copy_reason();
    const bool operand = any_load(producer, [&](const Load& load) {
      return std::find(operands_.begin(), operands_.end(), load.root) != operands_.end();
    });
    if (operand && own_.kind == Kind::contract) return "a factor is read for each output that it is a part of";
    if (operand && sums(other)) return "the sum here begins when those there are complete";
    if (operand) return "it is read elsewhere, too, and would be computed again";
    if (sums(other) && sums(own_)) return "one sum a nest";
    if (other.kind == Kind::copy) return "a copy by itself";
    if (other.space != own_.space)
      return fmt::format("over {} there, over {} here", graph::to_string(other.space), graph::to_string(own_.space));
    if (any_load(producer, [](const Load& load) { return !load.identity; }))
      return "read at other places than those where it is computed";
    if (const auto waiting = waits(producer)) return fmt::format("nest {}, read here, too, waits for it", *waiting);
    return "joined to another operand's nest";
  }

  static bool sums(const Cluster& cluster) {
    return cluster.kind == Kind::reduce || cluster.kind == Kind::contract || cluster.kind == Kind::scatter;
  }

  std::string copy_reason() const {
    const Node& node = graph_[own_.anchor];
    if (own_.members.empty()) return "copied to where a concat or a sum over the batch wants it";
    if (node.op == Primitive::reshape) return "copied: the reshape joins axes that do not lie in one another";
    return "copied: a contraction, circuit or output wants a whole buffer";
  }

  /// The nest whose result is read here as well and that needs the producer's.
  std::optional<std::string> waits(int producer) const {
    for (const Load& load : own_.loads)
      for (int writer : writers_[load.root])
        if (writer != producer && writer != index_ && reaches(producer, writer)) return nests_[writer];
    return {};
  }

  bool reaches(int from, int to) const {
    std::vector<bool> seen(all_.clusters.size());
    std::vector<int> open{to};
    while (!open.empty()) {
      const int at = open.back();
      open.pop_back();
      if (at == from) return true;
      if (seen[at]) continue;
      seen[at] = true;
      for (const Load& load : all_.clusters[at].loads)
        for (int writer : writers_[load.root])
          if (writer != at) open.push_back(writer);
    }
    return false;
  }

  const Graph& graph_;
  const Clusters& all_;
  const std::vector<std::vector<int>>& writers_;
  const std::vector<std::string>& nests_;
  int index_;
  const Cluster& own_;
  std::vector<ValueId> operands_;
};

}  // namespace

std::vector<std::string> why_apart(const Graph& graph, const Clusters& clusters,
                                   const std::vector<std::vector<int>>& writers, const std::vector<std::string>& nests,
                                   int cluster) {
  return Reasons(graph, clusters, writers, nests, cluster).run();
}

}  // namespace qiln::kernel
