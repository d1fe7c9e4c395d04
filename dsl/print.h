#pragma once

#include <string>

#include "dsl/ast.h"

namespace qiln::dsl {

/// The text of a tree, in the project's one layout (two blanks a level, 120 columns where lists allow); comments are
/// not part of a tree, documentation is. Parsing the result gives an equal tree.
std::string print(const ast::File& file);
std::string print(const ast::Item& item);
std::string print(const ast::Statement& statement);
std::string print(const ast::Expr& expr);
std::string print(const ast::Shape& shape);

}  // namespace qiln::dsl
