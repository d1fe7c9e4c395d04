// What each primitive does to a cotangent: one row a primitive.
#pragma once

#include <cstdint>

#include "compiler/graph/build.h"

namespace qiln {

/// Where a rule stands: `self` is the node differentiated, `cotangent` has its shape. Rules append nodes with `b`.
struct RuleContext {
  graph::Builder& b;
  graph::ValueId self;
  graph::ValueId cotangent;

  /// By value: appending moves the nodes.
  graph::Node node() const { return b.graph()[self]; }
  graph::Shape shape() const { return b.graph().shape(self); }
  graph::ValueId operand(int k) const { return b.graph()[self].operands[k]; }
};

/// The contribution to operand k, with that operand's shape, or no_value when nothing flows.
using DerivativeRule = graph::ValueId (*)(const RuleContext& context, int k);

/// Null for leaves and for primitives whose derivative is zero everywhere.
DerivativeRule derivative_rule(Primitive op);

}  // namespace qiln
