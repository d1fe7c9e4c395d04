// Where a node comes from, in the words of the source.
#pragma once

#include <string>
#include <string_view>

#include "compiler/graph/graph.h"
#include "dsl/source.h"

namespace qiln::graph {

dsl::Span span_of(const Origin& origin);
/// "model.qiln:12"; empty for what no file says.
std::string place_of(const Origin& origin, const dsl::Sources& sources);
/// Values that no file states get the place of what asks for them, such as a setting, and `name` as their path.
void place(Graph& graph, const Origin& where, std::string_view name);

}  // namespace qiln::graph
