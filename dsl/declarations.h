#pragma once

#include "dsl/ast.h"
#include "dsl/diagnostics.h"

namespace qiln::dsl {

/// Reports items, parameters of one definition and registers of one gate that share a name. Gates live apart from other
/// items.
void check_declarations(const ast::Program& program, Diagnostics& diagnostics);

}  // namespace qiln::dsl
