// What `qiln bench` found, as a table for people and as JSON for programs.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "runtime/jit/machine_rates.h"

namespace qiln::report {

/// One loop nest. `seconds` are of one step, summed over threads; flops and bytes of one step (kernel/work.h), and the
/// flops that the model states (0: the same). Not
/// `every_step`: what depends on constants, or on parameters that steps do not change, is computed in the first alone
/// and counts in no sum.
struct BenchKernel {
  std::string program, kind, label, place;  // place: file:line
  bool gradient = false;
  double seconds = 0, flops = 0, bytes = 0;
  bool every_step = true;
  double stated_flops = 0;
};

struct BenchPhase {
  std::string name;
  double seconds = 0;
};

struct BenchMemory {
  std::string program, kind;
  std::int64_t bytes = 0;
};

struct Bench {
  std::string title;
  std::int64_t batch = 0;
  int lanes = 0;
  jit::MachineRates machine;
  double fastest = 0, median = 0, slowest = 0;  // seconds a step
  int steps = 0;
  std::vector<BenchPhase> phases;  // of getting ready
  jit::Engine::Counts kernels_made;
  std::int64_t peak_bytes = 0;      // of the process, when it had done a few steps
  std::vector<BenchMemory> memory;  // what the programs hold
  std::vector<BenchKernel> kernels;
};

/// The share of the roofline that a kernel reaches: its time at the machine's multiply-add rate or memory rate,
/// whichever is longer, over the time that it took. Data that stays in caches, and borders that are counted but not
/// computed, can take it beyond 1.
double of_roofline(const BenchKernel& kernel, const jit::MachineRates& machine);
/// Whether the memory's line is the lower one there.
bool memory_bound(const BenchKernel& kernel, const jit::MachineRates& machine);

/// The kernels that take most of the time first; unless `all`, 40 at most, and those that together take less than 1 %
/// in one line.
std::string bench_table(const Bench& bench, bool all);
std::string bench_json(const Bench& bench);

}  // namespace qiln::report
