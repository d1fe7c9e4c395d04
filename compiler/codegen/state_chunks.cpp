#include "compiler/codegen/state_chunks.h"

#include <algorithm>
#include <bit>

namespace qiln::codegen {

kernel::Chunks state_chunks(const Target& target, int qubits) {
  const std::int64_t amplitude = std::int64_t{2} * 2 * 4 * target.lanes;
  auto bits = [&](std::int64_t bytes) {
    return static_cast<int>(std::bit_width(static_cast<std::uint64_t>(std::max<std::int64_t>(1, bytes / amplitude)))) -
           1;
  };
  if (amplitude << qubits <= target.l2_bytes) return {std::max(4, bits(target.l1_bytes)), 0};
  return {std::max(4, bits(target.l2_bytes / 2) - 1), 2};
}

}  // namespace qiln::codegen
