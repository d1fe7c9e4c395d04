#include "runtime/reference/evaluate.h"

#include <fmt/format.h>
#include <cassert>

#include "dsl/error.h"
#include "runtime/reference/circuits.h"
#include "runtime/reference/operations.h"

namespace qiln::reference {
namespace {

using graph::Node;
using graph::ValueId;

/// What `wanted` depends on, itself included.
std::vector<bool> needed_for(const graph::Graph& g, std::span<const ValueId> wanted) {
  std::vector<bool> needed(g.nodes.size(), false);
  for (const ValueId id : wanted) needed[id] = true;
  for (std::size_t id = g.nodes.size(); id-- > 0;)
    if (needed[id])
      for (const ValueId operand : g.nodes[id].operands) needed[operand] = true;
  return needed;
}

template <class Real>
Value<Real> leaf_value(const std::map<std::string, Array<Real>>& arrays, const std::string& name,
                       const graph::Type& type, std::int64_t batch) {
  const auto found = arrays.find(name);
  if (found == arrays.end()) throw Error(fmt::format("no value for `{}`", name));
  const Array<Real>& array = found->second;
  const std::int64_t rows = type.varying ? batch : 1, columns = graph::element_count(type.shape);
  if (array.rows() != rows || array.cols() != columns)
    throw Error(fmt::format("`{}` takes {} x {} values, not {} x {}", name, rows, columns, array.rows(), array.cols()));
  return {array, array.abs()};
}

template <class Real>
Value<Real> constant_value(const Node& node) {
  const auto& values = node.as<graph::ConstantAttributes>().values;
  auto result = zeros<Real>(1, node.type.shape);
  for (std::int64_t e = 0; e < result.value.cols(); ++e)
    result.value(0, e) = static_cast<Real>(values.size() == 1 ? values[0] : values[e]);
  result.magnitude = result.value.abs();
  return result;
}

template <class Real>
class Interpreter {
 public:
  Interpreter(const graph::Graph& g, const Feed<Real>& feed) : g_(g), feed_(feed), values_(g.nodes.size()) {}

  Values<Real> run(std::span<const ValueId> wanted) {
    const auto needed = needed_for(g_, wanted);
    for (ValueId id = 0; id < g_.nodes.size(); ++id) {
      if (!needed[id]) continue;
      values_[id] = value(g_[id]);
      assert(values_[id].value.rows() == samples(g_[id]) &&
             values_[id].value.cols() == graph::element_count(g_.shape(id)));
    }
    return std::move(values_);
  }

 private:
  std::int64_t samples(const Node& node) const { return node.type.varying ? feed_.batch : 1; }

  Value<Real> value(const Node& node) {
    std::vector<const Value<Real>*> x;
    std::vector<graph::Shape> shapes;
    for (const ValueId operand : node.operands) {
      x.push_back(&values_[operand]);
      shapes.push_back(g_.shape(operand));
    }
    switch (primitive(node.op).kind) {
      case PrimitiveKind::leaf:
        return leaf(node);
      case PrimitiveKind::pointwise:
        return pointwise<Real>(node.op, x, samples(node));
      case PrimitiveKind::reduce:
        return reduce<Real>(node, shapes[0], *x[0]);
      case PrimitiveKind::contract:
        return contract<Real>(node, shapes, x, samples(node));
      case PrimitiveKind::movement:
        return movement<Real>(node, shapes, x, samples(node));
      case PrimitiveKind::batch:
        return batch_sum<Real>(*x[0]);
      case PrimitiveKind::identity:
        return *x[0];
      case PrimitiveKind::circuit:
        return circuit_value(node, x);
    }
    assert(false && "a kind without interpretation");
    return {};
  }

  Value<Real> leaf(const Node& node) const {
    switch (node.op) {
      case Primitive::input:
        return leaf_value(feed_.inputs, node.as<graph::InputAttributes>().name, node.type, feed_.batch);
      case Primitive::param:
        return leaf_value(feed_.params, node.as<graph::ParamAttributes>().path, node.type, feed_.batch);
      case Primitive::constant:
        return constant_value<Real>(node);
      default:
        break;
    }
    const std::uint32_t site = random::site_hash(node.as<graph::RandomAttributes>().site);
    return draw<Real>(node, {feed_.seed, feed_.step, feed_.first_sample, site}, samples(node));
  }

  /// A circuit primitive at all places, one after the other.
  Value<Real> circuit_value(const Node& node, Operands<Real> x) const {
    const auto& [index, places, mapped] = node.as<graph::CircuitAttributes>();
    if (places == 0) return circuit_value_at_place(node, x);
    std::vector<bool> moves(x.size());
    for (int k : mapped) moves[k] = true;
    // States and cotangents have places always.
    if (node.op == Primitive::expval || node.op == Primitive::expval_adjoint) moves.assign(x.size(), true);
    if (node.op == Primitive::apply_blocks_adjoint) moves[x.size() - 1] = moves[x.size() - 2] = true;
    auto result = zeros<Real>(samples(node), node.type.shape);
    const std::int64_t width = result.value.cols() / places;
    for (std::int64_t p = 0; p < places; ++p) {
      std::vector<Value<Real>> here(x.size());
      std::vector<const Value<Real>*> operands(x.begin(), x.end());
      for (std::size_t k = 0; k < x.size(); ++k) {
        if (!moves[k]) continue;
        const std::int64_t size = x[k]->value.cols() / places;
        here[k] = {x[k]->value.middleCols(p * size, size), x[k]->magnitude.middleCols(p * size, size)};
        operands[k] = &here[k];
      }
      const Value<Real> at_place = circuit_value_at_place(node, operands);
      const std::int64_t times = result.value.rows() / at_place.value.rows();
      result.value.middleCols(p * width, width) = at_place.value.replicate(times, 1);
      result.magnitude.middleCols(p * width, width) = at_place.magnitude.replicate(times, 1);
    }
    return result;
  }

  Value<Real> circuit_value_at_place(const Node& node, Operands<Real> x) const {
    const std::int32_t index = node.as<graph::CircuitAttributes>().index;
    switch (node.op) {
      case Primitive::circuit:
        return simulate<Real>(g_.circuits[index], x, samples(node));
      case Primitive::phase_tables:  // for kernels only: blocks are interpreted from their angles
        return zeros<Real>(1, node.type.shape);
      case Primitive::apply_blocks:
        return apply_blocks<Real>(g_.blocks[index], x, samples(node));
      case Primitive::apply_blocks_adjoint:
        return apply_blocks_adjoint<Real>(g_.blocks[index], x, samples(node));
      case Primitive::expval:
        return expval<Real>(g_.blocks[index], *x[0]);
      case Primitive::expval_adjoint:
        return expval_adjoint<Real>(g_.blocks[index], *x[0], *x[1], samples(node));
      default:
        break;
    }
    assert(false && "a circuit primitive without interpretation");
    return {};
  }

  const graph::Graph& g_;
  const Feed<Real>& feed_;
  Values<Real> values_;
};

}  // namespace

template <class Real>
Values<Real> evaluate(const graph::Graph& g, const Feed<Real>& feed, std::span<const ValueId> wanted) {
  std::vector<ValueId> outputs;
  for (const auto& output : g.outputs) outputs.push_back(output.value);
  return Interpreter<Real>(g, feed).run(wanted.empty() ? std::span<const ValueId>(outputs) : wanted);
}

template Values<float> evaluate(const graph::Graph&, const Feed<float>&, std::span<const ValueId>);
template Values<double> evaluate(const graph::Graph&, const Feed<double>&, std::span<const ValueId>);

}  // namespace qiln::reference
