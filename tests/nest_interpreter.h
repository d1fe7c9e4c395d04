// Runs nests by what kernel.h says they mean, one point and one lane at a time, in double: an oracle for the schedule
// and the executor that needs no code generation.
#pragma once

#include <cassert>
#include <cmath>
#include <functional>
#include <limits>
#include <vector>

#include "compiler/graph/evaluate.h"
#include "compiler/kernel/abi.h"
#include "compiler/kernel/kernel.h"
#include "runtime/random/philox.h"
#include "runtime/reference/circuits.h"

namespace qiln::testing {

class NestInterpreter {
 public:
  NestInterpreter(const kernel::Nest& nest, int lanes, float* const* arguments, const qiln_block* block)
      : nest_(nest), lanes_(nest.varying ? lanes : 1), width_(lanes), arguments_(arguments), block_(block) {}

  /// One tile a point; a circuit is one tile.
  static std::int64_t tiles(const kernel::Nest& nest) {
    using Kind = kernel::Nest::Kind;
    if (nest.kind == Kind::pointwise || nest.kind == Kind::reduce) return graph::element_count(nest.space);
    if (nest.kind != Kind::contract) return 1;
    std::int64_t count = 0;
    for (const auto& phase : nest.phases) count += graph::element_count(phase.extents);
    return count;
  }

  void run(std::int64_t begin, std::int64_t end) {
    using Kind = kernel::Nest::Kind;
    switch (nest_.kind) {
      case Kind::pointwise:
        for (std::int64_t t = begin; t < end; ++t) finish(point(t, nest_.space), std::vector<double>(lanes_, 0));
        return;
      case Kind::reduce:
        for (std::int64_t t = begin; t < end; ++t) reduce(point(t, nest_.space));
        return;
      case Kind::contract:
        contract(begin, end);
        return;
      default:
        if (begin < end) circuit();
    }
  }

 private:
  using Point = std::vector<std::int64_t>;

  static Point point(std::int64_t flat, const std::vector<std::int64_t>& extents) {
    Point at(extents.size());
    for (std::size_t a = extents.size(); a-- > 0;) {
      at[a] = flat % extents[a];
      flat /= extents[a];
    }
    return at;
  }

  static std::int64_t dot(const std::vector<std::int64_t>& strides, const Point& at) {
    assert(strides.size() == at.size());
    std::int64_t sum = 0;
    for (std::size_t k = 0; k < at.size(); ++k) sum += strides[k] * at[k];
    return sum;
  }

  static bool in_bounds(const kernel::Access& access, const Point& at) { return in_bounds(access.guards, at); }
  static bool in_bounds(const std::vector<kernel::Guard>& guards, const Point& at) {
    for (const auto& guard : guards) {
      const std::int64_t x = guard.offset + dot(guard.coefficients, at);
      if (x < 0 || x >= guard.extent) return false;
    }
    return true;
  }

  float* element(const kernel::Access& access, const Point& at, int lane) const {
    const std::int64_t index = access.offset + dot(access.strides, at);
    const bool varying = nest_.arguments[access.argument].varying;
    return arguments_[access.argument] + (varying ? index * width_ + lane : index);
  }

  double load(const kernel::Access& access, const Point& at, int lane) const {
    return in_bounds(access, at) ? *element(access, at, lane) : 0.0;
  }

  static double apply(Primitive op, double a, double b, double c) {
    const double operands[] = {a, b, c};
    return graph::evaluate(op, std::span(operands, static_cast<std::size_t>(primitive(op).arity)));
  }

  double random(const kernel::Instruction& i, const Point& at, int lane) const {
    const random::Stream stream{block_->seed, block_->step, block_->first_sample + static_cast<std::uint32_t>(lane),
                                random::site_hash(i.random.site)};
    const auto index = static_cast<std::uint64_t>(i.access.offset + dot(i.access.strides, at));
    switch (i.random.distribution) {
      case graph::Distribution::uniform:
        return stream.uniform<float>(index);
      case graph::Distribution::normal:
        return stream.normal<float>(index);
      case graph::Distribution::integer:
        return stream.integer<float>(index, static_cast<std::uint32_t>(i.random.bound));
    }
    return 0;
  }

  std::vector<double> evaluate(const kernel::Expression& expression, const Point& at, int lane,
                               double accumulator) const {
    using Kind = kernel::Instruction::Kind;
    std::vector<double> values;
    for (const auto& i : expression) {
      const auto operand = [&](int k) { return i.operands[k] < 0 ? 0.0 : values.at(i.operands[k]); };
      switch (i.kind) {
        case Kind::load:
          values.push_back(load(i.access, at, lane));
          break;
        case Kind::constant:
          values.push_back(i.value);
          break;
        case Kind::random:
          values.push_back(random(i, at, lane));
          break;
        case Kind::accumulator:
          values.push_back(accumulator);
          break;
        case Kind::compute:
          values.push_back(apply(i.op, operand(0), operand(1), operand(2)));
          break;
      }
    }
    return values;
  }

  void finish(const Point& at, const std::vector<double>& accumulators) {
    std::vector<std::vector<double>> values;
    for (int lane = 0; lane < lanes_; ++lane) values.push_back(evaluate(nest_.epilogue, at, lane, accumulators[lane]));
    for (const auto& store : nest_.stores) {
      if (!store.batch_sum) {
        for (int lane = 0; lane < lanes_; ++lane)
          *element(store.access, at, lane) = static_cast<float>(values[lane][store.value]);
        continue;
      }
      double sum = 0;
      for (int lane = 0; lane < lanes_; ++lane)
        if (block_->mask[lane] != 0) sum += values[lane][store.value];
      *element(store.access, at, 0) += static_cast<float>(sum);
    }
  }

  void reduce(const Point& at) {
    const bool largest = nest_.combiner == Primitive::reduce_max;
    std::vector<double> result(lanes_, largest ? -std::numeric_limits<double>::infinity() : 0.0);
    for (std::int64_t r = 0; r < graph::element_count(nest_.reduction); ++r) {
      Point all = at;
      const Point inner = point(r, nest_.reduction);
      all.insert(all.end(), inner.begin(), inner.end());
      if (!in_bounds(nest_.guards, all)) continue;
      for (int lane = 0; lane < lanes_; ++lane) {
        const double value = evaluate(nest_.prologue, all, lane, 0).back();
        result[lane] = largest ? std::max(result[lane], value) : result[lane] + value;
      }
    }
    finish(at, result);
  }

  void contract(std::int64_t begin, std::int64_t end) {
    std::int64_t first = 0;
    for (const auto& phase : nest_.phases) {
      const std::int64_t count = graph::element_count(phase.extents);
      for (std::int64_t t = std::max(begin, first); t < std::min(end, first + count); ++t)
        contract_point(phase, point(t - first, phase.extents));
      first += count;
    }
  }

  void contract_point(const kernel::Phase& phase, const Point& j) {
    std::vector<double> sums(lanes_, 0);
    for (std::int64_t r = 0; r < graph::element_count(phase.reduction); ++r) {
      Point all = j;
      const Point k = point(r, phase.reduction);
      all.insert(all.end(), k.begin(), k.end());
      bool inside = true;
      for (const auto& factor : phase.factors) inside = inside && in_bounds(factor, all);
      if (!inside) continue;
      for (int lane = 0; lane < lanes_; ++lane) {
        double product = 1;
        for (const auto& factor : phase.factors) product *= *element(factor, all, lane);
        sums[lane] += product;
      }
    }
    Point at(j.size());
    for (std::size_t a = 0; a < j.size(); ++a) at[a] = phase.start[a] + phase.step[a] * j[a];
    finish(at, sums);
  }

  /// A circuit's argument as the reference wants it: a row a lane.
  reference::Value<double> rows(int argument, std::int64_t elements) const {
    auto value = reference::zeros<double>(lanes_, {elements});
    const bool varying = nest_.arguments[argument].varying;
    for (std::int64_t e = 0; e < elements; ++e)
      for (int lane = 0; lane < lanes_; ++lane)
        value.value(lane, e) = arguments_[argument][varying ? e * width_ + lane : e];
    return value;
  }

  void circuit() {
    using Kind = kernel::Nest::Kind;
    const auto& program = nest_.program;
    const int result = static_cast<int>(nest_.arguments.size()) - nest_.scratch - 1;
    const bool adjoint = nest_.kind == Kind::apply_blocks_adjoint;
    const std::int64_t state = std::int64_t{2} << program.qubits;
    std::vector<reference::Value<double>> operands;
    if (nest_.kind == Kind::phase_tables) return;  // blocks are interpreted from their angles
    if (nest_.kind == Kind::apply_blocks || adjoint) {
      for (int k = 0; k < result; ++k) operands.push_back(rows(k, nest_.operand_elements[k]));
    } else {
      operands.push_back(rows(0, state));
      if (nest_.kind == Kind::expval_adjoint)
        operands.push_back(rows(1, static_cast<std::int64_t>(program.readout.size())));
    }
    std::vector<const reference::Value<double>*> pointers;
    for (const auto& operand : operands) pointers.push_back(&operand);
    write(result, simulate(pointers));
  }

  reference::Value<double> simulate(const std::vector<const reference::Value<double>*>& x) const {
    using Kind = kernel::Nest::Kind;
    switch (nest_.kind) {
      case Kind::apply_blocks:
        return reference::apply_blocks<double>(nest_.program, x, lanes_);
      case Kind::apply_blocks_adjoint:
        return reference::apply_blocks_adjoint<double>(nest_.program, x, lanes_);
      case Kind::expval:
        return reference::expval<double>(nest_.program, *x[0]);
      default:
        return reference::expval_adjoint<double>(nest_.program, *x[0], *x[1], lanes_);
    }
  }

  void write(int argument, const reference::Value<double>& value) const {
    const bool varying = nest_.arguments[argument].varying;
    for (std::int64_t e = 0; e < value.value.cols(); ++e)
      for (int lane = 0; lane < lanes_; ++lane) {
        const auto row = value.value.rows() == 1 ? 0 : lane;
        arguments_[argument][varying ? e * width_ + lane : e] = static_cast<float>(value.value(row, e));
      }
  }

  const kernel::Nest& nest_;
  int lanes_, width_;
  float* const* arguments_;
  const qiln_block* block_;
};

}  // namespace qiln::testing
