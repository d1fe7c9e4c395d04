// Shapes, parameters of a definition, registers.
#include "dsl/grammar/rules.h"

namespace qiln::dsl::grammar {
namespace {

const auto push = [](auto& ctx) { x3::_val(ctx).push_back(std::move(x3::_attr(ctx))); };
const auto become_leading_axes = [](auto& ctx) {
  x3::_val(ctx).node = ast::LeadingAxes{std::move(x3::_attr(ctx).text)};
};
const auto take_type = [](auto& ctx) {
  x3::_val(ctx).shape = std::move(x3::_attr(ctx).shape);
  x3::_val(ctx).type = std::move(x3::_attr(ctx).type);
};
/// `net` and `circuit` are reserved, and types.
const auto become_word = [](auto& ctx) {
  x3::_val(ctx) = ast::Name{std::string(x3::_attr(ctx).begin(), x3::_attr(ctx).end()), {}};
};

}  // namespace

const x3::rule<struct axis_class, ast::Expr> axis{"an axis"};
const x3::rule<struct type_name_class, ast::Name> type_name{"a type"};
const x3::rule<struct named_type_class, ast::NamedType> named_type{"a type"};
const x3::rule<struct parameter_type_class, ast::Parameter> parameter_type{"a shape in brackets or a type"};
const x3::rule<struct parameter_class, ast::Parameter> parameter{"a parameter"};
const x3::rule<struct register_class, ast::Register> register_{"a register"};

const auto axis_def =
    spanned((&(name >> symbol("..") >> (symbol(",") | symbol("]"))) >> name[become_leading_axes] >> symbol("..")) |
            expression[become]);
const auto shape_def = spanned(
    symbol("[") > -(axis[append<&ast::Shape::axes>] > *(symbol(",") > axis[append<&ast::Shape::axes>])) > symbol("]"));

const auto type_name_def = spanned(x3::raw[word("net") | word("circuit")][become_word] | name[become]);
const auto named_type_def = spanned(type_name[set<&ast::NamedType::name>] >>
                                    -(symbol("[") > expression[append<&ast::NamedType::arguments>] >
                                      *(symbol(",") > expression[append<&ast::NamedType::arguments>]) > symbol("]")));
const auto parameter_type_def = shape[set<&ast::Parameter::shape>] | named_type[set<&ast::Parameter::type>];
const auto parameter_def = spanned(name[set<&ast::Parameter::name>] >> -(symbol(":") > parameter_type[take_type]) >>
                                   -(equals > expression[set<&ast::Parameter::default_value>]));
const auto parameters_def = symbol("(") > -(parameter[push] > *(symbol(",") > parameter[push])) > symbol(")");

const auto register__def = name[set<&ast::Register::name>] >>
                           -(symbol("[") > expression[set<&ast::Register::size>] > symbol("]"));
const auto registers_def = register_[push] >> *(symbol(",") > register_[push]);

BOOST_SPIRIT_DEFINE(axis, shape, type_name, named_type, parameter_type, parameter, parameters, register_, registers)
QILN_INSTANTIATE(shape)
QILN_INSTANTIATE(parameters)
QILN_INSTANTIATE(registers)

}  // namespace qiln::dsl::grammar
