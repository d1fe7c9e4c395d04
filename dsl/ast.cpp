#include "dsl/ast.h"

namespace qiln::dsl::ast {

bool operator==(const Expr& a, const Expr& b) { return a.node == b.node; }
bool operator==(const Statement& a, const Statement& b) { return a.node == b.node; }

Call call_of(const Pipe& pipe) {
  Call call = std::get<Call>(pipe.stage->node);
  call.bare = false;
  call.arguments.insert(call.arguments.begin(), Argument{std::nullopt, pipe.value, pipe.value->span});
  return call;
}

std::optional<Name> name_of(const Expr& expr) {
  if (const auto* reference = std::get_if<Reference>(&expr.node)) return Name{reference->name, expr.span};
  if (const auto* call = std::get_if<Call>(&expr.node)) return name_of(*call->callee);
  return std::nullopt;
}

const Name* declared_name(const Item& item) {
  struct Visitor {
    const Name* operator()(const Import&) const { return nullptr; }
    const Name* operator()(const Settings&) const { return nullptr; }
    const Name* operator()(const Const& node) const { return &node.name; }
    const Name* operator()(const Function& node) const { return &node.name; }
    const Name* operator()(const Module& node) const { return &node.name; }
    const Name* operator()(const Gate& node) const { return &node.name; }
  };
  return std::visit(Visitor{}, item.node);
}

}  // namespace qiln::dsl::ast
