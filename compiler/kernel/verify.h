// What holds for every program between the schedule and the emitters: accesses lie in their buffers, stores carry no
// guards, nothing is read before it is written, buffers alive at once do not overlap, lists refer to what exists.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "compiler/kernel/kernel.h"

namespace qiln::kernel {

/// One sentence for each thing that does not hold.
std::vector<std::string> verify(const Program& program);

/// Throws Error (exit code 1) with all of them; `where` says who gave the program.
void require_valid(const Program& program, std::string_view where);

}  // namespace qiln::kernel
