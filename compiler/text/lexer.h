// Tokens of graph text.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace qiln::text {

struct Token {
  enum class Kind : std::uint8_t { word, value, number, string, symbol, end } kind = Kind::end;
  std::string text;  // value: without `%`; string: without quotes and escapes; symbol: `..` or one character
  int line = 1;
};

/// Reads one token ahead. Throws Error (exit code 1) with `name:line:` in front.
class Lexer {
 public:
  Lexer(std::string_view text, std::string_view name);

  const Token& peek() const { return token_; }
  Token next();
  bool at(std::string_view text) const;  // a word or symbol that reads so
  bool accept(std::string_view text);
  void expect(std::string_view text);

  std::string word();
  std::string value();
  std::string string();
  double real();  // also `inf` and `nan`
  std::int64_t integer();
  std::uint64_t mask();  // decimal or 0x…

  [[noreturn]] void fail(std::string_view message) const;
  [[noreturn]] void fail_at(int line, std::string_view message) const;

 private:
  void advance();
  Token take(Token::Kind kind, std::string_view what);
  std::string_view text_;
  std::string name_;
  std::size_t position_ = 0;
  int line_ = 1;
  Token token_;
};

/// `text` in quotes, with quotes, backslashes and newlines escaped.
std::string quoted(std::string_view text);

}  // namespace qiln::text
