#include "compiler/elaborate_value.h"

#include <cassert>

namespace qiln::elaboration {

double Value::real() const {
  if (is<std::int64_t>()) return static_cast<double>(as<std::int64_t>());
  if (is<bool>()) return as<bool>() ? 1 : 0;
  assert(is<double>() && "not a number");
  return as<double>();
}

std::string describe(const Value& value) {
  static constexpr const char* words[] = {"nothing",       "an integer",
                                          "a real number", "a boolean",
                                          "a string",      "a list",
                                          "a tensor",      "a tensor",
                                          "a function",    "a layer",
                                          "qubits",        "an observable",
                                          "a measurement", "a tensor that nothing was added to",
                                          "a label"};
  static_assert(std::size(words) == std::variant_size_v<decltype(value.data)>);
  return words[value.data.index()];
}

}  // namespace qiln::elaboration
