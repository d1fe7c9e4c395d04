#include "tests/runtime/differences.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "compiler/differentiate.h"
#include "compiler/graph/verify.h"
#include "tests/reference/formula.h"

namespace qiln::test {
namespace {

using graph::ValueId;
using reference::Array;

Array<double>& leaf_array(Feed& feed, const graph::Node& node) {
  return node.op == Primitive::input ? feed.inputs[node.as<graph::InputAttributes>().name]
                                     : feed.params[node.as<graph::ParamAttributes>().path];
}

double loss_at(const graph::Graph& g, ValueId loss, const Feed& feed) {
  return reference::evaluate(g, feed, std::span(&loss, 1))[loss].value(0, 0);
}

/// The five-point difference of `loss` in one entry of a leaf.
double difference(const graph::Graph& g, ValueId loss, Feed& feed, double& entry, double h) {
  const double centre = entry;
  const auto at = [&](double x) {
    entry = x;
    return loss_at(g, loss, feed);
  };
  const double near = at(centre + h) - at(centre - h), far = at(centre + 2 * h) - at(centre - 2 * h);
  entry = centre;
  return (8 * near - far) / (12 * h);
}

}  // namespace

Array<double> formula_array(std::uint32_t stream, std::int64_t rows, std::int64_t columns, double scale,
                            double offset) {
  Array<double> result(rows, columns);
  for (std::int64_t i = 0; i < rows * columns; ++i)
    result(i / columns, i % columns) =
        formula(stream, static_cast<std::uint32_t>(i), static_cast<float>(scale), static_cast<float>(offset));
  return result;
}

Feed formula_feed(const graph::Graph& g, std::int64_t batch, double scale, double offset, std::uint32_t first_stream) {
  Feed feed;
  feed.batch = batch;
  for (const ValueId id : leaves(g))
    leaf_array(feed, g[id]) =
        formula_array(first_stream + id, g.varying(id) ? batch : 1, graph::element_count(g.shape(id)), scale, offset);
  return feed;
}

std::vector<ValueId> leaves(const graph::Graph& g) {
  std::vector<ValueId> result;
  for (ValueId id = 0; id < g.nodes.size(); ++id)
    if (g[id].op == Primitive::input || g[id].op == Primitive::param) result.push_back(id);
  return result;
}

ValueId weighted_loss(graph::Graph& g, ValueId value) {
  graph::Builder b(g);
  const graph::Shape shape = g.shape(value);
  std::vector<double> weights;
  for (const float w : formula_vector(kStreamCotangent, graph::element_count(shape))) weights.push_back(w);
  std::vector<int> axes;
  for (int i = 0; i < static_cast<int>(shape.size()); ++i) axes.push_back(i);
  const ValueId weighted = b.multiply(value, b.constant(weights, shape));
  const ValueId total = b.reduce_sum(weighted, axes);
  return g.varying(total) ? b.batch_sum(total) : total;
}

std::string compare_gradients(graph::Graph g, ValueId loss, const Feed& original, int probes, double h,
                              double tolerance) {
  Feed feed = original;
  const auto wrt = leaves(g);
  const auto results = gradients(g, loss, wrt);
  std::string problems;
  for (const std::string& problem : graph::verify(g)) problems += problem + "\n";
  const auto values = reference::evaluate<double>(g, feed, results);
  for (std::size_t i = 0; i < wrt.size(); ++i) {
    if (g.type(results[i]) != g.type(wrt[i])) problems += fmt::format("%{}: the gradient has another type\n", wrt[i]);
    Array<double>& array = leaf_array(feed, g[wrt[i]]);
    const std::int64_t stride = std::max<std::int64_t>(1, array.size() / probes);
    for (std::int64_t entry = 0; entry < array.size(); entry += stride) {
      const double expected = difference(g, loss, feed, array.data()[entry], h);
      const double found = values[results[i]].value.data()[entry];
      if (!(std::abs(found - expected) <= tolerance * (1 + std::abs(expected))))
        problems += fmt::format("%{} [{}]: gradient {}, difference {}\n", wrt[i], entry, found, expected);
    }
  }
  return problems;
}

}  // namespace qiln::test
