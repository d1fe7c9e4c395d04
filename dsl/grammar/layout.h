#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "dsl/diagnostics.h"
#include "dsl/source.h"

/// The one pass over a text before the grammar, which then needs one skipper (blanks). Every offset is kept.
namespace qiln::dsl::grammar {

/// One `##` line that starts a line outside braces, without its mark.
struct DocumentationLine {
  std::uint32_t begin = 0;
  std::string text;
};

struct Layout {
  /// As long as the source. Comments, tabs and newlines that end no statement are blanks. What newlines are left end a
  /// statement, an item or a setting.
  std::string text;
  std::vector<DocumentationLine> documentation;
  /// Offsets where brackets that were never closed end all the same, so that the grammar sees no second error: newlines
  /// or braces for `(` and `[`, words that only begin an item (or the end of the text) for `{`.
  std::vector<std::uint32_t> bracket_cuts;
  std::vector<std::uint32_t> brace_cuts;
  /// Where the grammar must fail without a word: from a bracket that is never closed to its cut, and at characters that
  /// mean nothing.
  std::vector<Span> silent;
  /// Closers without an opener, blank in `text`; to be reported unless the grammar skipped them.
  std::vector<std::uint32_t> unmatched;
  /// Brackets nest so deep that the grammar must not be tried.
  bool too_deep = false;
};

/// Reports brackets that are never closed, strings that do not end on their line, and characters that mean nothing.
Layout lay_out(const SourceFile& file, Diagnostics& diagnostics);

/// The word or the longest symbol that begins at `offset`, if any.
std::string_view operator_at(std::string_view text, std::uint32_t offset);

/// The token at `offset` as a message shows it: a word, number or symbol in backticks, "a string", "the end of the
/// line", "the end of the file". `text` is a `Layout::text`.
struct Token {
  std::uint32_t begin = 0;
  std::uint32_t end = 0;
  std::string shown;
};
Token token_at(std::string_view text, std::uint32_t offset);

/// Words that name nothing.
bool is_reserved(std::string_view word);

/// Where to resume after an error at `offset`: the end of the statement or setting, its separator not included.
std::uint32_t end_of_statement(const Layout& layout, std::uint32_t offset);
std::uint32_t end_of_setting(const Layout& layout, std::uint32_t offset);
/// The next line at which an item begins.
std::uint32_t next_item(const Layout& layout, std::uint32_t offset);

}  // namespace qiln::dsl::grammar
