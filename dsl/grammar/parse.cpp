#include "dsl/parse.h"

#include "dsl/grammar/rules.h"

namespace qiln::dsl {
namespace grammar {
namespace {

/// Whether the layout pass has said what is wrong at `offset`.
bool is_silent(const Layout& layout, std::uint32_t offset) {
  return std::any_of(layout.silent.begin(), layout.silent.end(),
                     [&](Span span) { return span.begin <= offset && offset < span.end; });
}

std::uint32_t skip_blanks(const std::string& text, std::uint32_t offset) {
  while (offset < text.size() && text[offset] == ' ') ++offset;
  return offset;
}

/// Gives each item the `##` lines between the item before it and itself.
void attach_documentation(const Layout& layout, std::vector<ast::Item>& items) {
  std::uint32_t previous_end = 0;
  for (ast::Item& item : items) {
    for (const DocumentationLine& line : layout.documentation) {
      if (line.begin < previous_end || line.begin >= item.span.begin) continue;
      if (!item.documentation.empty()) item.documentation += '\n';
      item.documentation += line.text;
    }
    previous_end = item.span.end;
  }
}

void report_unmatched(const State& state) {
  for (std::uint32_t at : state.layout.unmatched) {
    const bool skipped = std::any_of(state.skipped.begin(), state.skipped.end(),
                                     [&](Span span) { return span.begin <= at && at < span.end; });
    if (!skipped)
      state.diagnostics.report(DiagnosticKind::unmatched, {state.file.id(), at, at + 1}, state.file.text()[at]);
  }
}

template <typename Rule, typename Node>
bool run(State& state, const Rule& rule, Node& node) {
  Iterator first = state.layout.text.begin();
  const Iterator last = state.layout.text.end();
  return x3::phrase_parse(first, last, x3::with<StateTag>(state)[rule], Skipper{}, node) && first == last;
}

}  // namespace

std::span<const std::string> item_words() {
  static const std::vector<std::string> words = {"import", "const", "fn",    "net",    "circuit", "gate",
                                                 "model",  "data",  "train", "sample", "eval"};
  return words;
}

std::span<const std::string> statement_words() {
  static const std::vector<std::string> words = {"const", "param", "buffer", "layer", "return",
                                                 "for",   "if",    "qubits", "when",  "noise_model"};
  return words;
}

void report_failure(State& state, Iterator where, const std::string& expected, std::span<const std::string> keywords) {
  const std::string& text = state.layout.text;
  const std::uint32_t at = skip_blanks(text, state.offset(where));
  if (is_silent(state.layout, at)) return;
  const Token found = token_at(text, state.offset(where));
  Diagnostic& diagnostic = state.diagnostics.report(DiagnosticKind::syntax, {state.file.id(), found.begin, found.end},
                                                    expected, found.shown);
  const Token first = token_at(text, state.start);
  const std::string word = text.substr(first.begin, first.end - first.begin);
  if (!is_reserved(word)) diagnostic.did_you_mean(nearest(word, keywords));
}

}  // namespace grammar

ast::File parse(const SourceFile& file, Diagnostics& diagnostics) {
  using namespace grammar;
  const Layout layout = lay_out(file, diagnostics);
  ast::File result{file.id(), {}};
  if (layout.too_deep) return result;
  State state{file, layout, diagnostics, {}};
  [[maybe_unused]] const bool complete = run(state, items, result.items);
  assert((complete || diagnostics.has_errors()) && "the grammar stopped without a word");
  attach_documentation(layout, result.items);
  report_unmatched(state);
  return result;
}

std::optional<ast::Expr> parse_expression(const SourceFile& file, Diagnostics& diagnostics) {
  using namespace grammar;
  const std::size_t errors = diagnostics.error_count();
  const Layout layout = lay_out(file, diagnostics);
  if (layout.too_deep) return std::nullopt;
  State state{file, layout, diagnostics, {}};
  ast::Expr result;
  run(state, lone_expression, result);
  report_unmatched(state);
  return diagnostics.error_count() == errors ? std::optional(std::move(result)) : std::nullopt;
}

}  // namespace qiln::dsl
