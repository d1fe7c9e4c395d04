#pragma once

#include <cassert>
#include <memory>
#include <utility>

namespace qiln::dsl {

/// A value on the heap that copies and compares like the value itself, so that a type may contain itself.
/// Never empty, except after being moved from.
template <typename T>
class Box {
 public:
  Box() : value_(std::make_unique<T>()) {}
  Box(T value) : value_(std::make_unique<T>(std::move(value))) {}  // NOLINT: converts on purpose
  Box(const Box& other) : value_(std::make_unique<T>(*other)) {}
  Box(Box&&) noexcept = default;
  Box& operator=(const Box& other) {
    if (this != &other) value_ = std::make_unique<T>(*other);
    return *this;
  }
  Box& operator=(Box&&) noexcept = default;
  ~Box() = default;

  T& operator*() { return *checked(); }
  const T& operator*() const { return *checked(); }
  T* operator->() { return checked(); }
  const T* operator->() const { return checked(); }

  friend bool operator==(const Box& a, const Box& b) { return *a == *b; }

 private:
  T* checked() const {
    assert(value_ && "a box that was moved from");
    return value_.get();
  }

  std::unique_ptr<T> value_;
};

}  // namespace qiln::dsl
