#include "compiler/graph/origin.h"

#include <fmt/format.h>

#include <algorithm>

#include "compiler/graph/build.h"

namespace qiln::graph {

dsl::Span span_of(const Origin& origin) {
  return {static_cast<dsl::FileId>(std::max(origin.file, 0)), origin.begin, origin.end};
}

std::string place_of(const Origin& origin, const dsl::Sources& sources) {
  if (origin.file < 0 || static_cast<std::size_t>(origin.file) >= sources.size()) return {};
  const dsl::SourceFile& file = sources[static_cast<dsl::FileId>(origin.file)];
  return fmt::format("{}:{}", file.path(), file.position(origin.begin).line);
}

void place(Graph& graph, const Origin& where, std::string_view name) {
  Origin origin = where;
  origin.path = Builder(graph).path(name);
  for (Node& node : graph.nodes)
    if (node.origin.file < 0 && node.origin.path < 0) node.origin = origin;
}

}  // namespace qiln::graph
