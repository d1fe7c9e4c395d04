#pragma once

#include <fmt/core.h>

#include <deque>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "dsl/source.h"

/// What is said about what the user wrote. A kind is one row of diagnostic_kinds.def; to add one, add its row and a
/// test that shows it.
namespace qiln::dsl {

enum class Severity { error, warning, remark };

enum class DiagnosticKind {
#define QILN_DIAGNOSTIC(kind, slug, severity, format) kind,
#include "dsl/diagnostic_kinds.def"
#undef QILN_DIAGNOSTIC
};

struct DiagnosticKindInfo {
  DiagnosticKind kind;
  std::string_view name;
  std::string_view slug;
  Severity severity;
  std::string_view format;
};

/// The whole table, in order of `DiagnosticKind`.
std::span<const DiagnosticKindInfo> diagnostic_kinds();
const DiagnosticKindInfo& info(DiagnosticKind kind);

/// A reason, with the place it comes from when there is one.
struct Note {
  std::string text;
  std::optional<Span> span;
};

struct Diagnostic {
  DiagnosticKind kind;
  Severity severity;
  Span span;
  std::string message;
  std::vector<Note> notes;
  std::vector<std::string> helps;

  Diagnostic& note(std::string text, std::optional<Span> where = std::nullopt);
  Diagnostic& help(std::string text);
  /// Adds "did you mean `…`?" when there is a suggestion.
  Diagnostic& did_you_mean(const std::optional<std::string>& suggestion);
};

/// Collects what one run has to say. A second report of the same kind at the same place is dropped.
class Diagnostics {
 public:
  /// The arguments fill the kind's format. The result takes notes and stays valid.
  template <typename... Args>
  Diagnostic& report(DiagnosticKind kind, Span span, const Args&... args) {
    return add(kind, span, fmt::vformat(info(kind).format, fmt::make_format_args(args...)));
  }

  const std::deque<Diagnostic>& all() const { return diagnostics_; }
  std::size_t error_count() const;
  bool has_errors() const { return error_count() != 0; }

 private:
  Diagnostic& add(DiagnosticKind kind, Span span, std::string message);

  std::deque<Diagnostic> diagnostics_;
  std::optional<Diagnostic> dropped_;
};

/// `error[slug]: message`, then file:line:col, the source line, a caret under the span, notes and helps.
std::string render(const Diagnostic& diagnostic, const Sources& sources);
/// All of them in order of file and place, a blank line between two.
std::string render(const Diagnostics& diagnostics, const Sources& sources);

/// The candidate nearest to `word` in edit distance (insert, delete, replace, swap of neighbours), if it is near enough
/// to be a slip: at most a third of the word's length, at least one.
std::optional<std::string> nearest(std::string_view word, std::span<const std::string> candidates);
std::size_t edit_distance(std::string_view a, std::string_view b);

}  // namespace qiln::dsl
