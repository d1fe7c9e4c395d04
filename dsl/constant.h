#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "dsl/ast.h"
#include "dsl/diagnostics.h"

/// Constant expressions of settings: numbers, strings, lists, arithmetic and the file's `const`s.
namespace qiln::dsl {

struct Constant {
  std::variant<std::int64_t, double, bool, std::string, std::vector<Constant>> value;

  /// An integer or a real as a double; nothing for other kinds.
  std::optional<double> number() const;
};

/// "an integer", "a list", … as messages say it.
std::string kind_of(const Constant& constant);
/// The same for what stands in a text, whether it is a constant or not.
std::string kind_of(const ast::Expr& expr);

/// The value of an expression over the `const` items of a program, `pi` included. Reports names that are no constants
/// and operators that do not fit their operands, and then gives nothing.
class ConstantEvaluator {
 public:
  ConstantEvaluator(const ast::Program& program, Diagnostics& diagnostics);

  std::optional<Constant> evaluate(const ast::Expr& expr);
  bool is_constant(const std::string& name) const { return items_.count(name) != 0; }

 private:
  struct Entry {
    const ast::Expr* expr;
    bool open = false;  // being evaluated: meeting it again is a cycle
  };

  std::optional<Constant> reference(const std::string& name, Span span);
  std::optional<Constant> unary(const ast::Unary& node, Span span);
  std::optional<Constant> binary(const ast::Binary& node, Span span);

  std::map<std::string, Entry> items_;
  Diagnostics& diagnostics_;
};

}  // namespace qiln::dsl
