#include "compiler/graph/evaluate.h"

#include <algorithm>
#include <cassert>
#include <cmath>

namespace qiln::graph {

double evaluate(Primitive op, std::span<const double> arguments) {
  assert(is_pointwise(op) && primitive(op).arity == static_cast<int>(arguments.size()));
  const double a = arguments[0];
  const double b = arguments.size() > 1 ? arguments[1] : 0;
  switch (op) {
    case Primitive::add:
      return a + b;
    case Primitive::subtract:
      return a - b;
    case Primitive::multiply:
      return a * b;
    case Primitive::divide:
      return a / b;
    case Primitive::negate:
      return -a;
    case Primitive::maximum:
      return std::max(a, b);
    case Primitive::minimum:
      return std::min(a, b);
    case Primitive::power:
      return std::pow(a, b);
    case Primitive::exp:
      return std::exp(a);
    case Primitive::log:
      return std::log(a);
    case Primitive::sqrt:
      return std::sqrt(a);
    case Primitive::sin:
      return std::sin(a);
    case Primitive::cos:
      return std::cos(a);
    case Primitive::tanh:
      return std::tanh(a);
    case Primitive::erf:
      return std::erf(a);
    case Primitive::relu:
      return std::max(a, 0.0);
    case Primitive::abs:
      return std::abs(a);
    case Primitive::floor:
      return std::floor(a);
    case Primitive::less:
      return a < b ? 1 : 0;
    case Primitive::equal:
      return a == b ? 1 : 0;
    case Primitive::select:
      return a != 0 ? b : arguments[2];
    default:
      break;
  }
  assert(false && "not a pointwise primitive");
  return 0;
}

}  // namespace qiln::graph
