// Arithmetic on one value for each of `count` similar things (the gates of one group, say): a graph value [count], or
// constants, which are folded. With places, there is a value for each thing at each place: [places * count], the things
// next to each other; constants are the same at every place.
#pragma once

#include <span>
#include <vector>

#include "compiler/graph/build.h"

namespace qiln::passes {

struct BatchValue {
  std::vector<double> constants{0};        // one (a splat) or `count`; meaningless if `value` is set
  graph::ValueId value = graph::no_value;  // [count] or [places * count]
  bool constant() const { return value == graph::no_value; }
  bool is(double number) const;  // a constant with all elements equal to `number`
};

class BatchMath {
 public:
  /// `mapped`: the circuit's operands that have a leading axis of places; places 0: there are none.
  BatchMath(graph::Builder& builder, std::int64_t count, std::int64_t places = 0, std::vector<int> mapped = {})
      : builder_(builder), count_(count), places_(places), mapped_(std::move(mapped)) {}

  std::int64_t count() const { return count_; }
  BatchValue number(double value) const { return {{value}, graph::no_value}; }
  BatchValue add(const BatchValue& a, const BatchValue& b);
  BatchValue multiply(const BatchValue& a, const BatchValue& b);
  BatchValue negate(const BatchValue& a);
  BatchValue cos(const BatchValue& a);
  BatchValue sin(const BatchValue& a);
  /// As a graph value [count], or [places * count].
  graph::ValueId materialise(const BatchValue& a);
  /// Values side by side: [count, parts.size()], or [places, count, parts.size()].
  graph::ValueId stack(std::span<const BatchValue> parts);

  /// scale * operand[element] + offset of each angle; `operands` are those of the circuit's node.
  BatchValue gather(std::span<const circuit::Angle> angles, std::span<const graph::ValueId> operands);

 private:
  graph::ValueId gather_from(graph::ValueId operand, std::span<const std::int64_t> elements);
  graph::ValueId gather_mapped(graph::ValueId operand, std::span<const std::int64_t> elements);
  std::int64_t total() const { return places_ > 0 ? places_ * count_ : count_; }
  graph::Builder& builder_;
  std::int64_t count_, places_;
  std::vector<int> mapped_;
};

/// A complex number for each.
struct ComplexBatch {
  BatchValue re, im;
};
ComplexBatch add(BatchMath& math, const ComplexBatch& a, const ComplexBatch& b);
ComplexBatch multiply(BatchMath& math, const ComplexBatch& a, const ComplexBatch& b);
ComplexBatch conjugate(BatchMath& math, const ComplexBatch& a);

}  // namespace qiln::passes
