// What this machine can do at most, measured: the two lines of a roofline.
#pragma once

#include "runtime/jit/engine.h"

namespace qiln::jit {

struct MachineRates {
  int threads = 1;
  double flops = 0;  // a second, all threads together: chains of multiply-adds in registers
  double bytes = 0;  // a second, all threads together: y += a x on arrays far beyond the caches
};

/// Multiply-adds alone: flops a second of all threads together, each at the best of its `attempts`, which take less
/// than a millisecond each.
double multiply_add_rate(Engine& engine, int threads = 0, int attempts = 8);

/// Takes about a third of a second. `threads` 0: as many as OpenMP would take.
MachineRates measure_rates(Engine& engine, int threads = 0);
/// The better of two measurements with as many threads.
MachineRates better(const MachineRates& a, const MachineRates& b);

}  // namespace qiln::jit
