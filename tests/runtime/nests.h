// Small nests for tests, and running them.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <new>
#include <vector>

#include "runtime/jit/engine.h"

namespace qiln::test {

/// Lane vectors want aligned buffers.
template <class T>
struct Aligned {
  using value_type = T;
  Aligned() = default;
  template <class U>
  Aligned(const Aligned<U>&) {}
  T* allocate(std::size_t n) { return static_cast<T*>(::operator new (n * sizeof(T), std::align_val_t{64})); }
  void deallocate(T* p, std::size_t) { ::operator delete (p, std::align_val_t{64}); }
  bool operator==(const Aligned&) const = default;
};
using Floats = std::vector<float, Aligned<float>>;

/// One engine a lane count, without a cache on disk.
inline jit::Engine& engine(int lanes) {
  static std::map<int, std::unique_ptr<jit::Engine>> engines;
  auto& found = engines[lanes];
  if (!found) found = std::make_unique<jit::Engine>(codegen::host_target(lanes), jit::CacheOptions{false, {}});
  return *found;
}

inline kernel::Instruction load(kernel::Access access) {
  kernel::Instruction i;
  i.kind = kernel::Instruction::Kind::load;
  i.access = std::move(access);
  return i;
}
inline kernel::Instruction constant(double value) {
  kernel::Instruction i;
  i.kind = kernel::Instruction::Kind::constant;
  i.value = value;
  return i;
}
inline kernel::Instruction accumulator() {
  kernel::Instruction i;
  i.kind = kernel::Instruction::Kind::accumulator;
  return i;
}
inline kernel::Instruction compute(Primitive op, int a, int b = -1, int c = -1) {
  kernel::Instruction i;
  i.op = op;
  i.operands = {a, b, c};
  return i;
}

/// A nest whose arguments are `varying` or not, the ones from `first_written` on written.
inline kernel::Nest nest(kernel::Nest::Kind kind, bool varying, std::vector<bool> arguments, int first_written) {
  kernel::Nest n;
  n.kind = kind;
  n.varying = varying;
  for (int i = 0; i < static_cast<int>(arguments.size()); ++i)
    n.arguments.push_back({i, static_cast<bool>(arguments[i]), i >= first_written});
  return n;
}

struct Block {
  std::vector<float> mask;
  qiln_block block{};
  Block(int lanes, int valid, std::uint64_t seed = 0, std::uint32_t step = 0, std::uint32_t first_sample = 0)
      : mask(lanes, 0.0f) {
    for (int l = 0; l < valid; ++l) mask[l] = 1;
    block = {seed, step, first_sample, mask.data(), nullptr};
  }
};

/// Runs all tiles on one block, in `pieces` calls.
inline void run(const jit::CompiledKernel& kernel, std::vector<Floats>& arguments, const Block& block, int pieces = 1) {
  std::vector<float*> pointers;
  for (auto& a : arguments) pointers.push_back(a.data());
  for (int p = 0; p < pieces; ++p)
    kernel.function(pointers.data(), &block.block, kernel.tiles * p / pieces, kernel.tiles * (p + 1) / pieces);
}

inline jit::CompiledKernel compiled(const kernel::Nest& nest, int lanes) {
  const kernel::Nest* one = &nest;
  return engine(lanes).compile(std::span(&one, 1), 1)[0];
}

}  // namespace qiln::test
