#include "runtime/jit/memory.h"

#include <fmt/format.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cstdlib>
#include <cstring>

#include "dsl/error.h"

namespace qiln::jit {
namespace {

constexpr std::size_t line = 64, large = 64 << 10, huge = 2 << 20;

std::size_t rounded(std::size_t bytes, std::size_t unit) { return (bytes + unit - 1) / unit * unit; }

[[noreturn]] void fail(std::size_t bytes) {
  throw Error(fmt::format("no memory for {} MB: lower the batch", bytes >> 20));
}

/// `bytes` that are zero, from a huge page on when they fill half of one. Rounds `bytes` up to what was taken.
float* map(std::size_t& bytes) {
  const auto page = static_cast<std::size_t>(sysconf(_SC_PAGESIZE));
  const std::size_t alignment = bytes >= huge / 2 ? huge : page, slack = alignment - page;
  bytes = rounded(bytes, alignment);
  void* got = mmap(nullptr, bytes + slack, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (got == MAP_FAILED) fail(bytes);
  char* const begin = static_cast<char*>(got);
  const std::size_t before =
      rounded(reinterpret_cast<std::uintptr_t>(begin), alignment) - reinterpret_cast<std::uintptr_t>(begin);
  if (before > 0) munmap(begin, before);
  if (slack > before) munmap(begin + before + bytes, slack - before);
#ifdef MADV_HUGEPAGE
  if (alignment == huge) madvise(begin + before, bytes, MADV_HUGEPAGE);  // a hint: it may fail
#endif
  return reinterpret_cast<float*>(begin + before);
}

}  // namespace

Floats::Floats(std::int64_t count) : count_(count) {
  std::size_t bytes = static_cast<std::size_t>(count) * sizeof(float);
  if (bytes == 0) return;
  if (bytes >= large) {
    float* data = map(bytes);
    data_ = {data, Free(bytes)};
    return;
  }
  bytes = rounded(bytes, line);
  auto* data = static_cast<float*>(std::aligned_alloc(line, bytes));
  if (!data) fail(bytes);
  std::memset(data, 0, bytes);
  data_ = {data, Free()};
}

void Floats::Free::operator()(float* data) const {
  if (mapped > 0)
    munmap(data, mapped);
  else
    std::free(data);
}

}  // namespace qiln::jit
