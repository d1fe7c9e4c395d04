// `y = e`, `y: shape`, `y: shape = e`, `y[i, j] = e`.
#include "dsl/grammar/rules.h"

namespace qiln::dsl::grammar {
namespace {

/// `name: shape` with or without a value.
struct Typed {
  ast::Name name;
  ast::Shape shape;
  std::optional<ast::Expr> value;
};

const auto become_typed = [](auto& ctx) {
  Typed& typed = x3::_attr(ctx);
  if (typed.value)
    x3::_val(ctx).node = ast::Binding{std::move(typed.name), std::move(typed.shape), std::move(*typed.value)};
  else
    x3::_val(ctx).node = ast::Declaration{std::move(typed.name), std::move(typed.shape)};
};
const auto become_leading_axes = [](auto& ctx) {
  x3::_val(ctx).index = ast::Expr{ast::LeadingAxes{x3::_attr(ctx).text}, x3::_attr(ctx).span};
};
/// A range belongs to an index that stands alone.
const auto set_range = [](auto& ctx) {
  x3::_pass(ctx) = std::holds_alternative<ast::Reference>(x3::_val(ctx).index.node);
  x3::_val(ctx).range = std::move(x3::_attr(ctx));
};

}  // namespace

const x3::rule<struct binding_class, ast::Binding> binding{"a binding"};
const x3::rule<struct typed_binding_class, Typed> typed_binding{"a binding"};
const x3::rule<struct index_binding_class, ast::IndexBinding> index_binding{"a binding"};
const x3::rule<struct left_subscript_class, ast::LeftSubscript> left_subscript{"an index"};

const auto binding_def =
    &(name >> equals) >> name[set<&ast::Binding::name>] > equals > expression[set<&ast::Binding::value>];
const auto typed_binding_def = &(name >> symbol(":")) >> name[set<&Typed::name>] >
                               symbol(":") > shape[set<&Typed::shape>] > -(equals > expression[set<&Typed::value>]);
const auto index_binding_def = &(name >> symbol("[")) >> name[set<&ast::IndexBinding::name>] >
                               symbol("[") > left_subscript[append<&ast::IndexBinding::subscripts>] >
                               *(symbol(",") > left_subscript[append<&ast::IndexBinding::subscripts>]) >
                               symbol("]") > equals > expression[set<&ast::IndexBinding::value>];
const auto left_subscript_def =
    (&(name >> symbol("..") >> (symbol(",") | symbol("]"))) >> name[become_leading_axes] >> symbol("..")) |
    (expression[set<&ast::LeftSubscript::index>] >> -(word("in") > range_or_expression[set_range]));

const auto any_binding_def = binding[become_node] | typed_binding[become_typed] | index_binding[become_node];

BOOST_SPIRIT_DEFINE(binding, typed_binding, index_binding, left_subscript, any_binding)
QILN_INSTANTIATE(any_binding)

}  // namespace qiln::dsl::grammar
