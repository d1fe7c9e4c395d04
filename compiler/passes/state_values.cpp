#include "compiler/passes/state_values.h"

#include <algorithm>

namespace qiln::passes {
namespace {

using graph::Shape;
using graph::ValueId;

/// Qubits first .. first + count - 1, which stand together in a list from `position` on.
struct Run {
  std::int32_t first = 0, count = 0;
  int position = 0;  // which run of the list; -1: not in the list
};

std::vector<Run> runs_of(std::span<const std::int32_t> qubits) {
  std::vector<Run> runs;
  for (std::int32_t q : qubits)
    if (!runs.empty() && q == runs.back().first + runs.back().count)
      ++runs.back().count;
    else
      runs.push_back({q, 1, static_cast<int>(runs.size())});
  return runs;
}

/// The runs in order of qubits, with those of the qubits between them.
std::vector<Run> all_runs(std::vector<Run> runs, int n) {
  std::sort(runs.begin(), runs.end(), [](const Run& a, const Run& b) { return a.first < b.first; });
  std::vector<Run> all;
  std::int32_t next = 0;
  for (const Run& run : runs) {
    if (run.first > next) all.push_back({next, run.first - next, -1});
    all.push_back(run);
    next = run.first + run.count;
  }
  if (next < n) all.push_back({next, n - next, -1});
  return all;
}

std::int64_t extent(const Run& run) { return std::int64_t{1} << run.count; }

}  // namespace

ValueId initial_state(graph::Builder& b, ValueId amplitudes, std::span<const std::int32_t> qubits, int n) {
  const Shape from = b.graph().shape(amplitudes);
  const Shape lead(from.begin(), from.end() - 1);
  const auto front = static_cast<int>(lead.size());
  const std::vector<Run> listed = runs_of(qubits), all = all_runs(listed, n);
  Shape split = lead;
  for (const Run& run : listed) split.push_back(extent(run));
  std::vector<int> order;
  for (int axis = 0; axis < front; ++axis) order.push_back(axis);
  for (const Run& run : all)
    if (run.position >= 0) order.push_back(front + run.position);
  const ValueId sorted = b.permute(b.reshape(amplitudes, split), std::move(order));
  Shape thin = lead, whole = lead, state = lead;
  thin.push_back(1);
  whole.push_back(2);
  state.insert(state.end(), {2, std::int64_t{1} << n});
  for (const Run& run : all) {
    thin.push_back(run.position >= 0 ? extent(run) : 1);
    whole.push_back(extent(run));
  }
  const std::vector<std::int64_t> start(whole.size(), 0), step(whole.size(), 1);
  return b.reshape(b.pad(b.reshape(sorted, thin), start, step, whole), state);
}

ValueId probabilities(graph::Builder& b, ValueId state, std::span<const std::int32_t> qubits, int n) {
  const Shape from = b.graph().shape(state);
  Shape lead(from.begin(), from.end() - 2);
  const auto front = static_cast<int>(lead.size());
  const std::vector<Run> listed = runs_of(qubits), all = all_runs(listed, n);
  const ValueId weights = b.reduce_sum(b.multiply(state, state), {front});
  Shape split = lead;
  std::vector<int> traced, order, kept(listed.size());
  for (int axis = 0; axis < front; ++axis) order.push_back(axis);
  int left = front;
  for (const Run& run : all) {
    if (run.position < 0)
      traced.push_back(static_cast<int>(split.size()));
    else
      kept[run.position] = left++;
    split.push_back(extent(run));
  }
  order.insert(order.end(), kept.begin(), kept.end());
  const ValueId marginal = b.permute(b.reduce_sum(b.reshape(weights, split), traced), std::move(order));
  lead.push_back(std::int64_t{1} << qubits.size());
  return b.reshape(marginal, lead);
}

}  // namespace qiln::passes
