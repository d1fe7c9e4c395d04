// Which operation made a step's infinity or NaN.
#pragma once

#include <functional>
#include <string>

#include "compiler/graph/graph.h"
#include "runtime/reference/evaluate.h"

namespace qiln::train {

/// Where an origin is in the source, "model.qiln:12", or empty.
using PlaceOf = std::function<std::string(const graph::Origin&)>;

struct Culprit {
  graph::ValueId value = graph::no_value;  // no_value: every output is finite
  bool nan = false;                        // otherwise it holds an infinity
};

/// Interprets `g` on `feed` in float and follows what is not finite back from the outputs, NaN before infinity, to a
/// value whose operands are all finite. An infinity that no output depends on, or that a later value makes finite
/// again, is not what is sought.
Culprit find_not_finite(const graph::Graph& g, const reference::Feed<float>& feed);

/// "`divide` in `e1.norm` (model.qiln:12) gives NaN"; "the parameter `e1.conv.weight` holds an infinity".
std::string describe(const graph::Graph& g, const Culprit& culprit, const PlaceOf& place);

}  // namespace qiln::train
