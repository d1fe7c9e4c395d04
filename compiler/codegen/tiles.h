// How a kernel's work comes apart.
#pragma once

#include <cstdint>

namespace qiln::codegen {

/// Tiles 0 .. count - 1 in `stages` runs of equal length. Tiles of a stage write disjoint elements and may run side by
/// side; each stage needs all tiles of those before it.
struct Tiles {
  std::int64_t count = 1, stages = 1;
  bool operator==(const Tiles&) const = default;
};

}  // namespace qiln::codegen
