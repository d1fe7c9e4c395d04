#include "compiler/graph/origin.h"

#include <fmt/format.h>

#include <algorithm>

namespace qiln::graph {

dsl::Span span_of(const Origin& origin) {
  return {static_cast<dsl::FileId>(std::max(origin.file, 0)), origin.begin, origin.end};
}

std::string place_of(const Origin& origin, const dsl::Sources& sources) {
  if (origin.file < 0 || static_cast<std::size_t>(origin.file) >= sources.size()) return {};
  const dsl::SourceFile& file = sources[static_cast<dsl::FileId>(origin.file)];
  return fmt::format("{}:{}", file.path(), file.position(origin.begin).line);
}

}  // namespace qiln::graph
