// A program as text for people: arenas, buffers, and each nest with its loops, expressions, stores and the reasons why
// it is a nest of its own.
#pragma once

#include <string>
#include <string_view>

#include "compiler/kernel/kernel.h"
#include "dsl/source.h"

namespace qiln::kernel {

std::string_view kind_name(Nest::Kind kind);
/// With `sources`, nests name the line that they come from.
std::string print(const Program& program, const dsl::Sources* sources = nullptr);
/// One nest; `id` is printed with it.
std::string print(const Program& program, NestId id, const dsl::Sources* sources = nullptr);

}  // namespace qiln::kernel
