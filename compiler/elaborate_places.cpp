// Circuits mapped over leading axes. The body is elaborated once, for one place: a value of one place stands for all of
// them, and what the circuit takes is then computed again with an axis of places in front.
#include <fmt/core.h>

#include <algorithm>
#include <map>

#include "compiler/elaborator.h"
#include "compiler/graph/verify.h"

namespace qiln::elaboration {

using dsl::DiagnosticKind;

namespace {

template <class T>
std::vector<T> with_front(T front, std::vector<T> rest) {
  rest.insert(rest.begin(), front);
  return rest;
}

/// Nodes at all places at once.
class Mapper {
 public:
  Mapper(graph::Builder& builder, const Places& places) : b_(builder), count_(places.count) {
    for (const auto& [one, all] : places.values) known_.emplace(one, all);
  }

  bool moves(ValueId id) {
    if (known_.contains(id)) return true;
    if (auto found = moves_.find(id); found != moves_.end()) return found->second;
    bool any = false;
    for (ValueId operand : b_.graph()[id].operands) any = moves(operand) || any;
    return moves_[id] = any;
  }

  ValueId at_all(ValueId id) {
    if (auto found = known_.find(id); found != known_.end()) return found->second;
    graph::Node node = b_.graph()[id];
    const bool movement = primitive(node.op).kind == PrimitiveKind::movement;
    for (ValueId& operand : node.operands) {
      const bool repeats = !moves(operand) && (is_pointwise(node.op) || movement);
      const Shape shape = with_front(count_, b_.graph().shape(operand));
      if (moves(operand))
        operand = at_all(operand);
      else if (repeats)
        operand = repeated(operand, shape);
    }
    if (node.op == Primitive::contract) {
      over_places(node, id);
    } else if (auto* axes = std::get_if<graph::AxesAttributes>(&node.attributes)) {
      for (int& axis : axes->axes) ++axis;
      if (node.op == Primitive::permute || node.op == Primitive::broadcast) axes->axes = with_front(0, axes->axes);
    } else if (auto* strides = std::get_if<graph::StrideAttributes>(&node.attributes)) {
      strides->start = with_front<std::int64_t>(0, strides->start);
      strides->step = with_front<std::int64_t>(1, strides->step);
    } else if (node.op == Primitive::circuit) {
      return known_[id] = circuit(node, id);
    }
    node.type.shape = with_front(count_, node.type.shape);
    return known_[id] = b_.append(node.op, std::move(node.type), std::move(node.operands), std::move(node.attributes));
  }

 private:
  ValueId repeated(ValueId value, const Shape& shape) {
    std::vector<int> axes;
    for (int axis = 1; axis < static_cast<int>(shape.size()); ++axis) axes.push_back(axis);
    return b_.broadcast(value, shape, std::move(axes));
  }

  /// A new index runs over the places.
  void over_places(graph::Node& node, ValueId before) {
    auto& contract = std::get<graph::ContractAttributes>(node.attributes);
    contract.space = with_front(count_, contract.space);
    const graph::Affine place{with_front<std::int64_t>(1, std::vector<std::int64_t>(contract.space.size() - 1)), 0};
    auto widen = [&](graph::AffineMap& map, bool moving) {
      for (graph::Affine& affine : map) affine.coefficients = with_front<std::int64_t>(0, affine.coefficients);
      if (moving) map.insert(map.begin(), place);
    };
    for (std::size_t k = 0; k < node.operands.size(); ++k)
      widen(contract.operands[k], moves(b_.graph()[before].operands[k]));
    widen(contract.output, true);
  }

  /// A circuit whose results another takes; it is not mapped itself.
  ValueId circuit(const graph::Node& node, ValueId before) {
    const auto& attributes = node.as<graph::CircuitAttributes>();
    std::vector<int> mapped;
    for (std::size_t k = 0; k < node.operands.size(); ++k)
      if (moves(b_.graph()[before].operands[k])) mapped.push_back(static_cast<int>(k));
    graph::Type type{with_front(count_, node.type.shape), node.type.varying};
    return b_.append(node.op, std::move(type), node.operands,
                     graph::CircuitAttributes{attributes.index, count_, std::move(mapped)});
  }

  graph::Builder& b_;
  std::int64_t count_;
  std::map<ValueId, ValueId> known_;
  std::map<ValueId, bool> moves_;
};

}  // namespace

ValueId Elaborator::at_places(const Places& places, ValueId value, bool& moves) {
  if (places.count == 0) return value;
  Mapper mapper(builder_, places);
  moves = mapper.moves(value);
  return moves ? mapper.at_all(value) : value;
}

/// How many more leading axes the arguments of a circuit have than its parameters.
std::size_t Elaborator::extra_axes(const ast::Module& module, const Arguments& arguments) const {
  if (module.kind != ast::ModuleKind::circuit) return 0;
  std::size_t extra = 0;
  for (std::size_t k = 0; k < arguments.size(); ++k)
    for (std::size_t p = 0; p < module.parameters.size(); ++p) {
      const ast::Parameter& parameter = module.parameters[p];
      if (!parameter.shape || (arguments[k].name.empty() ? p != k : parameter.name.text != arguments[k].name)) continue;
      for (const ast::Expr& axis : parameter.shape->axes)
        if (std::holds_alternative<ast::LeadingAxes>(axis.node)) return 0;
      const std::size_t rank = shape_of(arguments[k].value).size();
      if (rank > parameter.shape->axes.size()) extra = std::max(extra, rank - parameter.shape->axes.size());
    }
  return extra;
}

/// The circuit at every place of the leading axes, as one node; arguments without them are the same everywhere. One
/// instance: its parameters are shared.
Value Elaborator::mapped(const ast::Module& module, const Arguments& arguments, Span span, const Instance& instance,
                         std::size_t extra) {
  Shape places;
  std::vector<bool> moves(arguments.size());
  for (std::size_t k = 0; k < arguments.size(); ++k) {
    Arguments one{arguments[k]};
    one[0].name = arguments[k].name.empty() ? module.parameters[k].name.text : arguments[k].name;
    if (extra_axes(module, one) == 0) continue;
    const Shape& shape = shape_of(arguments[k].value);
    const Shape lead(shape.begin(), shape.begin() + static_cast<std::ptrdiff_t>(extra));
    if (!places.empty() && lead != places) {
      report(DiagnosticKind::bad_shape, arguments[k].span,
             fmt::format("the circuit maps over {} and {}", graph::to_string(places), graph::to_string(lead)));
      return Poison{};
    }
    places = lead;
    moves[k] = true;
  }
  Arguments here = arguments;
  Instance mapped = instance;
  mapped.places.count = graph::element_count(places);
  const auto first = static_cast<ValueId>(graph_.nodes.size());
  for (std::size_t k = 0; k < here.size(); ++k) {
    if (!moves[k]) continue;
    const Shape whole = shape_of(here[k].value), shape(whole.begin() + static_cast<std::ptrdiff_t>(extra), whole.end());
    const Shape rows = with_front(mapped.places.count, shape);
    const ValueId all = builder_.reshape(here[k].value.as<Tensor>().id, rows);
    Shape row = rows;
    row[0] = 1;
    const graph::StrideAttributes at_first{std::vector<std::int64_t>(rows.size(), 0),
                                           std::vector<std::int64_t>(rows.size(), 1)};
    const ValueId slice = builder_.append(Primitive::slice, {row, graph_.varying(all)}, {all}, at_first);
    const ValueId one = builder_.reshape(slice, shape);
    mapped.places.values.emplace_back(one, all);
    here[k].value = Tensor{one};
  }
  const Value result = instantiate(module, std::move(here), span, std::move(mapped));
  if (!result.is<Tensor>()) return result;
  ValueId value = result.as<Tensor>().id;
  drop_unused(first, value);
  Shape shape = graph_.shape(value);
  shape.erase(shape.begin());
  shape.insert(shape.begin(), places.begin(), places.end());
  return Tensor{builder_.reshape(value, shape)};
}

void Elaborator::drop_unused(ValueId first, ValueId& kept) {
  const auto count = static_cast<ValueId>(graph_.nodes.size());
  std::vector<bool> needed(count - first);
  auto need = [&](ValueId id) {
    if (id >= first) needed[id - first] = true;
  };
  need(kept);
  for (const auto& [path, id] : params_) need(id);
  for (const auto& [item, value] : constants_)
    if (value.is<Tensor>()) need(value.as<Tensor>().id);
  for (ValueId id = count; id-- > first;)
    if (needed[id - first])
      for (ValueId operand : graph_[id].operands) need(operand);
  std::vector<ValueId> number(count - first);
  ValueId next = first;
  auto moved = [&](ValueId id) { return id < first ? id : number[id - first]; };
  for (ValueId id = first; id < count; ++id) {
    if (!needed[id - first]) continue;
    number[id - first] = next;
    graph::Node node = std::move(graph_.nodes[id]);
    for (ValueId& operand : node.operands) operand = moved(operand);
    graph_.nodes[next++] = std::move(node);
  }
  graph_.nodes.resize(next);
  kept = moved(kept);
  for (auto& [path, id] : params_) id = moved(id);
  for (auto& [item, value] : constants_)
    if (value.is<Tensor>()) value = Tensor{moved(value.as<Tensor>().id)};
}

}  // namespace qiln::elaboration
