#include "runtime/random/shuffle.h"

#include <numeric>
#include <utility>

namespace qiln::random {

std::vector<std::uint32_t> draw(const Stream& stream, std::uint32_t n, std::uint32_t count) {
  count = std::min(count, n);
  std::vector<std::uint32_t> order(n);
  std::iota(order.begin(), order.end(), 0u);
  for (std::uint32_t i = 0; i < count; ++i) {
    const std::uint64_t offset = std::uint64_t{stream.word(i)} * (n - i) >> 32;
    std::swap(order[i], order[i + offset]);
  }
  order.resize(count);
  return order;
}

std::vector<std::uint32_t> permutation(const Stream& stream, std::uint32_t n) { return draw(stream, n, n); }

}  // namespace qiln::random
