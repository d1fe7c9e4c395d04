// Aligned storage of floats, zero at first.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>

namespace qiln::jit {

/// Starts at a cache line; large ones at a huge page, which the system is asked for. Pages of large ones come from the
/// system when they are first touched, on the thread that does: what is never used costs nothing.
class Floats {
 public:
  Floats() = default;
  /// Throws qiln::Error when there is not enough memory.
  explicit Floats(std::int64_t count);
  float* data() const { return data_.get(); }
  std::int64_t size() const { return count_; }
  std::span<float> span() const { return {data_.get(), static_cast<std::size_t>(count_)}; }
  /// Keeps what is there when it is large enough; else all is zero again.
  void grow(std::int64_t count) {
    if (count > count_) *this = Floats(count);
  }

 private:
  struct Free {
    std::size_t mapped;  // bytes that the system gave; 0: they are of the heap
    Free() : mapped(0) {}
    explicit Free(std::size_t bytes) : mapped(bytes) {}
    void operator()(float* data) const;
  };
  std::unique_ptr<float[], Free> data_;
  std::int64_t count_ = 0;
};

}  // namespace qiln::jit
