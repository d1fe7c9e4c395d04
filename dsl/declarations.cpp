#include "dsl/declarations.h"

#include <map>

namespace qiln::dsl {
namespace {

/// The names of one scope.
class Names {
 public:
  explicit Names(Diagnostics& diagnostics) : diagnostics_(diagnostics) {}

  void declare(const ast::Name& name) {
    const auto [first, added] = first_.try_emplace(name.text, name.span);
    if (!added)
      diagnostics_.report(DiagnosticKind::duplicate_name, name.span, name.text)
          .note("first declared here", first->second);
  }
  void declare(const std::vector<ast::Parameter>& parameters) {
    for (const ast::Parameter& parameter : parameters) declare(parameter.name);
  }

 private:
  Diagnostics& diagnostics_;
  std::map<std::string, Span> first_;
};

}  // namespace

void check_declarations(const ast::Program& program, Diagnostics& diagnostics) {
  Names items(diagnostics), gates(diagnostics);
  for (const ast::File& file : program.files) {
    for (const ast::Item& item : file.items) {
      if (const ast::Name* name = ast::declared_name(item))
        (std::holds_alternative<ast::Gate>(item.node) ? gates : items).declare(*name);
      Names inner(diagnostics);
      if (const auto* node = std::get_if<ast::Function>(&item.node)) inner.declare(node->parameters);
      if (const auto* node = std::get_if<ast::Module>(&item.node)) inner.declare(node->parameters);
      if (const auto* node = std::get_if<ast::Gate>(&item.node)) {
        inner.declare(node->parameters);
        for (const ast::Register& reg : node->registers) inner.declare(reg.name);
      }
    }
  }
}

}  // namespace qiln::dsl
