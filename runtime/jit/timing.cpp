#include "runtime/jit/timing.h"

#include <fmt/format.h>

#include <algorithm>
#include <numeric>

namespace qiln::jit {
namespace {

/// Of one block; 0 for nests that are no contractions.
double flops(const kernel::Nest& nest, int lanes) {
  double sum = 0;
  for (const auto& phase : nest.phases) {
    const double factors = static_cast<double>(phase.factors.size());
    sum += factors * static_cast<double>(graph::element_count(phase.extents) * graph::element_count(phase.reduction));
  }
  return sum * (nest.varying ? lanes : 1);
}

}  // namespace

std::string timing_table(const Executable& executable) {
  if (executable.timed_runs() == 0) return "";
  const auto& program = executable.program();
  const auto times = executable.nest_nanoseconds();
  const double total = std::accumulate(times.begin(), times.end(), 0.0);
  std::vector<std::size_t> order(times.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::stable_sort(order.begin(), order.end(), [&](auto a, auto b) { return times[a] > times[b]; });
  std::string text;
  for (std::size_t nest : order) {
    const double run = times[nest] / static_cast<double>(executable.timed_runs());
    text += fmt::format("{:>10.1f} us {:>5.1f} %", run / 1e3, 100 * times[nest] / std::max(total, 1e-9));
    const std::int64_t blocks = program.nests[nest].varying ? executable.blocks() : 1;
    const double work = flops(program.nests[nest], program.lanes) * static_cast<double>(blocks);
    text += work > 0 ? fmt::format(" {:>7.1f} GFLOP/s", work / std::max(run, 1e-9)) : std::string(16, ' ');
    text += fmt::format("  {} {}\n", nest, program.nests[nest].label);
  }
  text += fmt::format("{:>10.1f} us in all\n", total / static_cast<double>(executable.timed_runs()) / 1e3);
  return text;
}

}  // namespace qiln::jit
