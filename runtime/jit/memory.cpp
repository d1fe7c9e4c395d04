#include "runtime/jit/memory.h"

#include <fmt/format.h>
#include <sys/mman.h>

#include <cstdlib>
#include <cstring>

#include "dsl/error.h"

namespace qiln::jit {

Floats::Floats(std::int64_t count) : count_(count) {
  constexpr std::size_t line = 64, huge = 2 << 20;
  const std::size_t bytes = static_cast<std::size_t>(count) * sizeof(float);
  const std::size_t alignment = bytes >= huge / 2 ? huge : line;
  const std::size_t size = (bytes + alignment - 1) / alignment * alignment;
  if (size == 0) return;
  auto* data = static_cast<float*>(std::aligned_alloc(alignment, size));
  if (!data) throw Error(fmt::format("no memory for {} MB: lower the batch", size >> 20));
#ifdef MADV_HUGEPAGE
  if (alignment == huge) madvise(data, size, MADV_HUGEPAGE);  // a hint: it may fail
#endif
  std::memset(data, 0, size);
  data_.reset(data);
}

}  // namespace qiln::jit
