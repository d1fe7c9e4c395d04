#include "compiler/passes/winograd.h"

#include <array>
#include <map>
#include <optional>

#include "compiler/graph/winograd.h"
#include "compiler/passes/rewrite.h"

namespace qiln::passes {
namespace {

using namespace graph;
using graph::winograd::Convolution;

/// Which tensors of a contraction are a 3x3 convolution's weights [o, i, 3, 3], its image [i, r + u - 1, c + v - 1] and
/// its response [o, r, c]: 0 and 1 are operands, 2 is the result.
struct Roles {
  int weights = 0, image = 0, response = 0;
  std::int64_t outputs = 0, inputs = 0, height = 0, width = 0;
};

/// The two indices that a coordinate adds, one before: offset -1, coefficients 1.
bool is_sum_less_one(const Affine& coordinate, int a, int b) {
  Affine wanted{std::vector<std::int64_t>(coordinate.coefficients.size(), 0), -1};
  wanted.coefficients[a] = wanted.coefficients[b] = 1;
  return coordinate == wanted;
}

std::optional<Roles> roles_of(const ContractAttributes& c, const std::array<Shape, 3>& shapes) {
  if (c.operands.size() != 2 || c.space.size() != 6) return {};
  const std::array<const AffineMap*, 3> maps{&c.operands[0], &c.operands[1], &c.output};
  Roles roles{-1, -1, -1};
  for (int t = 0; t < 3; ++t) {
    bool bare = true;
    for (const Affine& coordinate : *maps[t]) bare = bare && coordinate.bare_index() >= 0;
    if (bare && maps[t]->size() == 4) roles.weights = t;
    if (bare && maps[t]->size() == 3) roles.response = t;
    if (!bare && maps[t]->size() == 3) roles.image = t;
  }
  if (roles.weights < 0 || roles.image < 0 || roles.response < 0) return {};
  const AffineMap &w = *maps[roles.weights], &y = *maps[roles.response], &x = *maps[roles.image];
  const int o = w[0].bare_index(), i = w[1].bare_index(), u = w[2].bare_index(), v = w[3].bare_index();
  const int row = y[1].bare_index(), column = y[2].bare_index();
  if (y[0].bare_index() != o || x[0].bare_index() != i || c.space[u] != 3 || c.space[v] != 3) return {};
  if (row == column || row == u || row == v || column == u || column == v) return {};
  if (!is_sum_less_one(x[1], row, u) || !is_sum_less_one(x[2], column, v)) return {};
  roles.outputs = c.space[o], roles.inputs = c.space[i], roles.height = c.space[row], roles.width = c.space[column];
  const Shape plane{roles.height, roles.width};
  if (shapes[roles.weights] != Shape{roles.outputs, roles.inputs, 3, 3} ||
      shapes[roles.response] != Shape{roles.outputs, plane[0], plane[1]} ||
      shapes[roles.image] != Shape{roles.inputs, plane[0], plane[1]})
    return {};
  return roles;
}

class Winograd {
 public:
  explicit Winograd(Graph& graph) : rewrite_(graph), uses_(graph.nodes.size(), 0), summed_(graph.nodes.size(), false) {
    for (const Output& output : graph.outputs) ++uses_[output.value];
    for (const Node& node : graph.nodes)
      for (ValueId operand : node.operands) {
        ++uses_[operand];
        if (node.op == Primitive::batch_sum) summed_[operand] = true;
      }
  }

  bool run() {
    bool changed = false;
    const Graph& old = rewrite_.old();
    for (ValueId id = 0; id < old.nodes.size(); ++id) {
      const Node node = rewrite_.mapped(id);
      const auto roles = convolution(id);
      if (roles && roles->weights < 2 && pays(*roles)) {
        rewrite_.map(id, filtered(node, *roles));
        changed = true;
      } else if (node.op == Primitive::batch_sum && weight_gradient(old[id].operands[0])) {
        rewrite_.map(id, summed(node, rewrite_.fresh()[node.operands[0]]));
        changed = true;
      } else {
        rewrite_.map(id, rewrite_.append(node));
      }
    }
    if (changed) rewrite_.finish();
    return changed;
  }

 private:
  Builder& builder() { return rewrite_.builder(); }

  /// Of the old graph: one of weights with an image or a response, or, unsummed, of the last two.
  std::optional<Roles> convolution(ValueId id) const {
    const Graph& graph = rewrite_.old();
    const Node& node = graph[id];
    if (node.op != Primitive::contract || node.operands.size() != 2) return {};
    const auto roles = roles_of(node.as<ContractAttributes>(),
                                {graph.shape(node.operands[0]), graph.shape(node.operands[1]), node.type.shape});
    if (!roles) return {};
    const std::array<bool, 3> varying{graph.varying(node.operands[0]), graph.varying(node.operands[1]),
                                      node.type.varying};
    if (!varying[roles->image] || !varying[roles->response] || varying[roles->weights] != (roles->weights == 2))
      return {};
    return roles;
  }

  /// The contraction's only reader sums it over the batch.
  bool weight_gradient(ValueId id) const {
    const auto roles = convolution(id);
    return roles && roles->weights == 2 && uses_[id] == 1 && summed_[id] && pays(*roles);
  }

  /// Multiply-adds of lane vectors a pair of channels, over the blocks of a step of 64 samples. What is done to images
  /// and responses is shared among the channels of the other side; what is done to weights among blocks, and between
  /// forwards and backwards. The gradient in the weights adds up lanes at the end of each sum over tiles.
  static bool pays(const Roles& r) {
    constexpr double blocks = 4, for_value = 5, for_weight = 45, for_lanes = 3.2;
    const auto taps = [](std::int64_t extent) { return static_cast<double>(3 * extent - 2); };
    const double direct = taps(r.height) * taps(r.width);
    const auto tiles = static_cast<double>((r.height + 1) / 2 * ((r.width + 1) / 2));
    const double transforms = for_value * (1.0 / static_cast<double>(r.inputs) + 1.0 / static_cast<double>(r.outputs));
    const double minimal = 16 * tiles * (1.1 + transforms + (r.weights == 2 ? for_lanes / tiles : 0));
    return r.inputs >= 16 && r.outputs >= 16 && blocks * minimal + for_weight < 0.95 * blocks * direct;
  }

  ValueId weight_transform() {
    if (weight_transform_ == no_value)
      weight_transform_ =
          builder().constant(graph::winograd::weight_transform(), graph::winograd::weight_transform_shape);
    return weight_transform_;
  }

  ValueId tile_transform(bool turned) {
    ValueId& made = tile_transforms_[turned];
    if (made == no_value)
      made = builder().constant(graph::winograd::tile_transform(turned), graph::winograd::tile_transform_shape);
    return made;
  }

  /// Between weights [o, i, 3, 3] and transformed ones [16, o, i], over (k, o, i, u, v).
  static ContractAttributes weight_contraction(const Roles& r, bool backwards) {
    const auto bare = [](std::initializer_list<int> indices) {
      AffineMap map;
      for (int index : indices) {
        map.push_back({std::vector<std::int64_t>(5, 0), 0});
        map.back().coefficients[index] = 1;
      }
      return map;
    };
    ContractAttributes c;
    c.space = {graph::winograd::points, r.outputs, r.inputs, 3, 3};
    const AffineMap plain = bare({1, 2, 3, 4}), made = bare({0, 1, 2});
    c.operands = {backwards ? made : plain, bare({0, 3, 4})};
    c.output = backwards ? plain : made;
    return c;
  }

  /// [16, outputs, inputs], once for a convolution and its gradient in the image.
  ValueId transformed_weights(ValueId weights, const Roles& r) {
    auto [known, fresh] = transformed_.try_emplace(weights, no_value);
    if (fresh)
      known->second = builder().contract(weight_contraction(r, false), {weights, weight_transform()},
                                         {graph::winograd::points, r.outputs, r.inputs});
    return known->second;
  }

  /// Response of an image, or the gradient in the image from that in the response.
  ValueId filtered(const Node& node, const Roles& r) {
    const bool turned = r.image == 2;
    Convolution c{Convolution::Result::response, r.inputs, r.outputs, r.height, r.width, turned};
    ValueId weights = transformed_weights(node.operands[r.weights], r);
    if (turned) {
      std::swap(c.inputs, c.outputs);
      weights = builder().permute(weights, {0, 2, 1});
    }
    return builder().contract(contraction(c),
                              {weights, node.operands[turned ? r.response : r.image], tile_transform(turned)},
                              node.type.shape);
  }

  /// The sum over the batch of a gradient in the weights.
  ValueId summed(const Node& sum, const Node& gradient) {
    const Roles r = *roles_of(gradient.as<ContractAttributes>(),
                              {rewrite_.fresh().shape(gradient.operands[0]),
                               rewrite_.fresh().shape(gradient.operands[1]), gradient.type.shape});
    const Convolution c{Convolution::Result::weights, r.inputs, r.outputs, r.height, r.width};
    const std::vector<ValueId> operands = gradient.operands;
    const ValueId made =
        builder().contract(contraction(c), {operands[r.response], operands[r.image], tile_transform(false)},
                           {graph::winograd::points, r.outputs, r.inputs});
    return builder().contract(weight_contraction(r, true), {builder().batch_sum(made), weight_transform()},
                              sum.type.shape);
  }

  Rewrite rewrite_;
  std::vector<int> uses_;
  std::vector<bool> summed_;
  ValueId weight_transform_ = no_value;
  std::array<ValueId, 2> tile_transforms_{no_value, no_value};
  std::map<ValueId, ValueId> transformed_;  // by weights
};

}  // namespace

bool winograd(Graph& graph) { return Winograd(graph).run(); }

}  // namespace qiln::passes
