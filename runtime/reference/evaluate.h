// The oracle: interprets any graph, differentiated ones included, one primitive at a time, in float or double.
#pragma once

#include <map>
#include <span>
#include <string>
#include <vector>

#include "compiler/graph/graph.h"
#include "runtime/reference/array.h"

namespace qiln::reference {

/// What a graph is evaluated with. An array of `inputs` has a row a sample where the input is varying, else one row.
template <class Real>
struct Feed {
  std::int64_t batch = 1;
  std::map<std::string, Array<Real>> inputs;  // by name
  std::map<std::string, Array<Real>> params;  // by path, one row
  std::uint64_t seed = 0;                     // of `random`
  std::uint32_t step = 0;
  std::uint32_t first_sample = 0;  // row s holds sample first_sample + s
};

/// By value id; those that nothing wanted depends on stay empty.
template <class Real>
using Values = std::vector<Value<Real>>;

/// The values of `wanted` and of all they depend on; without `wanted`, of the graph's outputs. Throws qiln::Error when
/// an input or parameter is missing or has another size.
template <class Real>
Values<Real> evaluate(const graph::Graph& g, const Feed<Real>& feed, std::span<const graph::ValueId> wanted = {});

extern template Values<float> evaluate(const graph::Graph&, const Feed<float>&, std::span<const graph::ValueId>);
extern template Values<double> evaluate(const graph::Graph&, const Feed<double>&, std::span<const graph::ValueId>);

}  // namespace qiln::reference
