// The arithmetic of a program's runs.
#pragma once

#include "compiler/codegen/target.h"
#include "runtime/jit/program.h"

namespace qiln::jit {

/// Flops of one run of as many blocks as the last one had, without what need not be computed again (kernel/work.h).
double flops_of_run(const Executable& executable, const codegen::Target& target);

}  // namespace qiln::jit
