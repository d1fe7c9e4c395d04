#include "compiler/passes/batch_value.h"

#include <algorithm>
#include <cassert>
#include <cmath>
#include <map>

namespace qiln::passes {

using graph::no_value;
using graph::ValueId;

namespace {

template <class F>
BatchValue fold(const BatchValue& a, F f) {
  BatchValue result = a;
  for (double& v : result.constants) v = f(v);
  return result;
}

template <class F>
BatchValue fold(const BatchValue& a, const BatchValue& b, F f) {
  const std::size_t size = std::max(a.constants.size(), b.constants.size());
  BatchValue result{std::vector<double>(size), no_value};
  for (std::size_t i = 0; i < size; ++i)
    result.constants[i] = f(a.constants[a.constants.size() == 1 ? 0 : i], b.constants[b.constants.size() == 1 ? 0 : i]);
  return result;
}

/// The step >= 1 with which the elements follow each other (1 for a single element), or 0 if there is none.
std::int64_t progression(std::span<const std::int64_t> elements) {
  if (elements.size() == 1) return 1;
  const std::int64_t step = elements[1] - elements[0];
  for (std::size_t i = 0; i < elements.size(); ++i)
    if (elements[i] < 0 || (i > 0 && elements[i] - elements[i - 1] != step)) return 0;
  return std::max<std::int64_t>(step, 0);
}

}  // namespace

bool BatchValue::is(double number) const {
  return constant() && std::all_of(constants.begin(), constants.end(), [&](double v) { return v == number; });
}

BatchValue BatchMath::add(const BatchValue& a, const BatchValue& b) {
  if (a.is(0)) return b;
  if (b.is(0)) return a;
  if (a.constant() && b.constant()) return fold(a, b, [](double x, double y) { return x + y; });
  return {{}, builder_.add(materialise(a), materialise(b))};
}

BatchValue BatchMath::multiply(const BatchValue& a, const BatchValue& b) {
  if (a.is(0) || b.is(0)) return number(0);
  if (a.is(1)) return b;
  if (b.is(1)) return a;
  if (a.constant() && b.constant()) return fold(a, b, [](double x, double y) { return x * y; });
  if (a.is(-1)) return negate(b);
  if (b.is(-1)) return negate(a);
  return {{}, builder_.multiply(materialise(a), materialise(b))};
}

BatchValue BatchMath::negate(const BatchValue& a) {
  if (a.constant()) return fold(a, [](double x) { return x == 0 ? 0 : -x; });
  return {{}, builder_.negate(a.value)};
}

BatchValue BatchMath::cos(const BatchValue& a) {
  if (a.constant()) return fold(a, [](double x) { return std::cos(x); });
  return {{}, builder_.pointwise(Primitive::cos, {a.value})};
}

BatchValue BatchMath::sin(const BatchValue& a) {
  if (a.constant()) return fold(a, [](double x) { return std::sin(x); });
  return {{}, builder_.pointwise(Primitive::sin, {a.value})};
}

ValueId BatchMath::materialise(const BatchValue& a) {
  if (!a.constant()) return a.value;
  if (a.constants.size() == 1) return builder_.constant(a.constants[0], {total()});
  std::vector<double> values;
  for (std::int64_t p = 0; p < total() / count_; ++p)
    values.insert(values.end(), a.constants.begin(), a.constants.end());
  return builder_.constant(std::move(values), {total()});
}

ValueId BatchMath::stack(std::span<const BatchValue> parts) {
  std::vector<ValueId> columns;
  for (const BatchValue& part : parts) columns.push_back(builder_.reshape(materialise(part), {total(), 1}));
  const ValueId all = builder_.concat(std::move(columns), 1);
  if (places_ == 0) return all;
  return builder_.reshape(all, {places_, count_, static_cast<std::int64_t>(parts.size())});
}

ValueId BatchMath::gather_from(ValueId operand, std::span<const std::int64_t> elements) {
  const std::int64_t total = graph::element_count(builder_.graph().shape(operand));
  const ValueId flat = builder_.reshape(operand, {total});
  if (const std::int64_t step = progression(elements)) return builder_.slice(flat, {elements[0]}, {step}, {count_});
  if (std::all_of(elements.begin(), elements.end(), [&](std::int64_t e) { return e == elements[0]; })) {
    const ValueId one = builder_.slice(flat, {elements[0]}, {1}, {1});
    return builder_.broadcast(builder_.reshape(one, {}), {count_}, {});
  }
  std::vector<double> one_hot(count_ * total);
  for (std::int64_t i = 0; i < count_; ++i)
    if (elements[i] >= 0) one_hot[i * total + elements[i]] = 1;
  const ValueId selection = builder_.constant(std::move(one_hot), {count_, total});
  graph::ContractAttributes attributes;
  attributes.space = {count_, total};
  attributes.operands = {{{{1, 0}, 0}, {{0, 1}, 0}}, {{{0, 1}, 0}}};
  attributes.output = {{{1, 0}, 0}};
  return builder_.contract(std::move(attributes), {selection, flat}, {count_});
}

ValueId BatchMath::gather_mapped(ValueId operand, std::span<const std::int64_t> elements) {
  const std::int64_t size = graph::element_count(builder_.graph().shape(operand)) / places_;
  const ValueId rows = builder_.reshape(operand, {places_, size});
  if (const std::int64_t step = progression(elements))
    return builder_.reshape(builder_.slice(rows, {0, elements[0]}, {1, step}, {places_, count_}), {total()});
  std::vector<double> one_hot(count_ * size);
  for (std::int64_t i = 0; i < count_; ++i)
    if (elements[i] >= 0) one_hot[i * size + elements[i]] = 1;
  const ValueId selection = builder_.constant(std::move(one_hot), {count_, size});
  graph::ContractAttributes attributes;
  attributes.space = {places_, count_, size};
  attributes.operands = {{{{0, 1, 0}, 0}, {{0, 0, 1}, 0}}, {{{1, 0, 0}, 0}, {{0, 0, 1}, 0}}};
  attributes.output = {{{1, 0, 0}, 0}, {{0, 1, 0}, 0}};
  return builder_.reshape(builder_.contract(std::move(attributes), {selection, rows}, {places_, count_}), {total()});
}

BatchValue BatchMath::gather(std::span<const circuit::Angle> angles, std::span<const ValueId> operands) {
  assert(static_cast<std::int64_t>(angles.size()) == count_);
  std::map<std::int32_t, std::vector<std::int64_t>> elements;  // by operand; -1 where another operand is meant
  BatchValue scales{{}, no_value}, offsets{{}, no_value};
  for (std::size_t i = 0; i < angles.size(); ++i) {
    if (angles[i].operand >= 0)
      elements.try_emplace(angles[i].operand, angles.size(), -1).first->second[i] = angles[i].element;
    scales.constants.push_back(angles[i].operand < 0 ? 0 : angles[i].scale);
    offsets.constants.push_back(angles[i].offset);
  }
  BatchValue sum = number(0);
  for (const auto& [operand, list] : elements) {
    const bool mapped = std::find(mapped_.begin(), mapped_.end(), operand) != mapped_.end();
    ValueId value = mapped ? gather_mapped(operands[operand], list) : gather_from(operands[operand], list);
    if (!mapped && places_ > 0) value = builder_.reshape(builder_.broadcast(value, {places_, count_}, {1}), {total()});
    sum = add(sum, {{}, value});
  }
  return add(multiply(scales, sum), offsets);
}

ComplexBatch add(BatchMath& math, const ComplexBatch& a, const ComplexBatch& b) {
  return {math.add(a.re, b.re), math.add(a.im, b.im)};
}

ComplexBatch multiply(BatchMath& math, const ComplexBatch& a, const ComplexBatch& b) {
  return {math.add(math.multiply(a.re, b.re), math.negate(math.multiply(a.im, b.im))),
          math.add(math.multiply(a.re, b.im), math.multiply(a.im, b.re))};
}

ComplexBatch conjugate(BatchMath& math, const ComplexBatch& a) { return {a.re, math.negate(a.im)}; }

}  // namespace qiln::passes
