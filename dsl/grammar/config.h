#pragma once

#include <algorithm>
#include <boost/spirit/home/x3.hpp>
#include <string>
#include <string_view>

#include "dsl/ast.h"
#include "dsl/diagnostics.h"
#include "dsl/grammar/layout.h"

/// The iterator and context every rule is instantiated with, the primitive parsers, and what rules do on success and on
/// failure. One parser for all symbols and one for all words keep the instantiations few.
namespace qiln::dsl::grammar {

namespace x3 = boost::spirit::x3;

using Iterator = std::string::const_iterator;

/// What the parsers of one file share.
struct State {
  const SourceFile& file;
  const Layout& layout;
  Diagnostics& diagnostics;
  std::vector<Span> skipped;  // what recovery stepped over
  bool failed = false;        // the last recovering rule left no node
  std::uint32_t start = 0;    // where the statement, item or setting begins that was begun last

  std::uint32_t offset(Iterator at) const { return static_cast<std::uint32_t>(at - layout.text.begin()); }
  Iterator at(std::uint32_t offset) const { return layout.text.begin() + offset; }
  Span span(Iterator first, Iterator last) const { return {file.id(), offset(first), offset(last)}; }
};

struct StateTag;
using Skipper = x3::standard::blank_type;
using Context = x3::context<StateTag, State, x3::phrase_parse_context<Skipper>::type>;

template <typename AnyContext>
State& state_of(const AnyContext& context) {
  return x3::get<StateTag>(context);
}

inline bool is_word_character(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
}

inline bool matches(Iterator first, Iterator last, std::string_view text) {
  return static_cast<std::size_t>(last - first) >= text.size() && std::equal(text.begin(), text.end(), first);
}

/// A symbol, not followed by one of the characters that would make it another symbol. A closing bracket also matches,
/// without taking anything, where the layout pass ended a bracket that nothing closes.
struct Symbol : x3::parser<Symbol> {
  using attribute_type = x3::unused_type;
  static bool const has_attribute = false;

  constexpr explicit Symbol(std::string_view text, std::string_view not_before = {})
      : text(text), not_before(not_before) {}

  template <typename AnyContext, typename RContext, typename Attribute>
  bool parse(Iterator& first, const Iterator& last, const AnyContext& context, RContext&, Attribute&) const {
    x3::skip_over(first, last, context);
    if (closes() && is_cut(state_of(context), first)) return true;
    if (!matches(first, last, text)) return false;
    const Iterator next = first + static_cast<std::ptrdiff_t>(text.size());
    if (next != last && not_before.find(*next) != std::string_view::npos) return false;
    first = next;
    return true;
  }

  bool closes() const { return text == ")" || text == "]" || text == "}"; }
  bool is_cut(const State& state, Iterator at) const {
    const auto& cuts = text == "}" ? state.layout.brace_cuts : state.layout.bracket_cuts;
    return std::find(cuts.begin(), cuts.end(), state.offset(at)) != cuts.end();
  }

  std::string_view text;
  std::string_view not_before;
};

/// A whole word.
struct Word : x3::parser<Word> {
  using attribute_type = x3::unused_type;
  static bool const has_attribute = false;

  constexpr explicit Word(std::string_view text) : text(text) {}

  template <typename AnyContext, typename RContext, typename Attribute>
  bool parse(Iterator& first, const Iterator& last, const AnyContext& context, RContext&, Attribute&) const {
    x3::skip_over(first, last, context);
    if (!matches(first, last, text)) return false;
    const Iterator next = first + static_cast<std::ptrdiff_t>(text.size());
    if (next != last && is_word_character(*next)) return false;
    first = next;
    return true;
  }

  std::string_view text;
};

/// Any word that is not reserved, with its span.
struct AnyName : x3::parser<AnyName> {
  using attribute_type = ast::Name;
  static bool const has_attribute = true;

  template <typename AnyContext, typename RContext, typename Attribute>
  bool parse(Iterator& first, const Iterator& last, const AnyContext& context, RContext&, Attribute& attribute) const {
    x3::skip_over(first, last, context);
    if (first == last || !is_word_character(*first) || (*first >= '0' && *first <= '9')) return false;
    const Iterator end = std::find_if_not(first, last, is_word_character);
    const std::string text(first, end);
    if (is_reserved(text)) return false;
    x3::traits::move_to(ast::Name{text, state_of(context).span(first, end)}, attribute);
    first = end;
    return true;
  }
};

/// One operator of a table, with its span. A longer symbol that begins with it is not it.
struct Operator {
  std::string_view text;
  ast::BinaryOp op;
};
struct OperatorAt {
  ast::BinaryOp op = ast::BinaryOp::add;
  ast::Location span;
};

template <std::size_t N>
struct OneOf : x3::parser<OneOf<N>> {
  using attribute_type = OperatorAt;
  static bool const has_attribute = true;

  constexpr explicit OneOf(const Operator (&table)[N]) : table(table) {}

  template <typename AnyContext, typename RContext, typename Attribute>
  bool parse(Iterator& first, const Iterator& last, const AnyContext& context, RContext&, Attribute& attribute) const {
    x3::skip_over(first, last, context);
    const std::string_view text = operator_at(state_of(context).layout.text, state_of(context).offset(first));
    for (const Operator& row : table) {
      if (row.text != text) continue;
      const Iterator end = first + static_cast<std::ptrdiff_t>(text.size());
      x3::traits::move_to(OperatorAt{row.op, state_of(context).span(first, end)}, attribute);
      first = end;
      return true;
    }
    return false;
  }

  const Operator (&table)[N];
};

/// Matches nothing, where `Test` holds for the state and the offset of the next token.
template <bool (*Test)(const State&, std::uint32_t)>
struct At : x3::parser<At<Test>> {
  using attribute_type = x3::unused_type;
  static bool const has_attribute = false;

  constexpr explicit At(const char* name) : name(name) {}

  template <typename AnyContext, typename RContext, typename Attribute>
  bool parse(Iterator& first, const Iterator& last, const AnyContext& context, RContext&, Attribute&) const {
    x3::skip_over(first, last, context);
    return Test(state_of(context), state_of(context).offset(first));
  }

  const char* name;
};

inline bool ends_block(const State& state, std::uint32_t offset) {
  const std::string& text = state.layout.text;
  const auto& cuts = state.layout.brace_cuts;
  return offset >= text.size() || text[offset] == '}' || std::find(cuts.begin(), cuts.end(), offset) != cuts.end();
}
inline bool ends_statement(const State& state, std::uint32_t offset) {
  return ends_block(state, offset) || state.layout.text[offset] == '\n' || state.layout.text[offset] == ';';
}
inline bool ends_setting(const State& state, std::uint32_t offset) {
  return ends_statement(state, offset) || state.layout.text[offset] == ',';
}
inline bool ends_text(const State& state, std::uint32_t offset) { return offset >= state.layout.text.size(); }
/// Items need a separator, but one whose `}` is missing ends where the next begins.
inline bool ends_item(const State& state, std::uint32_t offset) {
  const auto& cuts = state.layout.brace_cuts;
  return offset >= state.layout.text.size() || state.layout.text[offset] == '\n' || state.layout.text[offset] == ';' ||
         std::find(cuts.begin(), cuts.end(), offset) != cuts.end();
}

constexpr Symbol symbol(std::string_view text, std::string_view not_before = {}) { return Symbol(text, not_before); }
constexpr Word word(std::string_view text) { return Word(text); }
inline constexpr AnyName name{};
inline constexpr At<ends_block> end_of_block{"`}`"};
inline constexpr At<ends_statement> end_of_statement_{"the end of the statement"};
inline constexpr At<ends_setting> end_of_setting_{"`,` or the end of the line"};
inline constexpr At<ends_item> end_of_item{"the end of the line"};
inline constexpr Symbol equals("=", "=");
inline constexpr At<ends_text> end_of_text{"the end of the text"};
/// Statements and items are separated by newlines that the layout pass left, and semicolons.
inline const auto separators = *(x3::lit('\n') | ';');

/// Gives the rule's node the span of what `subject` took.
template <typename Subject>
struct Spanned : x3::unary_parser<Subject, Spanned<Subject>> {
  using Base = x3::unary_parser<Subject, Spanned<Subject>>;
  static bool const is_pass_through_unary = true;
  static bool const handles_container = Subject::handles_container;

  constexpr explicit Spanned(const Subject& subject) : Base(subject) {}

  template <typename AnyContext, typename Node, typename Attribute>
  bool parse(Iterator& first, const Iterator& last, const AnyContext& context, Node& node, Attribute& attribute) const {
    x3::skip_over(first, last, context);
    const Iterator begin = first;
    if (!this->subject.parse(first, last, context, node, attribute)) return false;
    node.span = state_of(context).span(begin, first);
    return true;
  }
};
template <typename Parser>
constexpr auto spanned(const Parser& parser) {
  return Spanned<typename x3::extension::as_parser<Parser>::value_type>(x3::as_parser(parser));
}

/// The words that begin an item, a statement; a setting has none.
std::span<const std::string> item_words();
std::span<const std::string> statement_words();
inline std::span<const std::string> no_words() { return {}; }

/// Says what was expected and found at `where`, unless the layout pass has spoken about that place. A first word of the
/// statement or item near one of `keywords` is taken for a slip of it.
void report_failure(State& state, Iterator where, const std::string& expected, std::span<const std::string> keywords);

/// Reports, and resumes where `resume` says; the node is dropped by whoever asked for it, see `State::failed`.
template <std::uint32_t (*resume)(const Layout&, std::uint32_t), std::span<const std::string> (*keywords)()>
struct Recover {
  template <typename Failure, typename AnyContext>
  x3::error_handler_result on_error(Iterator& first, const Iterator&, const Failure& failure,
                                    const AnyContext& context) {
    State& state = state_of(context);
    report_failure(state, failure.where(), failure.which(), keywords());
    const Iterator next = state.at(resume(state.layout, state.offset(failure.where())));
    state.skipped.push_back(state.span(failure.where(), next));
    state.failed = true;
    first = next;
    return x3::error_handler_result::accept;
  }
};

/// Stands before a rule that recovers.
inline constexpr auto mark_start = [](auto& ctx) {
  state_of(ctx).start = state_of(ctx).offset(x3::_where(ctx).begin());
};
inline const auto start = x3::eps[mark_start];

/// Actions: the attribute becomes a member of the node, its last element, or the node itself.
template <auto member>
inline constexpr auto set = [](auto& ctx) { x3::_val(ctx).*member = std::move(x3::_attr(ctx)); };
template <auto member>
inline constexpr auto append = [](auto& ctx) { (x3::_val(ctx).*member).push_back(std::move(x3::_attr(ctx))); };
template <auto member>
inline constexpr auto raise = [](auto& ctx) { x3::_val(ctx).*member = true; };
inline constexpr auto become = [](auto& ctx) { x3::_val(ctx) = std::move(x3::_attr(ctx)); };
inline constexpr auto become_node = [](auto& ctx) { x3::_val(ctx).node = std::move(x3::_attr(ctx)); };
/// For lists whose elements recover: an element that failed is left out.
inline constexpr auto push_if_read = [](auto& ctx) {
  if (!std::exchange(state_of(ctx).failed, false)) x3::_val(ctx).push_back(std::move(x3::_attr(ctx)));
};

}  // namespace qiln::dsl::grammar

namespace boost::spirit::x3 {

template <>
struct get_info<qiln::dsl::grammar::Symbol> {
  std::string operator()(const qiln::dsl::grammar::Symbol& parser) const {
    return "`" + std::string(parser.text) + "`";
  }
};
template <>
struct get_info<qiln::dsl::grammar::Word> {
  std::string operator()(const qiln::dsl::grammar::Word& parser) const { return "`" + std::string(parser.text) + "`"; }
};
template <>
struct get_info<qiln::dsl::grammar::AnyName> {
  std::string operator()(const qiln::dsl::grammar::AnyName&) const { return "a name"; }
};
/// What was expected is what the parser under an action expects, or what begins a sequence.
template <typename Subject, typename Action>
struct get_info<action<Subject, Action>> {
  std::string operator()(const action<Subject, Action>& parser) const { return what(parser.subject); }
};
template <typename Left, typename Right>
struct get_info<sequence<Left, Right>> {
  std::string operator()(const sequence<Left, Right>& parser) const { return what(parser.left); }
};
template <bool (*Test)(const qiln::dsl::grammar::State&, std::uint32_t)>
struct get_info<qiln::dsl::grammar::At<Test>> {
  std::string operator()(const qiln::dsl::grammar::At<Test>& parser) const { return parser.name; }
};

}  // namespace boost::spirit::x3
