// Winograd's minimal filtering F(2x2, 3x3) (Lavin and Gray 2016) as contractions of the graph: a tile of 2x2 results of
// a 3x3 convolution comes from 4x4 values of the image with 16 multiplications in place of 36.
//   U[k, o, i] = sum[u, v] G[k, u, v] w[o, i, u, v]                                    transformed weights
//   y[o, 2 a + e, 2 b + f] = sum[k, i, d, h] U[k, o, i] x[i, 2 a + d - 1, 2 b + h - 1] T[k, d, h, e, f]
// with T[k, d, h, e, f] = A[k, e, f] B[k, d, h]. Stride 1, padding 1. The gradient in the image is the same with
// weights turned round and their channels swapped; to turn them is to exchange points 0 and 3 of each coordinate, which
// T can do in place of U. The gradient in U sums over tiles and samples with the roles of U and y exchanged.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "compiler/graph/graph.h"

namespace qiln::graph::winograd {

inline constexpr std::int64_t points = 16;  // k = 4 k1 + k2, one factor a coordinate

/// G [16, 3, 3].
std::vector<double> weight_transform();
inline const Shape weight_transform_shape{points, 3, 3};

/// The coordinate k1 (or k2) of a point when weights are turned.
constexpr int turned_point(int k) { return k % 3 == 0 ? 3 - k : k; }

/// T [16, 4, 4, 2, 2]; `turned` for weights that are read with both coordinates backwards.
std::vector<double> tile_transform(bool turned);
inline const Shape tile_transform_shape{points, 4, 4, 2, 2};

struct Convolution {
  enum class Result { response, weights };
  Result result = Result::response;
  std::int64_t inputs = 0, outputs = 0, height = 0, width = 0;  // of image and response alike
  bool turned = false;                                          // responses only
  std::int64_t tile_rows() const { return (height + 1) / 2; }
  std::int64_t tile_columns() const { return (width + 1) / 2; }
  bool operator==(const Convolution&) const = default;
};

/// Operands are (U [16, outputs, inputs], x [inputs, height, width], T), the result y [outputs, height, width]; or
/// (y, x, T), the result U. The same for either T.
ContractAttributes contraction(const Convolution& convolution);

/// What a contraction made with these attributes computes; nothing for any other node.
std::optional<Convolution> match(const Graph& graph, const Node& node);

}  // namespace qiln::graph::winograd
