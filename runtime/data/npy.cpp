#include "runtime/data/npy.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <charconv>
#include <optional>

#include <fmt/format.h>

#include "dsl/error.h"
#include "runtime/data/memory_limit.h"

namespace qiln::data {
namespace {

constexpr std::string_view magic = "\x93NUMPY";
constexpr std::size_t longest_header = std::size_t{1} << 16, most_axes = 32;

/// The few literals that a header may hold, read from the front of its text.
class Literals {
 public:
  explicit Literals(std::string_view text) : text_(text) {}

  bool take(std::string_view word) {
    while (!text_.empty() && std::isspace(static_cast<unsigned char>(text_.front()))) text_.remove_prefix(1);
    if (!text_.starts_with(word)) return false;
    text_.remove_prefix(word.size());
    return true;
  }
  std::optional<std::string> string() {
    const char quote = take("'") ? '\'' : take("\"") ? '"' : '\0';
    const std::size_t end = text_.find(quote);
    if (!quote || end == std::string_view::npos) return std::nullopt;
    std::string value(text_.substr(0, end));
    text_.remove_prefix(end + 1);
    return value;
  }
  std::optional<std::size_t> number() {
    take("");
    std::size_t value = 0;
    const auto [end, code] = std::from_chars(text_.data(), text_.data() + text_.size(), value);
    if (code != std::errc()) return std::nullopt;
    text_.remove_prefix(static_cast<std::size_t>(end - text_.data()));
    return value;
  }
  std::optional<std::vector<std::size_t>> tuple() {
    if (!take("(")) return std::nullopt;
    std::vector<std::size_t> values;
    while (!take(")")) {
      const auto value = number();
      if (!value || values.size() == most_axes) return std::nullopt;
      values.push_back(*value);
      take("L");  // Python 2 wrote its long integers so
      if (take(",")) continue;
      if (!take(")")) return std::nullopt;
      break;
    }
    return values;
  }
  bool finished() { return take("") && text_.empty(); }

 private:
  std::string_view text_;
};

struct Dictionary {
  std::optional<std::string> type;
  std::optional<bool> fortran;
  std::optional<std::vector<std::size_t>> shape;
};

/// Nothing when the text is not a dictionary of the three keys.
std::optional<Dictionary> parse(std::string_view text) {
  Literals in(text);
  Dictionary result;
  if (!in.take("{")) return std::nullopt;
  while (!in.take("}")) {
    const auto key = in.string();
    if (!key || !in.take(":")) return std::nullopt;
    if (key == "descr") {
      result.type = in.string();
    } else if (key == "fortran_order") {
      if (in.take("True"))
        result.fortran = true;
      else if (in.take("False"))
        result.fortran = false;
    } else if (key == "shape") {
      result.shape = in.tuple();
    }
    if (in.take(",")) continue;
    if (!in.take("}")) return std::nullopt;
    break;
  }
  if (!in.finished() || !result.type || !result.fortran || !result.shape) return std::nullopt;
  return result;
}

[[noreturn]] void fail(std::string_view name, std::string_view what) { throw Error(fmt::format("{} {}", name, what)); }

std::string read_text(const ReadBytes& read, std::string_view name) {
  std::array<unsigned char, 12> start = {};
  if (read(start.data(), 8) != 8 || !std::equal(magic.begin(), magic.end(), start.begin(), [](char a, unsigned char b) {
        return static_cast<unsigned char>(a) == b;
      }))
    fail(name, "is not an array in NumPy's format");
  const int version = start[6];
  if (version < 1 || version > 3) fail(name, fmt::format("has version {} of NumPy's format; 1 to 3 are read", version));
  const std::size_t width = version == 1 ? 2 : 4;
  if (read(start.data() + 8, width) != width) fail(name, "ends in its header");
  std::size_t size = 0;
  for (std::size_t i = 0; i < width; ++i) size |= std::size_t{start[8 + i]} << (8 * i);
  if (size > longest_header) fail(name, fmt::format("announces a header of {} bytes, which is not plausible", size));
  std::string text(size, '\0');
  if (read(reinterpret_cast<unsigned char*>(text.data()), size) != size) fail(name, "ends in its header");
  return text;
}

bool known(std::string_view type) {
  constexpr std::string_view kinds = "iubf", orders = "<>|=";
  return type.size() == 3 && orders.find(type[0]) != std::string_view::npos &&
         kinds.find(type[1]) != std::string_view::npos &&
         std::string_view("1248").find(type[2]) != std::string_view::npos;
}

}  // namespace

std::size_t NpyHeader::element_size() const { return static_cast<std::size_t>(type[2] - '0'); }

NpyHeader read_npy_header(const ReadBytes& read, std::string_view name) {
  const std::string text = read_text(read, name);
  const auto dictionary = parse(text);
  if (!dictionary) fail(name, "has a header that does not give one simple type, an order and a shape");
  if (!known(*dictionary->type))
    fail(name, fmt::format("has elements of type `{}`; plain integers and numbers are read", *dictionary->type));
  NpyHeader header{.type = *dictionary->type, .shape = *dictionary->shape};
  for (const std::size_t extent : header.shape) {
    if (extent != 0 && header.elements > most_elements / extent)
      fail(name, fmt::format("announces more than {} elements; the header is damaged", most_elements));
    header.elements *= extent;
  }
  if (*dictionary->fortran && header.shape.size() > 1)
    fail(name, "is in Fortran's order; store `numpy.ascontiguousarray(…)` of it");
  return header;
}

}  // namespace qiln::data
