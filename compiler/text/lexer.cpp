#include "compiler/text/lexer.h"

#include <fmt/core.h>

#include <cctype>
#include <charconv>
#include <cmath>
#include <limits>

#include "dsl/error.h"

namespace qiln::text {
namespace {

bool starts_word(char c) { return std::isalpha(static_cast<unsigned char>(c)) || c == '_'; }
bool in_word(char c) { return std::isalnum(static_cast<unsigned char>(c)) || c == '_'; }
bool is_digit(char c) { return c >= '0' && c <= '9'; }

}  // namespace

Lexer::Lexer(std::string_view text, std::string_view name) : text_(text), name_(name) { advance(); }

void Lexer::fail(std::string_view message) const { fail_at(token_.line, message); }

void Lexer::fail_at(int line, std::string_view message) const {
  throw Error(fmt::format("{}:{}: {}", name_, line, message), 1);
}

void Lexer::advance() {
  while (position_ < text_.size()) {
    char c = text_[position_];
    if (c == '#') {
      while (position_ < text_.size() && text_[position_] != '\n') ++position_;
    } else if (std::isspace(static_cast<unsigned char>(c))) {
      line_ += c == '\n';
      ++position_;
    } else {
      break;
    }
  }
  token_ = Token{Token::Kind::end, "", line_};
  if (position_ == text_.size()) return;

  const char c = text_[position_];
  const std::size_t begin = position_;
  auto peek_at = [&](std::size_t i) { return i < text_.size() ? text_[i] : '\0'; };
  if (starts_word(c)) {
    while (in_word(peek_at(position_))) ++position_;
    token_.kind = Token::Kind::word;
    token_.text = text_.substr(begin, position_ - begin);
  } else if (c == '%') {
    ++position_;
    while (in_word(peek_at(position_))) ++position_;
    token_.kind = Token::Kind::value;
    token_.text = text_.substr(begin + 1, position_ - begin - 1);
  } else if (is_digit(c)) {
    token_.kind = Token::Kind::number;
    while (true) {
      const char d = peek_at(position_);
      const char before = position_ > begin ? peek_at(position_ - 1) : '\0';
      const bool exponent_sign = (d == '+' || d == '-') && (before == 'e' || before == 'E');
      const bool point = d == '.' && peek_at(position_ + 1) != '.';
      if (!in_word(d) && !exponent_sign && !point) break;
      ++position_;
    }
    token_.text = text_.substr(begin, position_ - begin);
  } else if (c == '"') {
    token_.kind = Token::Kind::string;
    for (++position_; peek_at(position_) != '"'; ++position_) {
      if (position_ >= text_.size() || text_[position_] == '\n') fail("the string does not end on its line");
      if (text_[position_] == '\\') {
        ++position_;
        token_.text += peek_at(position_) == 'n' ? '\n' : peek_at(position_);
      } else {
        token_.text += text_[position_];
      }
    }
    ++position_;
  } else {
    position_ += c == '.' && peek_at(position_ + 1) == '.' ? 2 : 1;
    token_.kind = Token::Kind::symbol;
    token_.text = text_.substr(begin, position_ - begin);
  }
}

Token Lexer::next() {
  Token token = token_;
  advance();
  return token;
}

bool Lexer::at(std::string_view text) const {
  return (token_.kind == Token::Kind::word || token_.kind == Token::Kind::symbol) && token_.text == text;
}

bool Lexer::accept(std::string_view text) {
  if (!at(text)) return false;
  advance();
  return true;
}

void Lexer::expect(std::string_view text) {
  if (!accept(text)) fail(fmt::format("expected `{}`, found `{}`", text, token_.text));
}

Token Lexer::take(Token::Kind kind, std::string_view what) {
  if (token_.kind != kind) fail(fmt::format("expected {}, found `{}`", what, token_.text));
  return next();
}

std::string Lexer::word() { return take(Token::Kind::word, "a word").text; }
std::string Lexer::value() { return take(Token::Kind::value, "a value").text; }
std::string Lexer::string() { return take(Token::Kind::string, "a string").text; }

double Lexer::real() {
  const double sign = accept("-") ? -1 : 1;
  if (accept("inf")) return sign * std::numeric_limits<double>::infinity();
  if (accept("nan")) return std::numeric_limits<double>::quiet_NaN();
  const Token token = take(Token::Kind::number, "a number");
  double value = 0;
  auto [end, error] = std::from_chars(token.text.data(), token.text.data() + token.text.size(), value);
  if (error != std::errc() || end != token.text.data() + token.text.size())
    fail_at(token.line, fmt::format("`{}` is not a number", token.text));
  return sign * value;
}

std::int64_t Lexer::integer() {
  const bool negative = accept("-");
  const Token token = take(Token::Kind::number, "an integer");
  std::int64_t value = 0;
  auto [end, error] = std::from_chars(token.text.data(), token.text.data() + token.text.size(), value);
  if (error != std::errc() || end != token.text.data() + token.text.size())
    fail_at(token.line, fmt::format("`{}` is not an integer", token.text));
  return negative ? -value : value;
}

std::uint64_t Lexer::mask() {
  const Token token = take(Token::Kind::number, "an integer");
  std::string_view digits = token.text;
  const bool hexadecimal = digits.starts_with("0x");
  if (hexadecimal) digits.remove_prefix(2);
  std::uint64_t value = 0;
  auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), value, hexadecimal ? 16 : 10);
  if (error != std::errc() || end != digits.data() + digits.size())
    fail_at(token.line, fmt::format("`{}` is not a mask", token.text));
  return value;
}

std::string quoted(std::string_view text) {
  std::string result = "\"";
  for (char c : text) {
    if (c == '"' || c == '\\') result += '\\';
    result += c == '\n' ? std::string("\\n") : std::string(1, c);
  }
  return result + '"';
}

}  // namespace qiln::text
