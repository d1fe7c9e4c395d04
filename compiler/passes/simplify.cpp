#include "compiler/passes/simplify.h"

#include <algorithm>
#include <optional>

#include "compiler/graph/evaluate.h"
#include "compiler/passes/rewrite.h"

namespace qiln::passes {
namespace {

using namespace graph;

using Replacement = std::optional<ValueId>;

class Simplifier {
 public:
  explicit Simplifier(Rewrite& rewrite) : rewrite_(rewrite), graph_(rewrite.fresh()), builder_(rewrite.builder()) {}

  /// The new value that stands for `node`, whose operands are new values; nothing when the node stays.
  Replacement simpler(const Node& node) {
    switch (primitive(node.op).kind) {
      case PrimitiveKind::pointwise: {
        const Replacement folded = fold(node);
        return folded ? folded : identity(node);
      }
      case PrimitiveKind::movement:
        return movement(node);
      case PrimitiveKind::reduce:
        return reduce(node);
      case PrimitiveKind::identity:
        return cut(node);
      default:
        return {};
    }
  }

 private:
  const ConstantAttributes* constant(ValueId id) const {
    return std::get_if<ConstantAttributes>(&graph_[id].attributes);
  }

  /// The one value of a splat.
  std::optional<double> splat(ValueId id) const {
    const ConstantAttributes* attributes = constant(id);
    if (!attributes || attributes->values.size() != 1) return {};
    return attributes->values[0];
  }

  Replacement fold(const Node& node) {
    std::size_t count = 1;
    for (ValueId operand : node.operands) {
      if (!constant(operand)) return {};
      count = std::max(count, constant(operand)->values.size());
    }
    std::vector<double> values(count), arguments(node.operands.size());
    for (std::size_t i = 0; i < count; ++i) {
      for (std::size_t k = 0; k < arguments.size(); ++k) {
        const auto& from = constant(node.operands[k])->values;
        arguments[k] = from.size() == 1 ? from[0] : from[i];
      }
      values[i] = evaluate(node.op, arguments);
    }
    return builder_.constant(std::move(values), node.type.shape);
  }

  Replacement identity(const Node& node) {
    const ValueId a = node.operands[0];
    const ValueId b = node.operands.size() > 1 ? node.operands[1] : no_value;
    auto is = [&](ValueId id, double value) { return id != no_value && splat(id) == value; };
    switch (node.op) {
      case Primitive::add:
        return is(b, 0) ? Replacement(a) : is(a, 0) ? Replacement(b) : Replacement();
      case Primitive::subtract:
        return is(b, 0) ? Replacement(a) : is(a, 0) ? Replacement(builder_.negate(b)) : Replacement();
      case Primitive::multiply:
        return is(b, 1) ? Replacement(a) : is(a, 1) ? Replacement(b) : Replacement();
      case Primitive::divide:
        return is(b, 1) ? Replacement(a) : Replacement();
      case Primitive::power:
        return is(b, 1) ? Replacement(a) : is(b, 2) ? Replacement(builder_.multiply(a, a)) : Replacement();
      case Primitive::negate:
        return graph_[a].op == Primitive::negate ? Replacement(graph_[a].operands[0]) : Replacement();
      case Primitive::select:
        if (const auto known = splat(a)) return same_type(node, node.operands[*known != 0 ? 1 : 2]);
        return same_type(node, b == node.operands[2] ? b : no_value);
      default:
        return {};
    }
  }

  /// `id` when it is of the node's type: a varying node does not become a uniform value of its user's knowledge.
  Replacement same_type(const Node& node, ValueId id) const {
    if (id == no_value || graph_.type(id) != node.type) return {};
    return id;
  }

  Replacement movement(const Node& node) {
    if (node.op == Primitive::concat) return node.operands.size() == 1 ? Replacement(node.operands[0]) : Replacement();
    const ValueId a = node.operands[0];
    if (node.op != Primitive::permute && node.type.shape == graph_.shape(a)) return a;
    if (node.op != Primitive::pad && splat(a)) return builder_.constant(*splat(a), node.type.shape);
    const Node& inner = graph_[a];
    if (node.op == Primitive::reshape) {
      if (constant(a)) return builder_.constant(constant(a)->values, node.type.shape);
      if (inner.op != Primitive::reshape) return {};
      return builder_.reshape(inner.operands[0], node.type.shape);
    }
    if (node.op == Primitive::permute) return permute(node.as<AxesAttributes>().axes, a);
    if (node.op == Primitive::broadcast && inner.op == Primitive::broadcast) {
      std::vector<int> axes;
      for (int axis : inner.as<AxesAttributes>().axes) axes.push_back(node.as<AxesAttributes>().axes[axis]);
      return builder_.broadcast(inner.operands[0], node.type.shape, std::move(axes));
    }
    if (node.op == Primitive::slice && inner.op == Primitive::slice) return slice(node, inner);
    return {};
  }

  Replacement permute(const std::vector<int>& outer, ValueId a) {
    if (std::is_sorted(outer.begin(), outer.end())) return a;
    if (graph_[a].op != Primitive::permute) return {};
    std::vector<int> axes;
    for (int axis : outer) axes.push_back(graph_[a].as<AxesAttributes>().axes[axis]);
    return builder_.permute(graph_[a].operands[0], std::move(axes));
  }

  Replacement slice(const Node& outer, const Node& inner) {
    StrideAttributes both = inner.as<StrideAttributes>();
    const auto& [start, step] = outer.as<StrideAttributes>();
    for (std::size_t i = 0; i < start.size(); ++i) {
      both.start[i] += both.step[i] * start[i];
      both.step[i] *= step[i];
    }
    return builder_.slice(inner.operands[0], both.start, both.step, outer.type.shape);
  }

  Replacement reduce(const Node& node) {
    const ValueId a = node.operands[0];
    if (node.type.shape == graph_.shape(a)) return a;
    const auto value = splat(a);
    if (!value) return {};
    const auto count = element_count(graph_.shape(a)) / element_count(node.type.shape);
    return builder_.constant(node.op == Primitive::reduce_sum ? *value * static_cast<double>(count) : *value,
                             node.type.shape);
  }

  Replacement cut(const Node& node) {
    const ValueId a = node.operands[0];
    return constant(a) || graph_[a].op == Primitive::stop_gradient ? Replacement(a) : Replacement();
  }

  Rewrite& rewrite_;
  const Graph& graph_;
  Builder& builder_;
};

}  // namespace

bool simplify(Graph& graph) {
  Rewrite rewrite(graph);
  Simplifier simplifier(rewrite);
  bool changed = false;
  for (ValueId id = 0; id < graph.nodes.size(); ++id) {
    Node node = rewrite.mapped(id);
    const Replacement value = simplifier.simpler(node);
    changed = changed || value;
    rewrite.map(id, value ? *value : rewrite.append(std::move(node)));
  }
  if (changed) rewrite.finish();
  return changed;
}

}  // namespace qiln::passes
