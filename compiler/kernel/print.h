// A program as text for people: arenas, buffers, and each nest with its loops, expressions, stores and the reasons why
// it is a nest of its own.
#pragma once

#include <string>

#include "compiler/kernel/kernel.h"

namespace qiln::kernel {

std::string print(const Program& program);
/// One nest; `id` is printed with it.
std::string print(const Program& program, NestId id);

}  // namespace qiln::kernel
