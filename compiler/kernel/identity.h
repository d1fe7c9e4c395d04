// What makes two nests the same program.
#pragma once

#include <string>

#include "compiler/kernel/kernel.h"

namespace qiln::kernel {

/// Bytes that are equal exactly where two nests differ at most in what is for people (label, origin, notes) and in
/// which buffers they use; which of their arguments are one buffer counts. Emission (codegen/emit.h) is a function of
/// these bytes and the target: it sees a nest and nothing else, and every member of a nest is in them but those named.
std::string identity(const Nest& nest);

}  // namespace qiln::kernel
