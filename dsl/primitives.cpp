#include "dsl/primitives.h"

#include <array>
#include <unordered_map>

namespace qiln {
namespace {

using enum Primitive;
using K = PrimitiveKind;

constexpr std::array<PrimitiveRow, primitive_count> rows{{
    {input, "input", K::leaf, 0, ""},
    {param, "param", K::leaf, 0, ""},
    {constant, "constant", K::leaf, 0, ""},
    {random, "random", K::leaf, 0, ""},
    {add, "add", K::pointwise, 2, ""},
    {subtract, "subtract", K::pointwise, 2, ""},
    {multiply, "multiply", K::pointwise, 2, ""},
    {divide, "divide", K::pointwise, 2, ""},
    {negate, "negate", K::pointwise, 1, ""},
    {maximum, "maximum", K::pointwise, 2, "maximum", "the larger of two"},
    {minimum, "minimum", K::pointwise, 2, "minimum", "the smaller of two"},
    {power, "power", K::pointwise, 2, ""},
    {exp, "exp", K::pointwise, 1, "exp", "e to the power x"},
    {log, "log", K::pointwise, 1, "log", "natural logarithm"},
    {sqrt, "sqrt", K::pointwise, 1, "sqrt", "square root"},
    {sin, "sin", K::pointwise, 1, "sin", "sine, radians"},
    {cos, "cos", K::pointwise, 1, "cos", "cosine, radians"},
    {tanh, "tanh", K::pointwise, 1, "tanh", "hyperbolic tangent"},
    {erf, "erf", K::pointwise, 1, "erf", "error function"},
    {relu, "relu", K::pointwise, 1, "relu", "max(x, 0)"},
    {abs, "abs", K::pointwise, 1, "abs", "absolute value"},
    {floor, "floor", K::pointwise, 1, "floor", "the largest integer not above x"},
    {less, "less", K::pointwise, 2, ""},
    {equal, "equal", K::pointwise, 2, ""},
    {select, "select", K::pointwise, 3, ""},
    {reduce_sum, "reduce_sum", K::reduce, 1, "reduce_sum", "the sum over `axes`"},
    {reduce_max, "reduce_max", K::reduce, 1, "reduce_max", "the maximum over `axes`"},
    {contract, "contract", K::contract, -1, ""},
    {reshape, "reshape", K::movement, 1, "reshape", "the same elements in another shape"},
    {permute, "permute", K::movement, 1, "permute", "axes in another order"},
    {slice, "slice", K::movement, 1, ""},
    {pad, "pad", K::movement, 1, ""},
    {concat, "concat", K::movement, -1, "concat", "joined along the leading axis"},
    {broadcast, "broadcast", K::movement, 1, ""},
    {batch_sum, "batch_sum", K::batch, 1, ""},
    {stop_gradient, "stop_gradient", K::identity, 1, "stop_gradient", "x, whose gradient is cut"},
    {circuit, "circuit", K::circuit, -1, ""},
    {phase_tables, "phase_tables", K::circuit, -1, ""},
    {apply_blocks, "apply_blocks", K::circuit, -1, ""},
    {apply_blocks_adjoint, "apply_blocks_adjoint", K::circuit, -1, ""},
    {expval, "expval", K::circuit, 1, ""},
    {expval_adjoint, "expval_adjoint", K::circuit, 2, ""},
}};

constexpr bool in_order() {
  for (int i = 0; i < primitive_count; ++i)
    if (static_cast<int>(rows[i].id) != i) return false;
  return true;
}
static_assert(in_order(), "rows stand in enumerator order");

}  // namespace

const PrimitiveRow& primitive(Primitive id) { return rows[static_cast<int>(id)]; }

std::optional<Primitive> primitive_named(std::string_view name) {
  for (const auto& row : rows)
    if (row.name == name) return row.id;
  return std::nullopt;
}

std::optional<Primitive> primitive_called(std::string_view call) {
  static const auto by_call = [] {
    std::unordered_map<std::string_view, Primitive> made;
    for (const auto& row : rows)
      if (!row.call.empty()) made.emplace(row.call, row.id);
    return made;
  }();
  const auto found = by_call.find(call);
  return found == by_call.end() ? std::nullopt : std::optional(found->second);
}

}  // namespace qiln
