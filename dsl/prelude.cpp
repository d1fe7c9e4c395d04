#include "dsl/prelude.h"

#include <cassert>

#include "dsl/parse.h"

namespace qiln::dsl {

const char* prelude_text() {
  static constexpr char kText[] =
#include "prelude_text.inc"
      ;
  return kText;
}

ast::File parse_prelude(Sources& sources) {
  const FileId id = sources.add("prelude.qiln", prelude_text());
  Diagnostics diagnostics;
  ast::File file = parse(sources[id], diagnostics);
  assert(!diagnostics.has_errors() && "the prelude must parse");
  return file;
}

}  // namespace qiln::dsl
