#pragma once

#include "dsl/ast.h"
#include "dsl/source.h"

namespace qiln::dsl {

/// The text of the standard library.
const char* prelude_text();

/// Adds the standard library to `sources` and gives it parsed. A library that does not parse is a bug (an assertion).
ast::File parse_prelude(Sources& sources);

}  // namespace qiln::dsl
