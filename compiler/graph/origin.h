// Where a node comes from, in the words of the source.
#pragma once

#include <string>

#include "compiler/graph/graph.h"
#include "dsl/source.h"

namespace qiln::graph {

dsl::Span span_of(const Origin& origin);
/// "model.qiln:12"; empty for what no file says.
std::string place_of(const Origin& origin, const dsl::Sources& sources);

}  // namespace qiln::graph
