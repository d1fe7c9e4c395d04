// Literals, names, lists, calls and subscripts.
#include <charconv>

#include "dsl/grammar/rules.h"

namespace qiln::dsl::grammar {
namespace {

/// What stands between brackets, before it is known to be a list or a comprehension, a group or a tuple.
struct Parts {
  std::vector<ast::Expr> elements;
  std::vector<ast::Generator> generators;
};

std::string unescaped(std::string_view text) {
  std::string result;
  for (std::size_t i = 1; i + 1 < text.size(); ++i) {
    if (text[i] == '\\') {
      ++i;
      result += text[i] == 'n' ? '\n' : text[i] == 't' ? '\t' : text[i];
    } else {
      result += text[i];
    }
  }
  return result;
}

ast::Expr::Node number_of(std::string_view text, Span span, Diagnostics& diagnostics) {
  const char* const end = text.data() + text.size();
  if (text.find_first_of(".eE") == std::string_view::npos) {
    ast::Integer integer;
    if (std::from_chars(text.data(), end, integer.value).ec != std::errc())
      diagnostics.report(DiagnosticKind::number_range, span, text, "a 64-bit integer");
    return integer;
  }
  ast::Real real{0, std::string(text)};
  if (std::from_chars(text.data(), end, real.value).ec != std::errc())
    diagnostics.report(DiagnosticKind::number_range, span, text, "a double");
  return real;
}

const auto become_number = [](auto& ctx) {
  State& state = state_of(ctx);
  const auto& range = x3::_attr(ctx);
  x3::_val(ctx).node =
      number_of(std::string(range.begin(), range.end()), state.span(range.begin(), range.end()), state.diagnostics);
};
const auto become_unescaped = [](auto& ctx) {
  x3::_val(ctx) = unescaped(std::string(x3::_attr(ctx).begin(), x3::_attr(ctx).end()));
};
const auto become_string = [](auto& ctx) { x3::_val(ctx).node = ast::String{std::move(x3::_attr(ctx))}; };
const auto become_reference = [](auto& ctx) { x3::_val(ctx).node = ast::Reference{std::move(x3::_attr(ctx).text)}; };
template <bool value>
const auto become_boolean = [](auto& ctx) { x3::_val(ctx).node = ast::Boolean{value}; };
const auto become_leading_axes = [](auto& ctx) {
  x3::_val(ctx).node = ast::LeadingAxes{std::move(x3::_attr(ctx).text)};
};

const auto become_list = [](auto& ctx) {
  Parts& parts = x3::_attr(ctx);
  if (parts.generators.empty())
    x3::_val(ctx).node = ast::List{std::move(parts.elements)};
  else
    x3::_val(ctx).node = ast::Comprehension{std::move(parts.elements.front()), std::move(parts.generators)};
};
const auto become_group = [](auto& ctx) {
  Parts& parts = x3::_attr(ctx);
  if (parts.elements.size() == 1)
    x3::_val(ctx) = std::move(parts.elements.front());
  else
    x3::_val(ctx).node = ast::Tuple{std::move(parts.elements)};
};

/// What was read so far, from its beginning to the end of what was read last.
template <typename RuleContext>
Span so_far(RuleContext& ctx, Span begin) {
  return {begin.file, begin.begin, state_of(ctx).offset(x3::_where(ctx).begin())};
}
const auto call = [](auto& ctx) {
  ast::Expr callee = std::move(x3::_val(ctx));
  const Span span = so_far(ctx, callee.span);
  x3::_val(ctx) = {ast::Call{std::move(callee), std::move(x3::_attr(ctx)), false, false}, span};
};
const auto index = [](auto& ctx) {
  ast::Expr base = std::move(x3::_val(ctx));
  const Span span = so_far(ctx, base.span);
  x3::_val(ctx) = {ast::Index{std::move(base), std::move(x3::_attr(ctx))}, span};
};
const auto become_frozen_call = [](auto& ctx) {
  auto* frozen = std::get_if<ast::Call>(&x3::_attr(ctx).node);
  x3::_pass(ctx) = frozen != nullptr;
  if (frozen) frozen->frozen = true;
  x3::_val(ctx) = std::move(x3::_attr(ctx));
};
const auto push = [](auto& ctx) { x3::_val(ctx).push_back(std::move(x3::_attr(ctx))); };

}  // namespace

const x3::rule<struct number_class, ast::Expr> number{"a number"};
const x3::rule<struct primary_class, ast::Expr> primary{"an expression"};
const x3::rule<struct frozen_call_class, ast::Expr> frozen_call{"a call"};
const x3::rule<struct list_parts_class, Parts> list_parts{"a list"};
const x3::rule<struct group_parts_class, Parts> group_parts{"a group"};
const x3::rule<struct argument_class, ast::Argument> argument{"an argument"};
const x3::rule<struct subscript_class, ast::Expr> subscript{"a subscript"};

const auto digits = +x3::standard::digit;
const auto number_def =
    spanned(x3::raw[x3::lexeme[digits >> -('.' >> digits) >> -(x3::char_("eE") >> -x3::char_("+-") >> digits) >>
                               !(x3::standard::alnum | '_')]][become_number]);
const auto quoted_def =
    x3::raw[x3::lexeme['"' >> *(('\\' >> ~x3::char_('\n')) | ~x3::char_("\"\\\n")) >> '"']][become_unescaped];

const auto list_parts_def = symbol("[") > -(expression[append<&Parts::elements>] >
                                            (+generator[append<&Parts::generators>] |
                                             *(symbol(",") > expression[append<&Parts::elements>]))) > symbol("]");
const auto group_parts_def = symbol("(") > expression[append<&Parts::elements>] >
                             *(symbol(",") > expression[append<&Parts::elements>]) > symbol(")");
const auto primary_def = spanned(number[become] | quoted[become_string] | word("true")[become_boolean<true>] |
                                 word("false")[become_boolean<false>] | name[become_reference] |
                                 list_parts[become_list] | group_parts[become_group]);

const auto frozen_call_def = spanned(postfix[become_frozen_call]);
const auto postfix_def =
    spanned((word("freeze") > frozen_call[become]) | (primary[become] >> *(arguments[call] | subscripts[index])));

const auto arguments_def = symbol("(") > -(argument[push] > *(symbol(",") > argument[push])) > symbol(")");
const auto argument_def =
    spanned((&(name >> equals) >> name[set<&ast::Argument::name>] >> equals > expression[set<&ast::Argument::value>]) |
            expression[set<&ast::Argument::value>]);
const auto subscripts_def = symbol("[") > subscript[push] > *(symbol(",") > subscript[push]) > symbol("]");
const auto subscript_def =
    spanned((&(name >> symbol("..") >> (symbol(",") | symbol("]"))) >> name[become_leading_axes] >> symbol("..")) |
            range_or_expression[become]);
const auto generator_def = word("for") > name[set<&ast::Generator::index>] >
                           word("in") > range_or_expression[set<&ast::Generator::domain>];

BOOST_SPIRIT_DEFINE(number, quoted, list_parts, group_parts, primary, frozen_call, postfix, arguments, argument,
                    subscripts, subscript, generator)
QILN_INSTANTIATE(postfix)
QILN_INSTANTIATE(subscripts)
QILN_INSTANTIATE(arguments)
QILN_INSTANTIATE(generator)
QILN_INSTANTIATE(quoted)

}  // namespace qiln::dsl::grammar
