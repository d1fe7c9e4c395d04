// Views: movement of a value that only changes how the elements of another one, its root, are addressed; the windows of
// a pooling layer are such movement, too.
#pragma once

#include <optional>
#include <vector>

#include "compiler/graph/graph.h"
#include "compiler/kernel/kernel.h"

namespace qiln::kernel {

/// Element x of the value is element offset + strides . x of `root` (in row-major order), zero where a guard fails.
/// A root is a view of itself; a splat constant has one element, so its strides are 0.
struct View {
  graph::ValueId root = graph::no_value;
  std::vector<std::int64_t> strides;  // one an axis of the value
  std::int64_t offset = 0;
  std::vector<Guard> guards;  // coefficients by the axes of the value
};

std::vector<std::int64_t> contiguous_strides(const graph::Shape& shape);
/// Whether a guard holds at all indices below `extents`.
bool is_idle(const Guard& guard, const std::vector<std::int64_t>& extents);

/// Whether a contraction sums nothing up: each element of its result is one of its factor, or 0 out of range.
bool gathers(const graph::Node& node);

/// The view that `node` makes of its operand, seen through `operand`; nothing where no affine access does it: a reshape
/// that joins axes which do not lie in one another, a pad that spreads elements, a contraction that does not gather.
std::optional<View> view_through(const graph::Graph& graph, const graph::Node& node, const View& operand);

/// What the values are views of. A movement becomes a root of its own (a copy) where no view exists, where a guarded
/// value is a contraction's operand, and where a circuit or an output needs the whole of a buffer.
std::vector<View> find_views(const graph::Graph& graph, const std::vector<bool>& live);

/// All elements of the root in its order: the value may differ in shape only.
bool is_whole(const graph::Graph& graph, const View& view, graph::ValueId value);
/// is_whole, and of the root's shape.
bool is_identity(const graph::Graph& graph, const View& view, graph::ValueId value);

/// A pad with gaps between the elements, or with a step on an axis: its nest is a contraction.
bool spreads(const graph::Node& node);

}  // namespace qiln::kernel
