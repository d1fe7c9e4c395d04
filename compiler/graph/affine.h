// Affine expressions over the indices of an iteration space, and maps of them.
#pragma once

#include <cstdint>
#include <vector>

namespace qiln::graph {

/// offset + sum of coefficients[k] * index k. `coefficients` has one entry an index of the space.
struct Affine {
  std::vector<std::int64_t> coefficients;
  std::int64_t offset = 0;
  bool operator==(const Affine&) const = default;

  /// The index that this is with coefficient 1 and offset 0, or -1.
  int bare_index() const {
    int found = -1;
    if (offset != 0) return -1;
    for (int k = 0; k < static_cast<int>(coefficients.size()); ++k) {
      if (coefficients[k] == 0) continue;
      if (coefficients[k] != 1 || found >= 0) return -1;
      found = k;
    }
    return found;
  }
};

/// One expression an axis of the tensor accessed.
using AffineMap = std::vector<Affine>;

}  // namespace qiln::graph
