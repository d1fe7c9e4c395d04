// Which build of the code is running.
#pragma once

#include <string>

namespace qiln::jit {

/// The linker's build id of the program or library that this function is in, a hash of its contents: it changes with
/// any source, header, compiler or option that changes the code. Empty where the linker left none.
std::string build_id();

}  // namespace qiln::jit
