// Aligned storage of floats, zero at first.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <memory>
#include <span>

namespace qiln::jit {

/// Starts at a cache line; large ones at a huge page, which the system is asked for.
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
    void operator()(float* data) const { std::free(data); }
  };
  std::unique_ptr<float[], Free> data_;
  std::int64_t count_ = 0;
};

}  // namespace qiln::jit
