#include "compiler/passes/fused_block.h"

namespace qiln::passes {

using circuit::Block;

std::uint64_t support(const FusedBlock& block, int n) {
  std::uint64_t bits = 0;
  for (std::int32_t q : block.qubits) bits |= std::uint64_t{1} << (n - 1 - q);
  for (const circuit::Phase& phase : block.phases) bits |= phase.mask;
  for (std::size_t i = 0; i < block.rows.size(); ++i)
    if (block.rows[i] != std::uint64_t{1} << i) bits |= block.rows[i] | std::uint64_t{1} << i;
  return bits | block.flip;
}

std::size_t starts(const std::vector<FusedBlock>& blocks) {
  std::size_t count = 0;
  std::uint64_t seen = 0;
  for (; count < blocks.size() && blocks[count].kind == Block::Kind::turns; ++count) {
    const std::uint64_t bit = std::uint64_t{1} << blocks[count].qubits[0];
    if (seen & bit) break;
    seen |= bit;
  }
  return count;
}

}  // namespace qiln::passes
