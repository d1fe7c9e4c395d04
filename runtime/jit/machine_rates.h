// What this machine can do at most, measured: the two lines of a roofline.
#pragma once

#include "runtime/jit/engine.h"

namespace qiln::jit {

struct MachineRates {
  int threads = 1;
  double flops = 0;  // a second, all threads together: chains of multiply-adds in registers
  double bytes = 0;  // a second, all threads together: y += a x on arrays far beyond the caches
};

/// Takes about a third of a second. `threads` 0: as many as OpenMP would take.
MachineRates measure_rates(Engine& engine, int threads = 0);
/// The better of two measurements with as many threads.
MachineRates better(const MachineRates& a, const MachineRates& b);

}  // namespace qiln::jit
