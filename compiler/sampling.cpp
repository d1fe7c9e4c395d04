#include "compiler/sampling.h"

#include <cassert>

namespace qiln {
namespace {

using graph::Shape;
using graph::ValueId;

/// Rows longer than this are summed up in two levels.
constexpr std::int64_t longest_row = 128;

/// 1 where column < row, or column <= row.
std::vector<double> triangle(std::int64_t size, bool diagonal) {
  std::vector<double> matrix(size * size);
  for (std::int64_t i = 0; i < size; ++i)
    for (std::int64_t j = 0; j < i + diagonal; ++j) matrix[i * size + j] = 1;
  return matrix;
}

/// [rows, length] -> the sums of each row's first 1, 2, … elements.
ValueId running_sums(graph::Builder& b, ValueId values) {
  const Shape shape = b.graph().shape(values);
  const std::int64_t rows = shape[0], length = shape[1];
  if (length <= longest_row) return linear_map(b, triangle(length, true), length, values);
  std::int64_t inner = 1;
  while (inner * inner < length) inner *= 2;
  assert(length % inner == 0);
  const std::int64_t outer = length / inner;
  const ValueId within = running_sums(b, b.reshape(values, {rows * outer, inner}));
  const ValueId totals = b.reshape(b.slice(within, {0, inner - 1}, {1, 1}, {rows * outer, 1}), {rows, outer});
  const ValueId before = linear_map(b, triangle(outer, false), outer, totals);
  const ValueId all = b.broadcast(b.reshape(before, {rows * outer}), {rows * outer, inner}, {0});
  return b.reshape(b.add(within, all), {rows, length});
}

}  // namespace

ValueId linear_map(graph::Builder& b, std::vector<double> matrix, std::int64_t rows, ValueId values) {
  const Shape shape = b.graph().shape(values);
  const std::int64_t columns = shape.back();
  const ValueId constant = b.constant(std::move(matrix), {rows, columns});
  graph::ContractAttributes attributes;
  if (shape.size() == 1) {
    attributes.space = {rows, columns};
    attributes.operands = {{{{1, 0}, 0}, {{0, 1}, 0}}, {{{0, 1}, 0}}};
    attributes.output = {{{1, 0}, 0}};
    return b.contract(std::move(attributes), {constant, values}, {rows});
  }
  assert(shape.size() == 2);
  attributes.space = {shape[0], rows, columns};
  attributes.operands = {{{{0, 1, 0}, 0}, {{0, 0, 1}, 0}}, {{{1, 0, 0}, 0}, {{0, 0, 1}, 0}}};
  attributes.output = {{{1, 0, 0}, 0}, {{0, 1, 0}, 0}};
  return b.contract(std::move(attributes), {constant, values}, {shape[0], rows});
}

ValueId multinomial(graph::Builder& b, ValueId probabilities, std::int64_t shots, const std::string& site) {
  const Shape shape = b.graph().shape(probabilities);
  const std::int64_t outcomes = shape.back(), places = graph::element_count(shape) / outcomes;
  // A draw u falls on outcome k where sums[k - 1] <= u < sums[k]; u is always below the last one.
  ValueId sums = running_sums(b, b.reshape(probabilities, {places, outcomes}));
  std::vector<double> last(outcomes);
  last.back() = 1;
  sums = b.add(sums, b.broadcast(b.constant(std::move(last), {outcomes}), {places, outcomes}, {1}));
  const ValueId draws = b.random({graph::Distribution::uniform, site, 0}, {places, shots});
  const Shape both{places, shots, outcomes};
  const ValueId below =
      b.pointwise(Primitive::less, {b.broadcast(draws, both, {0, 1}), b.broadcast(sums, both, {0, 2})});
  const ValueId up_to = b.reduce_sum(below, {1});
  ValueId counts = up_to;
  if (outcomes > 1)
    counts = b.subtract(
        up_to, b.pad(b.slice(up_to, {0, 0}, {1, 1}, {places, outcomes - 1}), {0, 1}, {1, 1}, {places, outcomes}));
  return b.reshape(b.scale(counts, 1.0 / static_cast<double>(shots)), shape);
}

}  // namespace qiln
