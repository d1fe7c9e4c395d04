#include "compiler/kernel/gather.h"

#include <algorithm>
#include <cassert>
#include <cstdlib>
#include <numeric>
#include <optional>

#include "dsl/error.h"

namespace qiln::kernel {
namespace {

using graph::Affine;
using graph::ContractAttributes;

/// How one output axis is solved for one index of the space (its pivot): pivot = (coordinate - rest) / coefficient.
struct AxisPlan {
  int axis = 0;
  int pivot = -1;                // -1: the axis is a constraint between coordinates
  std::int64_t coefficient = 1;  // of the pivot
  int split = -1;                // the free index whose residue follows from the coordinate's, or -1
};

std::int64_t modulo(std::int64_t a, std::int64_t m) { return ((a % m) + m) % m; }

int index_count(const Affine& e) {
  return static_cast<int>(std::count_if(e.coefficients.begin(), e.coefficients.end(), [](auto c) { return c != 0; }));
}

/// Chooses pivots: axes with the fewest indices first, in each the index of largest extent that no other axis needs.
class Planner {
 public:
  explicit Planner(const ContractAttributes& contract)
      : contract_(contract), pivot_(contract.space.size()), used_(contract.space.size()) {}

  std::vector<AxisPlan> plan() {
    std::vector<int> order(contract_.output.size());
    std::iota(order.begin(), order.end(), 0);
    std::stable_sort(order.begin(), order.end(),
                     [&](int a, int b) { return index_count(contract_.output[a]) < index_count(contract_.output[b]); });
    std::vector<AxisPlan> plans;
    for (int axis : order) plans.push_back(choose(axis));
    return plans;
  }

 private:
  AxisPlan choose(int axis) {
    const Affine& e = contract_.output[axis];
    std::optional<AxisPlan> best;
    for (int k = 0; k < static_cast<int>(e.coefficients.size()); ++k) {
      if (e.coefficients[k] == 0 || pivot_[k] || used_[k]) continue;
      auto plan = with_pivot(axis, k);
      if (plan && (!best || contract_.space[k] > contract_.space[best->pivot])) best = plan;
    }
    if (!best) best = AxisPlan{axis};
    if (best->pivot >= 0) pivot_[best->pivot] = true;
    for (int k = 0; k < static_cast<int>(e.coefficients.size()); ++k)
      if (e.coefficients[k] != 0 && k != best->pivot) used_[k] = true;
    if (best->split >= 0) split_.push_back(best->split);
    return *best;
  }

  /// At most one free index may have a residue of its own; else another pivot must serve.
  std::optional<AxisPlan> with_pivot(int axis, int pivot) const {
    const Affine& e = contract_.output[axis];
    AxisPlan plan{axis, pivot, e.coefficients[pivot], -1};
    for (int k = 0; k < static_cast<int>(e.coefficients.size()); ++k) {
      if (k == pivot || e.coefficients[k] % plan.coefficient == 0) continue;
      bool taken = pivot_[k] || std::find(split_.begin(), split_.end(), k) != split_.end();
      if (plan.split >= 0 || taken) return std::nullopt;
      plan.split = k;
    }
    return plan;
  }

  const ContractAttributes& contract_;
  std::vector<bool> pivot_, used_;
  std::vector<int> split_;
};

class Gatherer {
 public:
  Gatherer(const ContractAttributes& contract, const std::vector<Placement>& operands, const graph::Shape& result)
      : contract_(contract), operands_(operands), result_(result), plans_(Planner(contract).plan()) {}

  std::vector<Phase> run() {
    std::vector<std::int64_t> residue(result_.size(), 0);
    phases_from(0, residue);
    return std::move(phases_);
  }

 private:
  std::int64_t modulus(const AxisPlan& plan) const { return plan.pivot < 0 ? 1 : std::abs(plan.coefficient); }

  void phases_from(std::size_t position, std::vector<std::int64_t>& residue) {
    if (position == plans_.size()) {
      make_phase(residue);
      return;
    }
    const AxisPlan& plan = plans_[position];
    std::int64_t count = std::min(modulus(plan), std::max<std::int64_t>(result_[plan.axis], 1));
    for (std::int64_t r = 0; r < count; ++r) {
      residue[plan.axis] = r;
      phases_from(position + 1, residue);
    }
    residue[plan.axis] = 0;
  }

  void make_phase(const std::vector<std::int64_t>& residue) {
    Phase phase;
    phase.start = residue;
    phase.step.assign(result_.size(), 1);
    for (const auto& plan : plans_) phase.step[plan.axis] = modulus(plan);
    for (std::size_t a = 0; a < result_.size(); ++a)
      phase.extents.push_back((result_[a] - phase.start[a] + phase.step[a] - 1) / phase.step[a]);

    std::vector<std::int64_t> first(contract_.space.size(), 0), stride(contract_.space.size(), 1);
    bool reached = solve_residues(residue, first, stride);
    // New variables: the lattice coordinates, then the indices that are no pivot.
    std::vector<int> variable(contract_.space.size(), -1);
    std::vector<bool> pivot(contract_.space.size(), false);
    for (const auto& plan : plans_)
      if (plan.pivot >= 0) pivot[plan.pivot] = true;
    for (std::size_t k = 0; k < contract_.space.size(); ++k) {
      if (pivot[k]) continue;
      variable[k] = static_cast<int>(result_.size() + phase.reduction.size());
      std::int64_t extent = (contract_.space[k] - first[k] + stride[k] - 1) / stride[k];
      phase.reduction.push_back(reached ? std::max<std::int64_t>(extent, 0) : 0);
    }
    ranges_ = phase.extents;
    ranges_.insert(ranges_.end(), phase.reduction.begin(), phase.reduction.end());
    if (!reached && phase.reduction.empty()) phase.reduction.push_back(0), ranges_.push_back(0);

    std::vector<Affine> index(contract_.space.size());
    for (std::size_t k = 0; k < contract_.space.size(); ++k)
      if (!pivot[k]) index[k] = variable_affine(variable[k], stride[k], first[k]);
    guards_.clear();
    for (const auto& plan : plans_) solve_axis(plan, phase, index);
    for (std::size_t o = 0; o < operands_.size(); ++o) phase.factors.push_back(factor(o, index));
    if (!phase.factors.empty())  // constraints that no operand states hang on the first
      for (const auto& g : guards_)
        if (!stated(phase, g)) phase.factors[0].guards.push_back(g);
    phases_.push_back(std::move(phase));
  }

  /// The residues that the split indices must have; false where none fits.
  bool solve_residues(const std::vector<std::int64_t>& residue, std::vector<std::int64_t>& first,
                      std::vector<std::int64_t>& stride) const {
    for (const auto& plan : plans_) {
      std::int64_t m = modulus(plan);
      if (m == 1) continue;
      std::int64_t wanted = modulo(residue[plan.axis] - contract_.output[plan.axis].offset, m);
      if (plan.split < 0) {
        if (wanted != 0) return false;
        continue;
      }
      std::int64_t c = contract_.output[plan.axis].coefficients[plan.split];
      std::int64_t period = m / std::gcd(m, std::abs(c));
      std::int64_t u = 0;
      while (u < period && modulo(c * u, m) != wanted) ++u;
      if (u == period || u >= contract_.space[plan.split]) return false;
      first[plan.split] = u;
      stride[plan.split] = period;
    }
    return true;
  }

  Affine variable_affine(int variable, std::int64_t coefficient, std::int64_t offset) const {
    Affine e{std::vector<std::int64_t>(ranges_.size(), 0), offset};
    e.coefficients[variable] = coefficient;
    return e;
  }

  static void add_scaled(Affine& to, const Affine& e, std::int64_t factor) {
    for (std::size_t v = 0; v < e.coefficients.size(); ++v) to.coefficients[v] += factor * e.coefficients[v];
    to.offset += factor * e.offset;
  }

  Affine substituted(const Affine& e, const std::vector<Affine>& index, int without = -1) const {
    Affine sum{std::vector<std::int64_t>(ranges_.size(), 0), e.offset};
    for (int k = 0; k < static_cast<int>(e.coefficients.size()); ++k)
      if (k != without && e.coefficients[k] != 0) add_scaled(sum, index[k], e.coefficients[k]);
    return sum;
  }

  void solve_axis(const AxisPlan& plan, const Phase& phase, std::vector<Affine>& index) {
    Affine coordinate = variable_affine(plan.axis, phase.step[plan.axis], phase.start[plan.axis]);
    add_scaled(coordinate, substituted(contract_.output[plan.axis], index, plan.pivot), -1);
    if (plan.pivot < 0) {
      add_guard(guards_, coordinate, 1);
      return;
    }
    for (auto& c : coordinate.coefficients) c /= plan.coefficient;  // exact: the residues have been solved
    coordinate.offset /= plan.coefficient;
    index[plan.pivot] = coordinate;
    add_guard(guards_, coordinate, contract_.space[plan.pivot]);
  }

  /// Adds 0 <= e < extent unless it always holds.
  void add_guard(std::vector<Guard>& guards, const Affine& e, std::int64_t extent) const {
    std::int64_t low = e.offset, high = e.offset;
    for (std::size_t v = 0; v < ranges_.size(); ++v) {
      std::int64_t reach = e.coefficients[v] * std::max<std::int64_t>(ranges_[v] - 1, 0);
      (reach < 0 ? low : high) += reach;
    }
    if (low >= 0 && high < extent) return;
    Guard guard{e.coefficients, e.offset, extent};
    if (std::find(guards.begin(), guards.end(), guard) == guards.end()) guards.push_back(guard);
  }

  Access factor(std::size_t operand, const std::vector<Affine>& index) const {
    const Placement& place = operands_[operand];
    Access access{place.argument, std::vector<std::int64_t>(ranges_.size(), 0), place.offset, {}};
    for (std::size_t axis = 0; axis < place.shape.size(); ++axis) {
      Affine e = substituted(contract_.operands[operand][axis], index);
      for (std::size_t v = 0; v < ranges_.size(); ++v) access.strides[v] += place.strides[axis] * e.coefficients[v];
      access.offset += place.strides[axis] * e.offset;
      add_guard(access.guards, e, place.shape[axis]);
    }
    return access;
  }

  static bool stated(const Phase& phase, const Guard& guard) {
    for (const auto& f : phase.factors)
      if (std::find(f.guards.begin(), f.guards.end(), guard) != f.guards.end()) return true;
    return false;
  }

  const ContractAttributes& contract_;
  const std::vector<Placement>& operands_;
  const graph::Shape& result_;
  std::vector<AxisPlan> plans_;
  std::vector<std::int64_t> ranges_;  // extents of the new variables
  std::vector<Guard> guards_;
  std::vector<Phase> phases_;
};

}  // namespace

std::vector<Phase> gather_phases(const ContractAttributes& contract, const std::vector<Placement>& operands,
                                 const graph::Shape& result) {
  assert(contract.operands.size() == operands.size() && contract.output.size() == result.size());
  return Gatherer(contract, operands, result).run();
}

}  // namespace qiln::kernel
