#pragma once

#include <string>
#include <string_view>

#include "dsl/ast.h"
#include "dsl/diagnostics.h"
#include "dsl/source.h"

namespace qiln::dsl {

/// The file as written. Every error of the file is reported, one for each cause; items and statements that could not be
/// read are left out of the result, so it is for further phases only when nothing was reported.
ast::File parse(const SourceFile& file, Diagnostics& diagnostics);

/// Reads `path` and all that it imports, each file once; paths are relative to the importing file. A file that cannot
/// be read, a cycle and names declared twice are diagnostics where they stand; throws `Error` when the root cannot be
/// read.
ast::Program parse_program(const std::string& path, Sources& sources, Diagnostics& diagnostics,
                           const Loader& load = load_from_disk);

/// One expression and nothing else, as on the right of `--set NAME=`.
std::optional<ast::Expr> parse_expression(const SourceFile& file, Diagnostics& diagnostics);

}  // namespace qiln::dsl
