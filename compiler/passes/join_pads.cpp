#include "compiler/passes/join_pads.h"

#include <algorithm>
#include <map>
#include <optional>

#include "compiler/passes/rewrite.h"

namespace qiln::passes {
namespace {

using namespace graph;

/// A pad along one axis, without steps.
struct Part {
  int axis = 0;
  std::int64_t begin = 0, end = 0;
};

std::optional<Part> part_of(const Graph& graph, const Node& node) {
  if (node.op != Primitive::pad) return {};
  const auto& [start, step] = node.as<StrideAttributes>();
  const Shape &from = graph.shape(node.operands[0]), &to = node.type.shape;
  std::optional<Part> part;
  for (std::size_t a = 0; a < to.size(); ++a) {
    if (step[a] != 1) return {};
    if (from[a] == to[a]) continue;
    if (part) return {};
    part = {static_cast<int>(a), start[a], start[a] + from[a]};
  }
  return part;
}

class Joiner {
 public:
  explicit Joiner(Rewrite& rewrite) : rewrite_(rewrite), graph_(rewrite.old()), uses_(graph_.nodes.size()) {
    for (const Node& node : graph_.nodes)
      for (ValueId operand : node.operands) {
        ++uses_[operand];
        if (node.op == Primitive::add) added_.push_back(operand);
      }
    for (const Output& output : graph_.outputs) ++uses_[output.value];
    std::sort(added_.begin(), added_.end());
  }

  /// The new value of a sum that no other sum takes in; nothing when it stays.
  std::optional<ValueId> joined(ValueId id) {
    if (graph_[id].op != Primitive::add || inner(id)) return {};
    terms_.clear();
    collect(id);
    for (const Term& term : terms_)
      if (const auto part = part_of(graph_, graph_[term.old]))
        if (const auto value = along(id, part->axis)) return value;
    return {};
  }

 private:
  struct Term {
    ValueId old, fresh;
  };

  bool inner(ValueId id) const {
    return graph_[id].op == Primitive::add && uses_[id] == 1 && std::binary_search(added_.begin(), added_.end(), id);
  }

  void collect(ValueId id) {
    const std::vector<ValueId> fresh = rewrite_.mapped(id).operands;
    for (std::size_t k = 0; k < fresh.size(); ++k) {
      const ValueId operand = graph_[id].operands[k];
      if (inner(operand))
        collect(operand);
      else
        terms_.push_back({operand, fresh[k]});
    }
  }

  std::optional<ValueId> along(ValueId id, int axis) {
    std::map<std::pair<std::int64_t, std::int64_t>, std::vector<ValueId>> parts;  // by range
    std::vector<ValueId> others;
    for (const Term& term : terms_) {
      const auto part = part_of(graph_, graph_[term.old]);
      if (part && part->axis == axis)
        parts[{part->begin, part->end}].push_back(rewrite_.mapped(term.old).operands[0]);
      else
        others.push_back(term.fresh);
    }
    std::int64_t end = 0;
    for (const auto& [range, values] : parts) {
      if (range.first != end) return {};
      end = range.second;
    }
    if (end != graph_.shape(id)[axis]) return {};
    rewrite_.mapped(id);  // for its origin
    std::vector<ValueId> side_by_side;
    for (const auto& [range, values] : parts) side_by_side.push_back(sum(values[0], values, 1));
    return sum(rewrite_.builder().concat(std::move(side_by_side), axis), others, 0);
  }

  ValueId sum(ValueId total, const std::vector<ValueId>& values, std::size_t from) {
    for (std::size_t k = from; k < values.size(); ++k) total = rewrite_.builder().add(total, values[k]);
    return total;
  }

  Rewrite& rewrite_;
  const Graph& graph_;
  std::vector<int> uses_;
  std::vector<ValueId> added_;  // operands of sums, ascending
  std::vector<Term> terms_;
};

}  // namespace

bool join_pads(Graph& graph) {
  Rewrite rewrite(graph);
  Joiner joiner(rewrite);
  bool changed = false;
  for (ValueId id = 0; id < graph.nodes.size(); ++id) {
    const auto value = joiner.joined(id);
    changed = changed || value;
    rewrite.map(id, value ? *value : rewrite.append(rewrite.mapped(id)));
  }
  if (changed) rewrite.finish();
  return changed;
}

}  // namespace qiln::passes
