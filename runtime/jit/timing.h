// Where a program's time goes, as text.
#pragma once

#include <string>

#include "runtime/jit/program.h"

namespace qiln::jit {

/// One line a nest, the dearest first: microseconds a run (summed over threads), share, and for contractions the rate
/// in GFLOP/s of one thread, 2 flops a multiply-add and sample of a full block, borders included. Nothing before a
/// timed run.
std::string timing_table(const Executable& executable);

}  // namespace qiln::jit
