// The C interface of a kernel: the one that ahead-of-time builds export. Every pointer is an argument, none is baked in,
// so equal nests are one function.
#pragma once

#include <cstdint>

extern "C" {

/// The block of samples that a call works on.
struct qiln_block {
  std::uint64_t seed;
  std::uint32_t step;
  std::uint32_t first_sample;  // lane l holds sample first_sample + l
  const float* mask;           // [lanes]: 1 for a sample of the batch, 0 beyond it
  float* scratch;              // of the calling thread, aligned to a cache line: kernel::scratch_floats of the nest
};

/// `arguments` in the nest's order; a varying one points at its block. Does tiles begin .. end - 1 of the nest; tiles
/// write disjoint elements, so any split over threads gives the same bits.
typedef void (*qiln_kernel)(float* const* arguments, const qiln_block* block, std::int64_t begin, std::int64_t end);
}
