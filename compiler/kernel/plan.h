// The memory plan: offsets of buffers in their arenas.
#pragma once

#include <span>

#include "compiler/kernel/kernel.h"

namespace qiln::kernel {

/// Sets the offset of every param, uniform, group and partial buffer and the sizes of the arenas. Every buffer starts
/// at a multiple of 64 bytes. Params and uniform buffers lie one after another, those of `params_first` and
/// `uniforms_first` in that order before the rest, so that equal lists of shapes have equal layouts. Group buffers
/// share memory where their lifetimes, in nests of one stage, do not meet.
void plan_memory(Program& program, std::span<const BufferId> params_first, std::span<const BufferId> uniforms_first);

/// First and last nest, as positions in the order of execution, that use each buffer; first > last: none.
struct Lifetime {
  int first = 1, last = 0;
  bool meets(const Lifetime& other) const { return first <= other.last && other.first <= last; }
};
std::vector<Lifetime> lifetimes(const Program& program);

}  // namespace qiln::kernel
