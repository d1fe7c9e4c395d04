#include "dsl/diagnostics.h"

#include <algorithm>
#include <array>
#include <numeric>
#include <tuple>

namespace qiln::dsl {
namespace {

constexpr DiagnosticKindInfo kKinds[] = {
#define QILN_DIAGNOSTIC(kind, slug, severity, format) {DiagnosticKind::kind, #kind, slug, Severity::severity, format},
#include "dsl/diagnostic_kinds.def"
#undef QILN_DIAGNOSTIC
};

std::string_view word(Severity severity) {
  switch (severity) {
    case Severity::error:
      return "error";
    case Severity::warning:
      return "warning";
    case Severity::remark:
      return "remark";
  }
  return "";
}

/// Bytes that continue a UTF-8 character take no column.
std::size_t columns(std::string_view text) {
  return static_cast<std::size_t>(
      std::count_if(text.begin(), text.end(), [](char c) { return (static_cast<unsigned char>(c) & 0xC0) != 0x80; }));
}

/// The blanks before a caret; tabs stay tabs so that the caret lands under its character.
std::string indent_like(std::string_view text) {
  std::string blanks;
  for (char c : text)
    if ((static_cast<unsigned char>(c) & 0xC0) != 0x80) blanks += c == '\t' ? '\t' : ' ';
  return blanks;
}

/// Place, source line and carets; a span over several lines is underlined to the end of its first.
std::string excerpt(Span span, const Sources& sources) {
  const SourceFile& file = sources[span.file];
  const LineColumn at = file.position(span.begin);
  const std::string_view line = file.line(at.line);
  const std::size_t start = std::min(at.column - 1, line.size());
  const std::size_t length = std::min<std::size_t>(span.end - span.begin, line.size() - start);
  const std::string number = std::to_string(at.line);
  const std::string gutter(number.size(), ' ');
  return fmt::format("{0}--> {1}:{2}:{3}\n{0} |\n{2} | {4}\n{0} | {5}{6}\n", gutter, file.path(), number, at.column,
                     line, indent_like(line.substr(0, start)),
                     std::string(std::max<std::size_t>(1, columns(line.substr(start, length))), '^'));
}

}  // namespace

std::span<const DiagnosticKindInfo> diagnostic_kinds() { return kKinds; }

const DiagnosticKindInfo& info(DiagnosticKind kind) { return kKinds[static_cast<std::size_t>(kind)]; }

Diagnostic& Diagnostic::note(std::string text, std::optional<Span> where) {
  notes.push_back({std::move(text), where});
  return *this;
}

Diagnostic& Diagnostic::help(std::string text) {
  helps.push_back(std::move(text));
  return *this;
}

Diagnostic& Diagnostic::did_you_mean(const std::optional<std::string>& suggestion) {
  return suggestion ? help(fmt::format("did you mean `{}`?", *suggestion)) : *this;
}

std::size_t Diagnostics::error_count() const {
  return static_cast<std::size_t>(std::count_if(diagnostics_.begin(), diagnostics_.end(),
                                                [](const Diagnostic& d) { return d.severity == Severity::error; }));
}

Diagnostic& Diagnostics::add(DiagnosticKind kind, Span span, std::string message) {
  Diagnostic diagnostic{kind, info(kind).severity, span, std::move(message), {}, {}};
  const bool known = std::any_of(diagnostics_.begin(), diagnostics_.end(), [&](const Diagnostic& other) {
    return other.kind == kind && other.span.file == span.file && other.span.begin == span.begin &&
           other.span.end == span.end && other.message == diagnostic.message;
  });
  if (known) return dropped_.emplace(std::move(diagnostic));
  return diagnostics_.emplace_back(std::move(diagnostic));
}

std::string render(const Diagnostic& diagnostic, const Sources& sources) {
  std::string text =
      fmt::format("{}[{}]: {}\n", word(diagnostic.severity), info(diagnostic.kind).slug, diagnostic.message);
  text += excerpt(diagnostic.span, sources);
  for (const Note& note : diagnostic.notes) {
    text += fmt::format("note: {}\n", note.text);
    if (note.span) text += excerpt(*note.span, sources);
  }
  for (const std::string& help : diagnostic.helps) text += fmt::format("help: {}\n", help);
  return text;
}

std::string render(const Diagnostics& diagnostics, const Sources& sources) {
  std::vector<const Diagnostic*> order;
  for (const Diagnostic& diagnostic : diagnostics.all()) order.push_back(&diagnostic);
  std::stable_sort(order.begin(), order.end(), [](const Diagnostic* a, const Diagnostic* b) {
    return std::tie(a->span.file, a->span.begin) < std::tie(b->span.file, b->span.begin);
  });
  std::string text;
  for (const Diagnostic* diagnostic : order) {
    if (!text.empty()) text += '\n';
    text += render(*diagnostic, sources);
  }
  return text;
}

std::size_t edit_distance(std::string_view a, std::string_view b) {
  std::vector<std::size_t> before(b.size() + 1), last(b.size() + 1), row(b.size() + 1);
  std::iota(row.begin(), row.end(), std::size_t{0});
  for (std::size_t i = 1; i <= a.size(); ++i) {
    before.swap(last);
    last.swap(row);
    row[0] = i;
    for (std::size_t j = 1; j <= b.size(); ++j) {
      row[j] = std::min({last[j] + 1, row[j - 1] + 1, last[j - 1] + (a[i - 1] != b[j - 1])});
      if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1]) row[j] = std::min(row[j], before[j - 2] + 1);
    }
  }
  return row[b.size()];
}

std::optional<std::string> nearest(std::string_view word, std::span<const std::string> candidates) {
  std::size_t best = std::max<std::size_t>(1, word.size() / 3) + 1;
  std::optional<std::string> found;
  for (const std::string& candidate : candidates) {
    const std::size_t distance = edit_distance(word, candidate);
    if (distance > 0 && distance < best && distance < std::max(word.size(), candidate.size())) {
      best = distance;
      found = candidate;
    }
  }
  return found;
}

}  // namespace qiln::dsl
