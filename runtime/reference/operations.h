// One function a kind of primitive. `x[k]` is the value of operand k; results have `samples` rows.
#pragma once

#include <span>

#include "compiler/graph/graph.h"
#include "runtime/random/philox.h"
#include "runtime/reference/array.h"

namespace qiln::reference {

template <class Real>
using Operands = std::span<const Value<Real>* const>;

template <class Real>
Value<Real> pointwise(Primitive op, Operands<Real> x, std::int64_t samples);

/// reduce_sum and reduce_max of an operand of `shape`.
template <class Real>
Value<Real> reduce(const graph::Node& node, const graph::Shape& shape, const Value<Real>& x);

template <class Real>
Value<Real> batch_sum(const Value<Real>& x);

/// `shapes` are those of the operands.
template <class Real>
Value<Real> contract(const graph::Node& node, std::span<const graph::Shape> shapes, Operands<Real> x,
                     std::int64_t samples);

/// reshape, permute, slice, pad, concat, broadcast.
template <class Real>
Value<Real> movement(const graph::Node& node, std::span<const graph::Shape> shapes, Operands<Real> x,
                     std::int64_t samples);

/// Row s is drawn for sample stream.sample + s.
template <class Real>
Value<Real> draw(const graph::Node& node, random::Stream stream, std::int64_t samples);

}  // namespace qiln::reference
