#include "compiler/kernel/view.h"

#include <algorithm>
#include <cassert>
#include <utility>

namespace qiln::kernel {
namespace {

using graph::Graph;
using graph::Node;
using graph::Shape;
using graph::ValueId;
using Strides = std::vector<std::int64_t>;

/// The strides of a reshaped array, or nothing where axes to be joined are not nested.
std::optional<Strides> reshaped_strides(const Shape& from, const Strides& strides, const Shape& to) {
  Shape extents;
  Strides kept;
  for (std::size_t i = 0; i < from.size(); ++i) {
    if (from[i] == 1) continue;
    extents.push_back(from[i]);
    kept.push_back(strides[i]);
  }
  Strides result(to.size(), 0);
  std::size_t o = 0, n = 0;
  while (o < extents.size() && n < to.size()) {
    std::size_t o_end = o + 1, n_end = n + 1;
    std::int64_t old_count = extents[o], new_count = to[n];
    while (old_count != new_count) {
      if (old_count < new_count) {
        if (o_end == extents.size()) return std::nullopt;
        old_count *= extents[o_end++];
      } else {
        if (n_end == to.size()) return std::nullopt;
        new_count *= to[n_end++];
      }
    }
    for (std::size_t k = o; k + 1 < o_end; ++k)
      if (kept[k] != extents[k + 1] * kept[k + 1]) return std::nullopt;
    std::int64_t stride = kept[o_end - 1];
    for (std::size_t k = n_end; k-- > n;) {
      result[k] = stride;
      stride *= to[k];
    }
    o = o_end;
    n = n_end;
  }
  for (std::size_t k = 0; k < to.size(); ++k)
    if (to[k] == 1) result[k] = 0;
  return result;
}

/// Calls change(strides, offset) for the address and for each guard.
template <class Change>
void each_affine(View& view, const Change& change) {
  change(view.strides, view.offset);
  for (auto& guard : view.guards) change(guard.coefficients, guard.offset);
}

/// A contraction that gathers from an operand of shape `from`.
void gather(View& view, const graph::ContractAttributes& by, const Shape& from) {
  const std::size_t rank = by.output.size();
  const auto add = [&](Strides& to, const graph::Affine& e, std::int64_t times) {
    for (std::size_t a = 0; a < rank; ++a) to[a] += times * e.coefficients[by.output[a].bare_index()];
  };
  each_affine(view, [&](Strides& strides, std::int64_t& offset) {
    const Strides old = std::exchange(strides, Strides(rank, 0));
    for (std::size_t i = 0; i < from.size(); ++i) {
      add(strides, by.operands[0][i], old[i]);
      offset += old[i] * by.operands[0][i].offset;
    }
  });
  for (std::size_t i = 0; i < from.size(); ++i) {
    Guard guard{Strides(rank, 0), by.operands[0][i].offset, from[i]};
    add(guard.coefficients, by.operands[0][i], 1);
    view.guards.push_back(std::move(guard));
  }
}

View root_view(const Graph& graph, ValueId value) {
  const Node& node = graph[value];
  View view{value, contiguous_strides(node.type.shape), 0, {}};
  if (node.op == Primitive::constant && node.as<graph::ConstantAttributes>().values.size() == 1)
    std::fill(view.strides.begin(), view.strides.end(), 0);
  return view;
}

}  // namespace

Strides contiguous_strides(const Shape& shape) {
  Strides strides(shape.size());
  std::int64_t stride = 1;
  for (std::size_t a = shape.size(); a-- > 0;) {
    strides[a] = stride;
    stride *= shape[a];
  }
  return strides;
}

bool is_idle(const Guard& guard, const std::vector<std::int64_t>& extents) {
  std::int64_t low = guard.offset, high = guard.offset;
  for (std::size_t a = 0; a < extents.size(); ++a) {
    const std::int64_t reach = guard.coefficients[a] * (extents[a] - 1);
    (reach < 0 ? low : high) += reach;
  }
  return low >= 0 && high < guard.extent;
}

bool spreads(const Node& node) {
  if (node.op != Primitive::pad) return false;
  const auto& step = node.as<graph::StrideAttributes>().step;
  return std::any_of(step.begin(), step.end(), [](auto s) { return s != 1; });
}

bool gathers(const Node& node) {
  if (node.op != Primitive::contract || node.operands.size() != 1) return false;
  const auto& by = node.as<graph::ContractAttributes>();
  std::vector<bool> found(by.space.size());
  for (std::size_t a = 0; a < by.output.size(); ++a) {
    const int index = by.output[a].bare_index();
    if (index < 0 || found[index] || by.space[index] != node.type.shape[a]) return false;
    found[index] = true;
  }
  return by.output.size() == by.space.size();
}

std::optional<View> view_through(const Graph& graph, const Node& node, const View& operand) {
  View view = operand;
  const Shape& shape = node.type.shape;
  const Shape& from = graph.shape(node.operands[0]);
  bool possible = true;
  switch (node.op) {
    case Primitive::stop_gradient:
      return view;
    case Primitive::reshape:
      each_affine(view, [&](Strides& strides, std::int64_t&) {
        auto next = reshaped_strides(from, strides, shape);
        possible = possible && next;
        if (next) strides = *next;
      });
      break;
    case Primitive::permute:
      each_affine(view, [&](Strides& strides, std::int64_t&) {
        Strides old = strides;
        for (std::size_t i = 0; i < shape.size(); ++i) strides[i] = old[node.as<graph::AxesAttributes>().axes[i]];
      });
      break;
    case Primitive::broadcast:
      each_affine(view, [&](Strides& strides, std::int64_t&) {
        Strides old = strides;
        strides.assign(shape.size(), 0);
        const auto& axes = node.as<graph::AxesAttributes>().axes;
        for (std::size_t i = 0; i < axes.size(); ++i) strides[axes[i]] = old[i];
      });
      break;
    case Primitive::slice: {
      const auto& by = node.as<graph::StrideAttributes>();
      each_affine(view, [&](Strides& strides, std::int64_t& offset) {
        for (std::size_t i = 0; i < shape.size(); ++i) {
          offset += strides[i] * by.start[i];
          strides[i] *= by.step[i];
        }
      });
      break;
    }
    case Primitive::pad: {
      if (spreads(node)) return std::nullopt;
      const auto& by = node.as<graph::StrideAttributes>();
      each_affine(view, [&](Strides& strides, std::int64_t& offset) {
        for (std::size_t i = 0; i < shape.size(); ++i) offset -= strides[i] * by.start[i];
      });
      for (std::size_t i = 0; i < shape.size(); ++i) {
        Guard guard{Strides(shape.size(), 0), -by.start[i], from[i]};
        guard.coefficients[i] = 1;
        view.guards.push_back(std::move(guard));
      }
      break;
    }
    case Primitive::contract:
      if (!gathers(node)) return std::nullopt;
      gather(view, node.as<graph::ContractAttributes>(), from);
      break;
    default:
      return std::nullopt;
  }
  if (!possible) return std::nullopt;
  std::erase_if(view.guards, [&](const Guard& guard) { return is_idle(guard, shape); });
  return view;
}

bool is_whole(const Graph& graph, const View& view, ValueId value) {
  const Shape& shape = graph.shape(value);
  if (view.root == value) return true;
  if (view.offset != 0 || !view.guards.empty()) return false;
  if (graph::element_count(shape) != graph::element_count(graph.shape(view.root))) return false;
  const Strides contiguous = contiguous_strides(shape);
  for (std::size_t a = 0; a < shape.size(); ++a)
    if (shape[a] != 1 && view.strides[a] != contiguous[a]) return false;
  return true;
}

bool is_identity(const Graph& graph, const View& view, ValueId value) {
  return graph.shape(value) == graph.shape(view.root) && is_whole(graph, view, value);
}

std::vector<View> find_views(const Graph& graph, const std::vector<bool>& live) {
  std::vector<bool> unguarded(graph.nodes.size()), whole(graph.nodes.size());
  for (ValueId id = 0; id < graph.nodes.size(); ++id) {
    if (!live[id]) continue;
    const auto kind = primitive(graph[id].op).kind;
    for (ValueId operand : graph[id].operands) {
      if (kind == PrimitiveKind::contract || spreads(graph[id])) unguarded[operand] = true;
      if (kind == PrimitiveKind::circuit) whole[operand] = true;
    }
  }
  for (const auto& output : graph.outputs) whole[output.value] = true;

  std::vector<View> views(graph.nodes.size());
  for (ValueId id = 0; id < graph.nodes.size(); ++id) {
    if (!live[id]) continue;
    const Node& node = graph[id];
    views[id] = root_view(graph, id);
    const auto kind = primitive(node.op).kind;
    if (kind != PrimitiveKind::movement && kind != PrimitiveKind::identity && !gathers(node)) continue;
    if (node.op == Primitive::concat) continue;
    auto view = view_through(graph, node, views[node.operands[0]]);
    if (!view || (unguarded[id] && !view->guards.empty())) continue;
    if (whole[id] && !is_whole(graph, *view, id)) continue;
    views[id] = std::move(*view);
  }
  return views;
}

}  // namespace qiln::kernel
