// Walks over elements of tensors.
#pragma once

#include <vector>

#include "compiler/graph/graph.h"

namespace qiln::reference {

/// Distance between neighbours along each axis in row-major order.
inline std::vector<std::int64_t> row_major_strides(const graph::Shape& shape) {
  std::vector<std::int64_t> strides(shape.size(), 1);
  for (std::size_t i = shape.size(); i-- > 1;) strides[i - 1] = strides[i] * shape[i];
  return strides;
}

/// Calls visit(flat, offset) for each index of `shape` in row-major order: `flat` counts from 0, `offset` is
/// start + sum of strides[k] * index[k].
template <class Visit>
void for_each_offset(const graph::Shape& shape, std::int64_t start, const std::vector<std::int64_t>& strides,
                     Visit visit) {
  const std::int64_t count = graph::element_count(shape);
  std::vector<std::int64_t> index(shape.size(), 0);
  std::int64_t offset = start;
  for (std::int64_t flat = 0; flat < count; ++flat) {
    visit(flat, offset);
    for (std::size_t k = shape.size(); k-- > 0;) {
      offset += strides[k];
      if (++index[k] < shape[k]) break;
      offset -= strides[k] * shape[k];
      index[k] = 0;
    }
  }
}

}  // namespace qiln::reference
