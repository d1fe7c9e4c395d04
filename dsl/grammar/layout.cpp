#include "dsl/grammar/layout.h"

#include <algorithm>
#include <array>
#include <optional>

namespace qiln::dsl::grammar {
namespace {

constexpr std::size_t kDeepest = 200;        // brackets
constexpr std::size_t kLongestChain = 2000;  // operators between two commas

constexpr std::string_view kReserved[] = {"import", "const",  "fn",     "net", "circuit", "param", "buffer",
                                          "layer",  "freeze", "return", "for", "in",      "if",    "then",
                                          "else",   "qubits", "and",    "or",  "not",     "true",  "false"};
/// A line that begins with one of these ends every bracket before it.
constexpr std::string_view kBeginsStatement[] = {"import", "const",  "fn",    "net",    "circuit",
                                                 "param",  "buffer", "layer", "return", "qubits"};
constexpr std::string_view kBeginsItem[] = {"import", "fn", "net", "circuit"};
/// Words that carry an expression on, after a newline or before one.
constexpr std::string_view kContinues[] = {"then", "else", "and", "or"};
constexpr std::string_view kOpens[] = {"then", "else", "and", "or", "not", "in"};
constexpr std::string_view kInBrackets[] = {"for", "in", "step", "then", "else", "and", "or"};
/// Longest first. Every symbol of the language; those after which, or before which, a statement goes on are marked
/// below.
constexpr std::string_view kSymbols[] = {"|>", "->", "..", "++", "//", "<=", ">=", "==", "!=", "+",
                                         "-",  "*",  "/",  "^",  "%",  "<",  ">",  "=",  "~",  "@",
                                         ",",  ":",  ";",  ".",  "(",  ")",  "[",  "]",  "{",  "}"};
constexpr std::string_view kEndsNothing = ".();[]{}";  // single characters that are no operator

bool is_word_start(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_'; }
bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_word(char c) { return is_word_start(c) || is_digit(c); }

template <std::size_t N>
bool any_of(const std::string_view (&words)[N], std::string_view word) {
  return std::find(std::begin(words), std::end(words), word) != std::end(words);
}

std::string_view word_at(std::string_view text, std::size_t at) {
  std::size_t end = at;
  while (end < text.size() && is_word(text[end])) ++end;
  return text.substr(at, end - at);
}

std::string_view symbol_at(std::string_view text, std::size_t at) {
  for (std::string_view symbol : kSymbols)
    if (text[at] == symbol[0] && text.substr(at, symbol.size()) == symbol) return symbol;
  return {};
}

bool is_operator(std::string_view symbol) {
  return symbol.size() > 1 || (symbol.size() == 1 && kEndsNothing.find(symbol[0]) == std::string_view::npos);
}

/// One past the closing quote of the string at `at`; nothing when its line ends first.
std::optional<std::size_t> closing_quote(std::string_view text, std::size_t at) {
  for (std::size_t i = at + 1; i < text.size() && text[i] != '\n'; ++i) {
    if (text[i] == '"') return i + 1;
    if (text[i] == '\\') ++i;
  }
  return std::nullopt;
}

/// One past the string at `at`, closed or not.
std::size_t string_end(std::string_view text, std::size_t at) {
  return closing_quote(text, at).value_or(std::min(text.find('\n', at), text.size()));
}

class Pass {
 public:
  Pass(const SourceFile& file, Diagnostics& diagnostics)
      : file_(file), source_(file.text()), diagnostics_(diagnostics) {
    layout_.text = file.text();
  }

  Layout run() {
    std::size_t at = 0;
    while (at < source_.size()) at = step(at);
    close_all(static_cast<std::uint32_t>(source_.size()));
    return std::move(layout_);
  }

 private:
  /// Handles what stands at `at`; the offset behind it.
  std::size_t step(std::size_t at) {
    const char c = source_[at];
    if (c == '\n') return newline(at);
    if (c == ' ' || c == '\t' || c == '\r') return blank(at, at + 1);
    if (c == '#') return comment(at);
    if (c == '"') return string(at);
    if (is_word(c)) return word(at);
    const std::string_view symbol = symbol_at(source_, at);
    if (symbol.empty()) return stray(at);
    return this->symbol(at, symbol);
  }

  std::size_t blank(std::size_t begin, std::size_t end) {
    std::fill(layout_.text.begin() + static_cast<std::ptrdiff_t>(begin),
              layout_.text.begin() + static_cast<std::ptrdiff_t>(end), ' ');
    return end;
  }

  std::size_t comment(std::size_t at) {
    const std::size_t end = std::min(source_.find('\n', at), source_.size());
    if (line_is_empty_ && open_.empty() && source_.substr(at, 2) == "##") {
      std::string_view text = source_.substr(at + 2, end - at - 2);
      if (!text.empty() && text.front() == ' ') text.remove_prefix(1);
      while (!text.empty() && (text.back() == '\r' || text.back() == ' ')) text.remove_suffix(1);
      layout_.documentation.push_back({static_cast<std::uint32_t>(at), std::string(text)});
    }
    return blank(at, end);
  }

  std::size_t string(std::size_t at) {
    const std::size_t end = string_end(source_, at);
    if (!closing_quote(source_, at)) {
      diagnostics_.report(DiagnosticKind::unclosed_string, span(at, end));
      blank(at + 1, end);
      if (end > at + 1)
        layout_.text[end - 1] = '"';  // the grammar reads a string of blanks
      else
        layout_.silent.push_back(span(at, end));
    }
    ends_operand_ = true;
    continues_ = line_is_empty_ = false;
    return end;
  }

  std::size_t word(std::size_t at) {
    const std::string_view word = word_at(source_, at);
    if (line_is_empty_ && !open_.empty() && source_[open_.back()] == '{' && any_of(kBeginsItem, word))
      close_all(static_cast<std::uint32_t>(at));
    continues_ = any_of(kOpens, word);
    ends_operand_ = !is_reserved(word) || word == "true" || word == "false";
    line_is_empty_ = false;
    if (is_reserved(word) && ++chain_ > kLongestChain) refuse(at, fmt::format("{} operators", kLongestChain));
    return at + word.size();
  }

  /// The grammar descends once for each bracket and operator, and the stack is finite.
  void refuse(std::size_t at, const std::string& what) {
    if (!layout_.too_deep) diagnostics_.report(DiagnosticKind::too_deep, span(at, at + 1), what);
    layout_.too_deep = true;
  }

  std::size_t stray(std::size_t at) {
    std::size_t end = at + 1;
    while (end < source_.size() && (static_cast<unsigned char>(source_[end]) & 0xC0) == 0x80) ++end;
    const std::string_view text = source_.substr(at, end - at);
    const bool printable = static_cast<unsigned char>(text[0]) >= 0x20 && text[0] != 0x7F;
    Diagnostic& diagnostic = diagnostics_.report(DiagnosticKind::stray_character, span(at, end),
                                                 printable ? fmt::format("`{}`", text) : "a control character");
    if (text == "&") diagnostic.help("conjunction is written `and`");
    if (text == "|") diagnostic.help("disjunction is written `or`, a pipe `|>`");
    if (text == "!") diagnostic.help("negation is written `not`");
    if (text == "'") diagnostic.help("strings stand in double quotes");
    layout_.silent.push_back(span(at, end));
    ends_operand_ = continues_ = line_is_empty_ = false;
    return end;
  }

  std::size_t symbol(std::size_t at, std::string_view symbol) {
    const char c = symbol[0];
    if (symbol == "->") close_brackets(static_cast<std::uint32_t>(at));
    if (symbol.size() == 1) {
      if (c == '(' || c == '[') open_.push_back(at);
      if (c == '{') {
        close_brackets(static_cast<std::uint32_t>(at));
        open_.push_back(at);
      }
      if (c == ')' || c == ']' || c == '}') close(at, c);
      if (open_.size() > kDeepest) refuse(at, fmt::format("{} brackets", kDeepest));
      if (c == ',' || c == ';' || c == '{' || c == '}') chain_ = 0;
    }
    if (is_operator(symbol) && ++chain_ > kLongestChain) refuse(at, fmt::format("{} operators", kLongestChain));
    continues_ = is_operator(symbol) || c == '{';
    ends_operand_ = symbol == ")" || symbol == "]";
    line_is_empty_ = false;
    return at + symbol.size();
  }

  std::size_t newline(std::size_t at) {
    const std::size_t next = next_token(at);
    if (in_brackets()) {
      if (leaves_brackets(next))
        close_brackets(static_cast<std::uint32_t>(at));
      else
        blank(at, at + 1);
    } else if ((continues_ && next < source_.size() && !begins_statement(next)) || goes_on(next)) {
      blank(at, at + 1);
    } else {
      chain_ = 0;
    }
    line_is_empty_ = true;
    return at + 1;
  }

  /// The first token after the newline at `at`, comments left out.
  std::size_t next_token(std::size_t at) const {
    while (at < source_.size()) {
      if (source_[at] == '#')
        at = std::min(source_.find('\n', at), source_.size());
      else if (source_[at] == '\n' || source_[at] == ' ' || source_[at] == '\t' || source_[at] == '\r')
        ++at;
      else
        break;
    }
    return at;
  }

  /// Whether the token at `next`, first of its line, carries the statement on.
  bool goes_on(std::size_t next) const {
    if (next >= source_.size()) return false;
    if (is_word_start(source_[next])) return any_of(kContinues, word_at(source_, next));
    const std::string_view symbol = symbol_at(source_, next);
    return symbol == "{" || is_operator(symbol);
  }

  bool begins_statement(std::size_t next) const {
    return next < source_.size() && any_of(kBeginsStatement, word_at(source_, next));
  }

  /// Whether the token at `next`, first of its line, cannot stand inside the brackets that are open.
  bool leaves_brackets(std::size_t next) const {
    if (next >= source_.size()) return true;
    if (!is_word_start(source_[next])) return source_[next] == '}';
    return begins_statement(next) || (ends_operand_ && !any_of(kInBrackets, word_at(source_, next)));
  }

  bool in_brackets() const { return !open_.empty() && source_[open_.back()] != '{'; }

  void close(std::size_t at, char closer) {
    const char opener = closer == ')' ? '(' : closer == ']' ? '[' : '{';
    const auto match = std::find_if(open_.rbegin(), open_.rend(), [&](std::size_t o) {
      return source_[o] == opener || (opener != '{' && source_[o] == '{');  // `)` and `]` do not reach over a `{`
    });
    if (match == open_.rend() || source_[*match] != opener) {
      if (in_brackets()) {  // one slip, not two: the wrong closer stands for the right one
        diagnostics_.report(DiagnosticKind::unclosed, span(open_.back(), open_.back() + 1), source_[open_.back()])
            .note(fmt::format("`{}` stands where it should close", closer), span(at, at + 1));
        layout_.text[at] = source_[open_.back()] == '(' ? ')' : ']';
        open_.pop_back();
        return;
      }
      layout_.unmatched.push_back(static_cast<std::uint32_t>(at));
      blank(at, at + 1);
      return;
    }
    while (source_[open_.back()] != opener) leave_open(static_cast<std::uint32_t>(at));
    open_.pop_back();
  }

  void close_brackets(std::uint32_t at) {
    while (in_brackets()) leave_open(at);
  }
  void close_all(std::uint32_t at) {
    while (!open_.empty()) leave_open(at);
  }

  /// Reports the innermost bracket, which ends at `at` though nothing closes it.
  void leave_open(std::uint32_t at) {
    const std::size_t opener = open_.back();
    diagnostics_.report(DiagnosticKind::unclosed, span(opener, opener + 1), source_[opener]);
    (source_[opener] == '{' ? layout_.brace_cuts : layout_.bracket_cuts).push_back(at);
    layout_.silent.push_back(source_[opener] == '{' ? span(at, at + 1) : span(opener, at + 1));
    open_.pop_back();
  }

  Span span(std::size_t begin, std::size_t end) const {
    return {file_.id(), static_cast<std::uint32_t>(begin), static_cast<std::uint32_t>(end)};
  }

  const SourceFile& file_;
  std::string_view source_;
  Diagnostics& diagnostics_;
  Layout layout_;
  std::vector<std::size_t> open_;  // offsets of the brackets around the place
  std::size_t chain_ = 0;          // operators and reserved words since the last comma or statement
  bool line_is_empty_ = true;      // nothing but blanks so far
  bool continues_ = true;          // after the last token a statement goes on
  bool ends_operand_ = false;      // the last token may end an operand
};

bool contains(const std::vector<std::uint32_t>& offsets, std::uint32_t offset) {
  return std::find(offsets.begin(), offsets.end(), offset) != offsets.end();
}

bool begins_item(std::string_view text, std::size_t at) {
  while (at < text.size() && text[at] == ' ') ++at;
  if (at >= text.size() || !is_word_start(text[at])) return false;
  const std::string_view word = word_at(text, at);
  if (any_of(kBeginsItem, word) || word == "const" || word == "gate") return true;
  at += word.size();
  while (at < text.size() && text[at] == ' ') ++at;
  return !is_reserved(word) && word != "noise_model" && at < text.size() && text[at] == '{';
}

/// Walks from `offset` over strings and bracketed groups; the first place outside them at which `stop` holds, a brace
/// cut, or the end.
template <typename Stop>
std::uint32_t skip_until(const Layout& layout, std::uint32_t offset, const Stop& stop) {
  const std::string_view text = layout.text;
  int depth = 0;
  std::size_t at = offset;
  while (at < text.size()) {
    const char c = text[at];
    if (contains(layout.brace_cuts, static_cast<std::uint32_t>(at)) || (depth == 0 && stop(at))) break;
    if (c == '"') {
      at = string_end(text, at);
      continue;
    }
    if (c == '(' || c == '[' || c == '{') ++depth;
    if ((c == ')' || c == ']' || c == '}') && depth > 0) --depth;
    if (contains(layout.bracket_cuts, static_cast<std::uint32_t>(at))) depth = 0;
    ++at;
  }
  return static_cast<std::uint32_t>(at);
}

}  // namespace

bool is_reserved(std::string_view word) { return any_of(kReserved, word); }

Layout lay_out(const SourceFile& file, Diagnostics& diagnostics) { return Pass(file, diagnostics).run(); }

std::string_view operator_at(std::string_view text, std::uint32_t offset) {
  if (offset >= text.size()) return {};
  return is_word(text[offset]) ? word_at(text, offset) : symbol_at(text, offset);
}

Token token_at(std::string_view text, std::uint32_t offset) {
  std::size_t at = offset;
  while (at < text.size() && text[at] == ' ') ++at;
  const auto make = [&](std::size_t end, std::string shown) {
    return Token{static_cast<std::uint32_t>(at), static_cast<std::uint32_t>(end), std::move(shown)};
  };
  if (at >= text.size() || text[at] == '\n') {
    const bool file_ends = at >= text.size();
    at = offset;  // the caret stands behind the last token, not behind blanks
    while (at > 0 && text[at - 1] == ' ') --at;
    return make(at, file_ends ? "the end of the file" : "the end of the line");
  }
  if (text[at] == '"') return make(string_end(text, at), "a string");
  std::size_t size = word_at(text, at).size();
  if (is_digit(text[at]) && text.substr(at + size, 1) == "." && at + size + 1 < text.size() &&
      is_digit(text[at + size + 1]))
    size += 1 + word_at(text, at + size + 1).size();
  if (size == 0) size = std::max<std::size_t>(1, symbol_at(text, at).size());
  return make(at + size, fmt::format("`{}`", text.substr(at, size)));
}

std::uint32_t end_of_statement(const Layout& layout, std::uint32_t offset) {
  return skip_until(layout, offset, [&](std::size_t at) {
    const char c = layout.text[at];
    return c == '\n' || c == ';' || c == '}';
  });
}

std::uint32_t end_of_setting(const Layout& layout, std::uint32_t offset) {
  return skip_until(layout, offset, [&](std::size_t at) {
    const char c = layout.text[at];
    return c == '\n' || c == ';' || c == '}' || c == ',';
  });
}

std::uint32_t next_item(const Layout& layout, std::uint32_t offset) {
  return skip_until(layout, offset,
                    [&](std::size_t at) { return layout.text[at] == '\n' && begins_item(layout.text, at + 1); });
}

}  // namespace qiln::dsl::grammar
