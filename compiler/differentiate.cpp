#include "compiler/differentiate.h"

#include <algorithm>
#include <cassert>

#include "compiler/differentiation_rules.h"

namespace qiln {
namespace {

using graph::no_value;
using graph::Shape;
using graph::ValueId;

class ReverseSweep {
 public:
  ReverseSweep(graph::Graph& g, ValueId loss, std::span<const ValueId> wrt)
      : g_(g), b_(g), contributions_(g.nodes.size()), asked_(g.nodes.size()), depends_(g.nodes.size()) {
    assert(g.shape(loss).empty() && !g.varying(loss) && "the loss is a uniform scalar");
    for (ValueId id : wrt) asked_[id] = true;
    for (ValueId id = 0; id <= loss; ++id) depends_[id] = asked_[id] || reaches(id);
    if (depends_[loss]) contributions_[loss].push_back(b_.constant(1));
    for (ValueId id = loss + 1; id-- > 0;) visit(id);
  }

  /// The gradient in `id`, with its type.
  ValueId result(ValueId id) {
    b_.set_origin(gradient_of(id));
    ValueId cotangent = contributions_[id].empty() ? b_.constant(0, g_.shape(id)) : sum(id);
    return g_.varying(id) && !g_.varying(cotangent) ? vary(id, cotangent) : cotangent;
  }

 private:
  graph::Origin gradient_of(ValueId id) const {
    graph::Origin origin = g_[id].origin;
    origin.gradient = true;
    return origin;
  }

  bool reaches(ValueId id) const {
    const graph::Node& node = g_[id];
    if (!derivative_rule(node.op)) return false;
    return std::any_of(node.operands.begin(), node.operands.end(), [&](ValueId k) { return depends_[k]; });
  }

  void visit(ValueId id) {
    if (contributions_[id].empty() || !reaches(id)) return;
    b_.set_origin(gradient_of(id));
    const ValueId cotangent = sum(id);
    const DerivativeRule rule = derivative_rule(g_[id].op);
    for (int k = 0; k < static_cast<int>(g_[id].operands.size()); ++k) {
      const ValueId operand = g_[id].operands[k];
      if (!depends_[operand]) continue;
      const ValueId contribution = rule({b_, id, cotangent}, k);
      if (contribution == no_value) continue;
      assert(g_.shape(contribution) == g_.shape(operand) && "a contribution has its operand's shape");
      if (g_.varying(id) && !g_.varying(operand))
        settle(operand, contribution);
      else
        contributions_[operand].push_back(contribution);
    }
  }

  /// The cotangent of `id`: its contributions added once, in order of arrival.
  ValueId sum(ValueId id) {
    auto& parts = contributions_[id];
    ValueId total = parts[0];
    for (std::size_t i = 1; i < parts.size(); ++i) total = b_.add(total, parts[i]);
    parts = {total};
    return total;
  }

  /// Adds the sum over the batch of a per-sample contribution to a uniform value. Nodes that only relabel or repeat
  /// are undone first: a broadcast's adjoint leaves less to sum.
  void settle(ValueId uniform, ValueId contribution) {
    const auto undone = [](Primitive op) {
      return op == Primitive::broadcast || op == Primitive::reshape || op == Primitive::permute;
    };
    while (undone(g_[uniform].op) && !asked_[uniform]) {
      contribution = derivative_rule(g_[uniform].op)({b_, uniform, contribution}, 0);
      uniform = g_[uniform].operands[0];
    }
    if (g_.varying(contribution)) {
      contribution = b_.batch_sum(contribution);
    } else {
      const ValueId count = samples();
      contribution = b_.multiply(contribution, b_.broadcast_left(count, g_.shape(contribution)));
    }
    contributions_[uniform].push_back(contribution);
  }

  /// The number of samples in the batch, a uniform scalar.
  ValueId samples() {
    if (samples_ != no_value) return samples_;
    ValueId scalar = no_value;
    for (ValueId id = 0; scalar == no_value; ++id)
      if (g_.varying(id) && graph::element_count(g_.shape(id)) > 0) scalar = id;
    const std::vector<std::int64_t> first(g_.shape(scalar).size(), 0), ones(first.size(), 1);
    scalar = b_.reshape(b_.slice(scalar, first, ones, ones), {});
    return samples_ = b_.batch_sum(vary(scalar, b_.constant(1)));
  }

  /// `uniform` for every sample; the values of `varying` do not matter.
  ValueId vary(ValueId varying, ValueId uniform) {
    return b_.pointwise(Primitive::select, {varying, uniform, uniform});
  }

  graph::Graph& g_;
  graph::Builder b_;
  std::vector<std::vector<ValueId>> contributions_;  // by value; of its type, but see `gradients` on uniform ones
  std::vector<bool> asked_, depends_;
  ValueId samples_ = no_value;
};

}  // namespace

std::vector<ValueId> gradients(graph::Graph& g, ValueId loss, std::span<const ValueId> wrt) {
  ReverseSweep sweep(g, loss, wrt);
  std::vector<ValueId> results;
  for (ValueId id : wrt) results.push_back(sweep.result(id));
  return results;
}

}  // namespace qiln
