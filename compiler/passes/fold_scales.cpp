#include "compiler/passes/fold_scales.h"

#include <algorithm>
#include <numeric>
#include <optional>

#include "compiler/passes/rewrite.h"

namespace qiln::passes {
namespace {

using namespace graph;

/// Samples of a step, where w * s is made in each.
constexpr std::int64_t expected_batch = 64;

/// A value that repeats along all axes but `axes` (ascending) of its shape.
struct Spread {
  ValueId value = no_value;
  std::vector<int> axes;
};

/// contract + shift, the shift repeated from fewer elements; no shift at first.
struct Affine {
  ValueId contract = no_value;
  std::optional<Spread> shift;
};

class ScaleFolding {
 public:
  ScaleFolding(Graph& graph, Purpose purpose) : rewrite_(graph), purpose_(purpose) {
    uses_.assign(graph.nodes.size(), 0);
    for (const Output& output : graph.outputs) ++uses_[output.value];
    for (ValueId id = static_cast<ValueId>(graph.nodes.size()); id-- > 0;)
      if (uses_[id] > 0)
        for (ValueId operand : graph[id].operands) ++uses_[operand];
  }

  bool run() {
    bool changed = false;
    for (ValueId id = 0; id < rewrite_.old().nodes.size(); ++id) {
      Node node = rewrite_.mapped(id);
      const ValueId folded = uses_[id] > 0 ? fold(node) : no_value;
      changed = changed || folded != no_value;
      const ValueId value = folded != no_value ? folded : rewrite_.append(std::move(node));
      rewrite_.map(id, value);
      note_new_nodes();
      sole_[value] = uses_[id] == 1;
    }
    if (changed) rewrite_.finish();
    return changed;
  }

 private:
  const Graph& graph() const { return rewrite_.fresh(); }
  Builder& builder() { return rewrite_.builder(); }

  /// Nodes that depend on parameters and constants alone; nodes made here have one reader.
  void note_new_nodes() {
    for (ValueId id = static_cast<ValueId>(steady_.size()); id < graph().nodes.size(); ++id) {
      const Node& node = graph()[id];
      bool steady = !node.type.varying && node.op != Primitive::input && node.op != Primitive::random &&
                    node.op != Primitive::batch_sum;
      for (ValueId operand : node.operands) steady = steady && steady_[operand];
      steady_.push_back(steady);
      sole_.push_back(true);
    }
  }

  ValueId fold(const Node& node) {
    if (!node.type.varying) return no_value;
    switch (node.op) {
      case Primitive::multiply:
        for (int k : {0, 1})
          if (const ValueId value = scaled(node, k); value != no_value) return value;
        return no_value;
      case Primitive::divide:
        return scaled(node, 0);
      case Primitive::add:
        for (int k : {0, 1})
          if (const ValueId value = shifted(node, k); value != no_value) return value;
        return no_value;
      default:
        return no_value;
    }
  }

  /// The node scales its operand `k` by the other one.
  ValueId scaled(const Node& node, int k) {
    if (graph()[node.operands[1 - k]].op == Primitive::constant) return no_value;  // nearly free where it is
    const std::optional<Affine> affine = affine_of(node.operands[k]);
    const std::optional<Spread> scale = spread_of(node.operands[1 - k]);
    if (!affine || !scale) return no_value;
    const ValueId contract = scaled_contract(affine->contract, *scale, node.op);
    if (contract == no_value || !affine->shift) return contract;
    return builder().add(contract, repeat(combined(node.op, *affine->shift, *scale), node.type.shape));
  }

  /// The node adds a second shift to its operand `k`.
  ValueId shifted(const Node& node, int k) {
    const std::optional<Affine> affine = affine_of(node.operands[k]);
    const std::optional<Spread> shift = spread_of(node.operands[1 - k]);
    if (!affine || !affine->shift || !shift) return no_value;
    return builder().add(affine->contract, repeat(combined(node.op, *affine->shift, *shift), node.type.shape));
  }

  /// Of a value with one reader, as is the contraction in it.
  std::optional<Affine> affine_of(ValueId id) {
    if (!sole_[id] || !graph().varying(id)) return {};
    const Node node = graph()[id];
    if (node.op == Primitive::contract) return Affine{id, {}};
    if (node.op != Primitive::add) return {};
    for (int k : {0, 1}) {
      const ValueId contract = node.operands[k];
      if (graph()[contract].op != Primitive::contract || !sole_[contract]) continue;
      if (const auto shift = spread_of(node.operands[1 - k])) return Affine{contract, shift};
    }
    return {};
  }

  std::optional<Spread> spread_of(ValueId id) {
    if (!steady_[id]) return {};
    const Node& node = graph()[id];
    if (node.op == Primitive::broadcast) return Spread{node.operands[0], node.as<AxesAttributes>().axes};
    if (node.op == Primitive::constant && node.as<ConstantAttributes>().values.size() == 1) {
      const ValueId scalar = builder().constant(node.as<ConstantAttributes>().values[0]);
      note_new_nodes();
      return Spread{scalar, {}};
    }
    Spread all{id, std::vector<int>(node.type.shape.size())};
    std::iota(all.axes.begin(), all.axes.end(), 0);
    return all;
  }

  /// a op b, along the axes of either.
  Spread combined(Primitive op, const Spread& a, const Spread& b) {
    Spread both;
    std::set_union(a.axes.begin(), a.axes.end(), b.axes.begin(), b.axes.end(), std::back_inserter(both.axes));
    Shape shape(both.axes.size());
    const auto place = [&](int axis) {
      return static_cast<int>(std::lower_bound(both.axes.begin(), both.axes.end(), axis) - both.axes.begin());
    };
    const auto places = [&](const Spread& spread) {
      std::vector<int> at;
      for (std::size_t k = 0; k < spread.axes.size(); ++k) {
        at.push_back(place(spread.axes[k]));
        shape[at.back()] = graph().shape(spread.value)[k];
      }
      return at;
    };
    const std::vector<int> at_a = places(a), at_b = places(b);
    both.value =
        builder().pointwise(op, {builder().broadcast(a.value, shape, at_a), builder().broadcast(b.value, shape, at_b)});
    note_new_nodes();
    return both;
  }

  ValueId repeat(const Spread& spread, const Shape& shape) {
    return builder().broadcast(spread.value, shape, spread.axes);
  }

  ValueId scaled_contract(ValueId contract, const Spread& scale, Primitive op) {
    const Node node = graph()[contract];
    const auto& attributes = node.as<ContractAttributes>();
    for (std::size_t k = 0; k < node.operands.size(); ++k) {
      const ValueId weight = node.operands[k];
      if (!steady_[weight] || !pays(weight, contract)) continue;
      const auto axes = carried(attributes, attributes.operands[k], graph().shape(weight), scale);
      if (!axes) continue;
      std::vector<ValueId> operands = node.operands;
      const Shape shape = graph().shape(weight);
      operands[k] = builder().pointwise(op, {weight, builder().broadcast(scale.value, shape, *axes)});
      const Origin here = builder().origin();
      builder().set_origin(node.origin);
      const ValueId folded = builder().contract(attributes, std::move(operands), node.type.shape);
      builder().set_origin(here);
      note_new_nodes();
      return folded;
    }
    return no_value;
  }

  bool pays(ValueId weight, ValueId contract) const {
    return purpose_ == Purpose::values ||
           element_count(graph().shape(weight)) <= expected_batch * element_count(graph().shape(contract));
  }

  /// For each axis of the scale the weight's axis with the same index, in ascending order.
  std::optional<std::vector<int>> carried(const ContractAttributes& c, const AffineMap& weight, const Shape& shape,
                                          const Spread& scale) const {
    std::vector<int> axes;
    for (std::size_t k = 0; k < scale.axes.size(); ++k) {
      const int index = c.output[scale.axes[k]].bare_index();
      int found = -1;
      for (int axis = 0; index >= 0 && axis < static_cast<int>(weight.size()); ++axis)
        if (weight[axis].bare_index() == index && shape[axis] == graph().shape(scale.value)[k]) found = axis;
      if (found < 0 || (!axes.empty() && axes.back() >= found)) return {};
      axes.push_back(found);
    }
    return axes;
  }

  Rewrite rewrite_;
  Purpose purpose_;
  std::vector<int> uses_;     // of old values, by values that an output needs
  std::vector<bool> steady_;  // of new ones
  std::vector<bool> sole_;    // new values with one reader
};

}  // namespace

bool fold_scales(Graph& graph, Purpose purpose) { return ScaleFolding(graph, purpose).run(); }

}  // namespace qiln::passes
