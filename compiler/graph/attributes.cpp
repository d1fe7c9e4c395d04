#include "compiler/graph/attributes.h"

namespace qiln::graph {

Attributes default_attributes(Primitive op) {
  switch (op) {
    case Primitive::input:
      return InputAttributes{};
    case Primitive::param:
      return ParamAttributes{};
    case Primitive::constant:
      return ConstantAttributes{};
    case Primitive::random:
      return RandomAttributes{};
    case Primitive::reduce_sum:
    case Primitive::reduce_max:
    case Primitive::permute:
    case Primitive::broadcast:
    case Primitive::concat:
      return AxesAttributes{};
    case Primitive::slice:
    case Primitive::pad:
      return StrideAttributes{};
    case Primitive::contract:
      return ContractAttributes{};
    default:
      if (primitive(op).kind == PrimitiveKind::circuit) return CircuitAttributes{};
      return std::monostate{};
  }
}

}  // namespace qiln::graph
