#include "compiler/passes/batch_value.h"

#include <algorithm>
#include <cassert>
#include <cmath>
#include <map>
#include <optional>

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

/// A box of a tensor: extents of the tensor, start and extents of the box.
struct Box {
  std::vector<std::int64_t> extents, start, count;
  std::int64_t size = 1;
};

/// From the first of some elements, that many steps of each size, the smallest first, as a box of `total` elements
/// under some shape; nothing where the steps are not multiples of each other or the box leaves the shape.
std::optional<Box> box_of(std::int64_t first, std::span<const std::int64_t> steps, std::span<const std::int64_t> counts,
                          std::int64_t total) {
  Box box;
  for (std::size_t k = 0; k <= steps.size(); ++k) {
    const std::int64_t here = k == 0 ? 1 : steps[k - 1], above = k < steps.size() ? steps[k] : total;
    if (above % here != 0) return std::nullopt;
    box.extents.insert(box.extents.begin(), above / here);
    box.start.insert(box.start.begin(), first % above / here);
    box.count.insert(box.count.begin(), k == 0 ? 1 : counts[k - 1]);
    if (box.start[0] + box.count[0] > box.extents[0]) return std::nullopt;
    box.size *= box.count[0];
  }
  return box;
}

/// The longest box that elements begin with: weights of layers of gates lie in steps within steps.
Box first_box(std::span<const std::int64_t> elements, std::int64_t total) {
  std::vector<std::int64_t> steps, counts;
  Box best = *box_of(elements[0], {}, {}, total);
  for (;;) {
    const auto length = static_cast<std::size_t>(best.size);
    if (length >= elements.size()) return best;
    const std::int64_t step = elements[length] - elements[0];
    std::size_t same = length;  // elements that repeat those `length` before them, a step further
    while (same < elements.size() && elements[same] - elements[same - length] == step) ++same;
    if (step <= 0 || same < 2 * length) return best;
    steps.push_back(step);
    counts.push_back(static_cast<std::int64_t>(same / length));
    const auto longer = box_of(elements[0], steps, counts, total);
    if (!longer) return best;
    best = *longer;
  }
}

/// Elements as boxes one after the other; nothing if there would be too many.
std::vector<Box> boxes_of(std::span<const std::int64_t> elements, std::int64_t total) {
  constexpr std::size_t most = 24;
  std::vector<Box> boxes;
  if (std::any_of(elements.begin(), elements.end(), [](std::int64_t e) { return e < 0; })) return boxes;
  while (!elements.empty()) {
    if (boxes.size() == most) return {};
    boxes.push_back(first_box(elements, total));
    elements = elements.subspan(static_cast<std::size_t>(boxes.back().size));
  }
  return boxes;
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
  if (elements[0] >= 0 &&
      std::all_of(elements.begin(), elements.end(), [&](std::int64_t e) { return e == elements[0]; })) {
    const ValueId one = builder_.slice(flat, {elements[0]}, {1}, {1});
    return builder_.broadcast(builder_.reshape(one, {}), {count_}, {});
  }
  if (const std::vector<Box> boxes = boxes_of(elements, total); !boxes.empty()) {
    std::vector<ValueId> parts;
    for (const Box& box : boxes) {
      const std::vector<std::int64_t> step(box.start.size(), 1);
      const ValueId part = builder_.slice(builder_.reshape(flat, box.extents), box.start, step, box.count);
      parts.push_back(builder_.reshape(part, {box.size}));
    }
    return builder_.concat(std::move(parts));
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
