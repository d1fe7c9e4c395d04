#include "runtime/report/units.h"

#include <fmt/format.h>

#include <array>

namespace qiln::report {

std::string scaled(double value, const char* unit) {
  constexpr std::array<const char*, 5> prefixes{"", "k", "M", "G", "T"};
  std::size_t step = 0;
  for (; value >= 999.5 && step + 1 < prefixes.size(); ++step) value /= 1000;
  return fmt::format("{:.3g} {}{}", value, prefixes[step], unit);
}

std::string duration_text(double seconds) {
  if (seconds < 1e-3) return fmt::format("{:.3g} µs", seconds * 1e6);
  return seconds < 1 ? fmt::format("{:.3g} ms", seconds * 1e3) : fmt::format("{:.3g} s", seconds);
}

std::string grouped(std::size_t value) {
  std::string text = std::to_string(value);
  for (std::size_t at = text.size(); at > 3;) text.insert(at -= 3, 1, ',');
  return text;
}

}  // namespace qiln::report
