#include "runtime/cli/net_gradient.h"

#include <numeric>

#include "compiler/differentiate.h"
#include "compiler/graph/build.h"

namespace qiln::cli {

using graph::ValueId;

namespace {

/// The value of the outputs so far.
ValueId weighted_sum(graph::Graph& g) {
  graph::Builder b(g);
  ValueId value = b.constant(0);
  for (const graph::Output& output : g.outputs) {
    b.set_origin(g[output.value].origin);
    const graph::Type type = g.type(output.value);
    const ValueId terms = b.multiply(output.value, b.input(output.name + ".weight", type));
    std::vector<int> axes(type.shape.size());
    std::iota(axes.begin(), axes.end(), 0);
    const ValueId sum = b.reduce_sum(terms, axes);
    value = b.add(value, type.varying ? b.batch_sum(sum) : sum);
  }
  return value;
}

}  // namespace

graph::Graph net_gradient(graph::Graph net) {
  std::vector<ValueId> wanted;
  std::vector<std::string> names;
  for (ValueId id = 0; id < net.nodes.size(); ++id) {
    const auto& node = net[id];
    if (node.op == Primitive::param && node.as<graph::ParamAttributes>().trainable) {
      wanted.push_back(id);
      names.push_back("gradient." + node.as<graph::ParamAttributes>().path);
    } else if (node.op == Primitive::input && node.type.varying) {
      wanted.push_back(id);
      names.push_back("gradient." + node.as<graph::InputAttributes>().name);
    }
  }
  const ValueId value = weighted_sum(net);
  const auto gradients = qiln::gradients(net, value, wanted);
  net.outputs = {{"value", value}};
  for (std::size_t k = 0; k < wanted.size(); ++k) net.outputs.push_back({names[k], gradients[k]});
  return net;
}

}  // namespace qiln::cli
