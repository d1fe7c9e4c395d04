#include "compiler/passes/bloch_state.h"

#include <algorithm>
#include <bit>
#include <map>

namespace qiln::passes {
namespace {

using graph::Affine;
using graph::ValueId;

/// Index `index` of a space of `count`.
Affine only(std::size_t index, std::size_t count) {
  Affine affine;
  affine.coefficients.assign(count, 0);
  affine.coefficients[index] = 1;
  return affine;
}
Affine fixed(std::int64_t offset, std::size_t count) { return {std::vector<std::int64_t>(count, 0), offset}; }

std::int64_t power(std::int64_t base, int exponent) {
  std::int64_t result = 1;
  for (int k = 0; k < exponent; ++k) result *= base;
  return result;
}

/// The number of a Pauli string.
std::int64_t number_of(std::uint64_t x, std::uint64_t z, int n) {
  std::int64_t number = 0;
  for (int bit = n; bit-- > 0;) {
    const bool has_x = x >> bit & 1, has_z = z >> bit & 1;
    number = 4 * number + (has_x ? (has_z ? 2 : 1) : (has_z ? 3 : 0));
  }
  return number;
}

}  // namespace

BlochState::BlochState(graph::Builder& builder, const circuit::Circuit& circuit, std::span<const ValueId> operands)
    : builder_(builder), qubits_(circuit.qubits) {
  vector_ = circuit.initial ? loaded(*circuit.initial, operands[circuit.initial->operand]) : ground();
}

/// 1 for strings of I and Z.
ValueId BlochState::ground() const {
  std::vector<double> values(power(4, qubits_));
  for (std::size_t s = 0; s < values.size(); ++s) {
    bool only_z = true;
    for (std::size_t rest = s; rest > 0; rest /= 4) only_z &= rest % 4 == 0 || rest % 4 == 3;
    values[s] = only_z;
  }
  const auto count = static_cast<std::int64_t>(values.size());
  return builder_.constant(std::move(values), {count});
}

/// Of real amplitudes a: <P> is the sum over row and column of a_row a_column P(column, row), where P is a product of
/// real matrices but for i^(number of Y), and zero when that number is odd.
ValueId BlochState::loaded(const circuit::InitialState& initial, ValueId amplitudes) {
  const auto k = initial.qubits.size();
  const std::int64_t side = std::int64_t{1} << k;
  const ValueId flat = builder_.reshape(amplitudes, {side});
  graph::ContractAttributes outer{{side, side}, {{only(0, 2)}, {only(1, 2)}}, {only(0, 2), only(1, 2)}};
  ValueId value = builder_.contract(std::move(outer), {flat, flat}, {side, side});
  // Row and column bits of each qubit side by side, then one matrix [4, 2, 2] a qubit.
  std::vector<int> axes;
  for (int q = 0; q < static_cast<int>(k); ++q) axes.insert(axes.end(), {q, q + static_cast<int>(k)});
  value = builder_.permute(builder_.reshape(value, graph::Shape(2 * k, 2)), axes);
  const ValueId pairs = builder_.constant({1, 0, 0, 1, 0, 1, 1, 0, 0, 1, -1, 0, 1, 0, 0, -1}, {4, 4});
  for (std::size_t q = 0; q < k; ++q) {
    const std::int64_t before = power(4, static_cast<int>(q)), after = power(4, static_cast<int>(k - 1 - q));
    graph::ContractAttributes sum;  // indices: before, string, after, pair
    sum.space = {before, 4, after, 4};
    sum.operands = {{only(1, 4), only(3, 4)}, {only(0, 4), only(3, 4), only(2, 4)}};
    sum.output = {only(0, 4), only(1, 4), only(2, 4)};
    value = builder_.contract(std::move(sum), {pairs, builder_.reshape(value, {before, 4, after})}, {before, 4, after});
  }
  std::vector<double> signs(power(4, static_cast<int>(k)));
  for (std::size_t s = 0; s < signs.size(); ++s) {
    int ys = 0;
    for (std::size_t rest = s; rest > 0; rest /= 4) ys += rest % 4 == 2;
    signs[s] = ys % 4 == 0 ? 1 : ys % 4 == 2 ? -1 : 0;
  }
  const auto strings = static_cast<std::int64_t>(signs.size());
  value = builder_.multiply(builder_.reshape(value, {strings}), builder_.constant(std::move(signs), {strings}));
  // The other qubits behind them, then all in their order.
  std::vector<std::int32_t> order = initial.qubits;
  for (std::int32_t q = 0; q < qubits_; ++q)
    if (std::find(order.begin(), order.end(), q) == order.end()) order.push_back(q);
  for (std::size_t q = k; q < order.size(); ++q) {
    const std::int64_t before = graph::element_count(builder_.graph().shape(value));
    graph::ContractAttributes product{{before, 4}, {{only(0, 2)}, {only(1, 2)}}, {only(0, 2), only(1, 2)}};
    const ValueId zero = builder_.constant({1, 0, 0, 1}, {4});
    value = builder_.contract(std::move(product), {builder_.reshape(value, {before}), zero}, {before, 4});
  }
  std::vector<int> back(order.size());
  for (std::size_t q = 0; q < order.size(); ++q) back[order[q]] = static_cast<int>(q);
  value = builder_.permute(builder_.reshape(value, graph::Shape(order.size(), 4)), back);
  return builder_.reshape(value, {power(4, qubits_)});
}

void BlochState::apply(ValueId matrices, std::int64_t number, std::span<const std::int32_t> qubits) {
  std::vector<std::int32_t> sorted(qubits.begin(), qubits.end());
  std::sort(sorted.begin(), sorted.end());
  // Axes: what lies between the qubits, and the qubits.
  graph::Shape shape;
  std::vector<std::size_t> axis_of(qubits.size());
  int done = 0;
  auto between = [&](int until) {
    if (until > done) shape.push_back(power(4, until - done));
    done = until;
  };
  for (std::int32_t q : sorted) {
    between(q);
    axis_of[std::find(qubits.begin(), qubits.end(), q) - qubits.begin()] = shape.size();
    shape.push_back(4);
    ++done;
  }
  between(qubits_);
  graph::ContractAttributes sum;
  sum.space = shape;
  sum.space.resize(shape.size() + qubits.size(), 4);
  const std::size_t indices = sum.space.size();
  graph::AffineMap state, result, matrix{fixed(number, indices)};
  for (std::size_t axis = 0; axis < shape.size(); ++axis) result.push_back(only(axis, indices));
  state = result;
  for (std::size_t k = 0; k < qubits.size(); ++k) {
    matrix.push_back(only(axis_of[k], indices));
    state[axis_of[k]] = only(shape.size() + k, indices);
  }
  for (std::size_t k = 0; k < qubits.size(); ++k) matrix.push_back(only(shape.size() + k, indices));
  sum.operands = {matrix, state};
  sum.output = result;
  graph::Shape digits(1 + 2 * qubits.size(), 4);
  digits[0] = builder_.graph().shape(matrices)[0];
  vector_ =
      builder_.contract(std::move(sum), {builder_.reshape(matrices, digits), builder_.reshape(vector_, shape)}, shape);
  vector_ = builder_.reshape(vector_, {power(4, qubits_)});
}

/// readings[i] = sum of coefficient * <string> over the terms of observable i.
ValueId BlochState::readings(const std::vector<circuit::Observable>& readout) {
  std::map<std::int64_t, std::int64_t> strings;  // by number: where they are gathered
  for (const auto& observable : readout)
    for (const auto& term : observable) strings.emplace(number_of(term.x, term.z, qubits_), 0);
  if (strings.empty()) return builder_.constant(0, {static_cast<std::int64_t>(readout.size())});
  std::vector<ValueId> parts;
  for (auto& [number, place] : strings) {
    place = static_cast<std::int64_t>(parts.size());
    parts.push_back(builder_.slice(vector_, {number}, {1}, {1}));
  }
  const auto outputs = static_cast<std::int64_t>(readout.size()), count = static_cast<std::int64_t>(parts.size());
  std::vector<double> coefficients(outputs * count);
  for (std::int64_t i = 0; i < outputs; ++i)
    for (const auto& term : readout[i])
      coefficients[i * count + strings.at(number_of(term.x, term.z, qubits_))] += term.coefficient;
  graph::ContractAttributes sum{{outputs, count}, {{only(0, 2), only(1, 2)}, {only(1, 2)}}, {only(0, 2)}};
  return builder_.contract(std::move(sum),
                           {builder_.constant(std::move(coefficients), {outputs, count}), builder_.concat(parts)},
                           {outputs});
}

/// 1 / 2^k times the sum over strings of Z on the qubits of +-<string>, a sign for each Z where the bit is 1.
ValueId BlochState::probabilities(std::span<const std::int32_t> qubits) {
  const std::size_t k = qubits.size();
  graph::Shape kept(qubits_, 1);
  for (std::int32_t q : qubits) kept[q] = 2;
  const std::vector<std::int64_t> start(qubits_, 0), step(qubits_, 3);
  const ValueId all = builder_.reshape(vector_, graph::Shape(qubits_, 4));
  const ValueId strings = builder_.slice(all, start, step, kept);
  graph::ContractAttributes sum;  // indices: bits, then strings
  sum.space = graph::Shape(2 * k, 2);
  graph::AffineMap from(qubits_, fixed(0, 2 * k)), signs;
  for (std::size_t q = 0; q < k; ++q) from[qubits[q]] = only(k + q, 2 * k);
  for (std::size_t i = 0; i < 2 * k; ++i) signs.push_back(only(i, 2 * k));
  sum.operands = {signs, from};
  sum.output.assign(signs.begin(), signs.begin() + static_cast<std::ptrdiff_t>(k));
  const std::size_t side = std::size_t{1} << k;
  std::vector<double> values(side * side);
  for (std::size_t b = 0; b < side; ++b)
    for (std::size_t s = 0; s < side; ++s)
      values[b * side + s] = (std::popcount(b & s) % 2 ? -1.0 : 1.0) / static_cast<double>(side);
  const ValueId matrix = builder_.constant(std::move(values), graph::Shape(2 * k, 2));
  return builder_.reshape(builder_.contract(std::move(sum), {matrix, strings}, graph::Shape(k, 2)),
                          {static_cast<std::int64_t>(side)});
}

ValueId BlochState::results(const circuit::Circuit& circuit) {
  std::vector<ValueId> parts;
  if (!circuit.readout.empty()) parts.push_back(readings(circuit.readout));
  for (const auto& list : circuit.probabilities) parts.push_back(probabilities(list));
  return builder_.concat(std::move(parts));
}

}  // namespace qiln::passes
