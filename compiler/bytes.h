// Values as bytes that are equal exactly where the values are, to be hashed or looked up. Structs are taken apart by
// reflection, so that no member can be left out. Numbers are compared by their bits: zeros of either sign differ, and a
// not-a-number equals itself.
#pragma once

#include <array>
#include <boost/pfr/core.hpp>
#include <cstdint>
#include <optional>
#include <string>
#include <type_traits>
#include <variant>
#include <vector>

namespace qiln {

template <class T>
requires std::is_arithmetic_v<T> || std::is_enum_v<T>
void append_bytes(std::string& out, T value) { out.append(reinterpret_cast<const char*>(&value), sizeof value); }
inline void append_bytes(std::string& out, const std::string& value);
template <class T>
void append_bytes(std::string& out, const std::vector<T>& values);
template <class T, std::size_t N>
void append_bytes(std::string& out, const std::array<T, N>& values);
template <class T>
void append_bytes(std::string& out, const std::optional<T>& value);
template <class... T>
void append_bytes(std::string& out, const std::variant<T...>& value);
inline void append_bytes(std::string&, std::monostate) {}

/// Each member in turn.
template <class T>
requires std::is_aggregate_v<T>
void append_bytes(std::string& out, const T& value) {
  boost::pfr::for_each_field(value, [&](const auto& member) { append_bytes(out, member); });
}

inline void append_bytes(std::string& out, const std::string& value) {
  append_bytes(out, value.size());
  out += value;
}

template <class T>
void append_bytes(std::string& out, const std::vector<T>& values) {
  append_bytes(out, values.size());
  for (const T& value : values) append_bytes(out, value);
}

template <class T, std::size_t N>
void append_bytes(std::string& out, const std::array<T, N>& values) {
  for (const T& value : values) append_bytes(out, value);
}

template <class T>
void append_bytes(std::string& out, const std::optional<T>& value) {
  append_bytes(out, value.has_value());
  if (value) append_bytes(out, *value);
}

template <class... T>
void append_bytes(std::string& out, const std::variant<T...>& value) {
  append_bytes(out, value.index());
  std::visit([&](const auto& present) { append_bytes(out, present); }, value);
}

}  // namespace qiln
