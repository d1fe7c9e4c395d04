#include "compiler/kernel/identity.h"

#include <algorithm>

#include "compiler/bytes.h"

namespace qiln::kernel {

std::string identity(const Nest& nest) {
  Nest bare = nest;
  bare.label.clear();
  bare.origin = {};
  bare.notes.clear();
  // The number of the first argument that is the same buffer in place of the buffer.
  for (std::size_t k = 0; k < nest.arguments.size(); ++k) {
    const auto same = [&](const Argument& other) {
      return other.buffer >= 0 && other.buffer == nest.arguments[k].buffer;
    };
    const auto first = std::find_if(nest.arguments.begin(), nest.arguments.begin() + k, same);
    bare.arguments[k].buffer = static_cast<BufferId>(first - nest.arguments.begin());
  }
  std::string bytes;
  append_bytes(bytes, bare);
  return bytes;
}

}  // namespace qiln::kernel
