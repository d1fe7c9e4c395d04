#include "runtime/data/memory_limit.h"

#include <unistd.h>

#include <algorithm>

namespace qiln::data {

std::size_t memory_limit() {
  static const std::size_t limit = [] {
    const long pages = ::sysconf(_SC_PHYS_PAGES), size = ::sysconf(_SC_PAGE_SIZE);
    if (pages <= 0 || size <= 0) return most_elements;
    return std::min(most_elements, static_cast<std::size_t>(pages) / 2 * static_cast<std::size_t>(size));
  }();
  return limit;
}

}  // namespace qiln::data
