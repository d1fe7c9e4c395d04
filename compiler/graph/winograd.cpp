#include "compiler/graph/winograd.h"

namespace qiln::graph::winograd {
namespace {

constexpr double g[4][3] = {{1, 0, 0}, {0.5, 0.5, 0.5}, {0.5, -0.5, 0.5}, {0, 0, 1}};
constexpr double b[4][4] = {{1, 0, -1, 0}, {0, 1, 1, 0}, {0, -1, 1, 0}, {0, 1, 0, -1}};
constexpr double a[4][2] = {{1, 0}, {1, 1}, {1, -1}, {0, -1}};

// Indices of the space.
enum Index { o, row, column, e, f, k, i, d, h, indices };

Affine affine(std::initializer_list<std::pair<Index, std::int64_t>> terms, std::int64_t offset = 0) {
  Affine made{std::vector<std::int64_t>(indices, 0), offset};
  for (const auto& [index, coefficient] : terms) made.coefficients[index] = coefficient;
  return made;
}

}  // namespace

std::vector<double> weight_transform() {
  std::vector<double> values;
  for (int k1 = 0; k1 < 4; ++k1)
    for (int k2 = 0; k2 < 4; ++k2)
      for (int u = 0; u < 3; ++u)
        for (int v = 0; v < 3; ++v) values.push_back(g[k1][u] * g[k2][v]);
  return values;
}

std::vector<double> tile_transform(bool turned) {
  std::vector<double> values;
  for (int point = 0; point < points; ++point) {
    const int k1 = turned ? turned_point(point / 4) : point / 4, k2 = turned ? turned_point(point % 4) : point % 4;
    for (int at = 0; at < 16; ++at)
      for (int to = 0; to < 4; ++to) values.push_back(b[k1][at / 4] * b[k2][at % 4] * a[k1][to / 2] * a[k2][to % 2]);
  }
  return values;
}

ContractAttributes contraction(const Convolution& c) {
  ContractAttributes made;
  made.space = {c.outputs, c.tile_rows(), c.tile_columns(), 2, 2, points, c.inputs, 4, 4};
  const AffineMap weights{affine({{k, 1}}), affine({{o, 1}}), affine({{i, 1}})};
  const AffineMap image{affine({{i, 1}}), affine({{row, 2}, {d, 1}}, -1), affine({{column, 2}, {h, 1}}, -1)};
  const AffineMap response{affine({{o, 1}}), affine({{row, 2}, {e, 1}}), affine({{column, 2}, {f, 1}})};
  const AffineMap transform{affine({{k, 1}}), affine({{d, 1}}), affine({{h, 1}}), affine({{e, 1}}), affine({{f, 1}})};
  const bool forwards = c.result == Convolution::Result::response;
  made.operands = {forwards ? weights : response, image, transform};
  made.output = forwards ? response : weights;
  return made;
}

std::optional<Convolution> match(const Graph& graph, const Node& node) {
  if (node.op != Primitive::contract || node.operands.size() != 3) return {};
  const Node& transform = graph[node.operands[2]];
  if (transform.op != Primitive::constant || transform.type.shape != tile_transform_shape) return {};
  const auto& attributes = node.as<ContractAttributes>();
  const Shape& image = graph.shape(node.operands[1]);
  if (attributes.space.size() != indices || image.size() != 3 || !graph.varying(node.operands[1])) return {};
  for (const auto result : {Convolution::Result::response, Convolution::Result::weights}) {
    Convolution c{result, attributes.space[i], attributes.space[o], image[1], image[2]};
    const bool forwards = result == Convolution::Result::response;
    if (graph.varying(node.operands[0]) == forwards || attributes != contraction(c)) continue;
    const auto& values = transform.as<ConstantAttributes>().values;
    c.turned = forwards && values == tile_transform(true);
    if (c.turned || values == tile_transform(false)) return c;
  }
  return {};
}

}  // namespace qiln::graph::winograd
