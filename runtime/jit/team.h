// Threads that work on the tiles of one nest after another.
#pragma once

#include <atomic>
#include <cstdint>
#include <thread>
#include <utility>

namespace qiln::jit {

/// A barrier for `size` threads that spins a little and then yields, since nests are short.
class Barrier {
 public:
  void reset(int size) {
    size_ = size;
    waiting_.store(0, std::memory_order_relaxed);
  }
  void wait() {
    if (size_ <= 1) return;
    const std::uint32_t turn = turn_.load(std::memory_order_relaxed);
    if (waiting_.fetch_add(1, std::memory_order_acq_rel) + 1 == size_) {
      waiting_.store(0, std::memory_order_relaxed);
      turn_.store(turn + 1, std::memory_order_release);
      return;
    }
    for (int spins = 0; turn_.load(std::memory_order_acquire) == turn; ++spins)
      if (spins > spins_before_yield) std::this_thread::yield();
  }

 private:
  static constexpr int spins_before_yield = 4096;
  int size_ = 1;
  std::atomic<int> waiting_{0};
  std::atomic<std::uint32_t> turn_{0};
};

/// The range of `count` items that member `rank` of `size` does.
inline std::pair<std::int64_t, std::int64_t> share(std::int64_t count, int rank, int size) {
  return {count * rank / size, count * (rank + 1) / size};
}

}  // namespace qiln::jit
