// The value of a pointwise primitive on numbers, for compile-time arithmetic and constant folding.
#pragma once

#include <span>

#include "dsl/primitives.h"

namespace qiln::graph {

/// `op` of `arguments`, in double; `op` is pointwise and takes that many.
double evaluate(Primitive op, std::span<const double> arguments);

}  // namespace qiln::graph
