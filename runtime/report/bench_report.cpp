#include "runtime/report/bench_report.h"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <numeric>

#include "runtime/report/units.h"

namespace qiln::report {
namespace {

/// Of one thread: kernels' seconds are summed over threads.
double flop_rate(const jit::MachineRates& machine) { return machine.flops / machine.threads; }
double byte_rate(const jit::MachineRates& machine) { return machine.bytes / machine.threads; }

constexpr std::size_t most_lines = 40;

struct Sums {
  double seconds = 0, flops = 0, bytes = 0, stated_flops = 0;
};

double stated_flops(const BenchKernel& kernel) { return kernel.stated_flops > 0 ? kernel.stated_flops : kernel.flops; }

template <typename Predicate>
Sums sums(const Bench& bench, Predicate wanted) {
  Sums result;
  for (const BenchKernel& kernel : bench.kernels) {
    if (!kernel.every_step || !wanted(kernel)) continue;
    result.seconds += kernel.seconds;
    result.flops += kernel.flops;
    result.bytes += kernel.bytes;
    result.stated_flops += stated_flops(kernel);
  }
  return result;
}

/// What share of the multiply-add peak so many flops in these seconds are, or 0.
double of_peak(double flops, double seconds, const jit::MachineRates& machine) {
  return seconds > 0 ? flops / seconds / flop_rate(machine) : 0;
}

std::string direction(const BenchKernel& kernel) {
  return kernel.program == "update" ? "update" : kernel.gradient ? "backward" : "forward";
}

std::string head(const Bench& bench) {
  const auto total = sums(bench, [](const BenchKernel&) { return true; });
  const auto& m = bench.machine;
  std::string text = bench.title + "\n";
  text +=
      fmt::format("  {:<9} {} lanes, {} thread{}; {}, {} (measured, all threads together)\n", "machine", bench.lanes,
                  m.threads, m.threads == 1 ? "" : "s", scaled(m.flops, "flop/s"), scaled(m.bytes, "B/s"));
  text +=
      fmt::format("  {:<9} {}, median of {} ({} to {}): {:.3g} samples/s, {}\n", "step", duration_text(bench.median),
                  bench.steps, duration_text(bench.fastest), duration_text(bench.slowest),
                  static_cast<double>(bench.batch) / bench.median, scaled(total.flops / bench.median, "flop/s"));
  std::string phases;
  double ready = 0;
  for (const BenchPhase& phase : bench.phases) {
    phases += fmt::format("{}{} {}", phases.empty() ? "" : ", ", phase.name, duration_text(phase.seconds));
    ready += phase.seconds;
  }
  text += fmt::format("  {:<9} {}: {}\n", "compile", duration_text(ready), phases);
  text += fmt::format("  {:<9} {} kernels compiled, {} from the cache, {} shared\n", "", bench.kernels_made.compiled,
                      bench.kernels_made.loaded, bench.kernels_made.shared);
  text += fmt::format("  {:<9} {} at its peak, compiler included", "memory",
                      scaled(static_cast<double>(bench.peak_bytes), "B"));
  std::string program;
  for (const BenchMemory& memory : bench.memory) {
    if (memory.program != program)
      text += fmt::format("\n  {:<9} {}:", "", program = memory.program);
    else
      text += ",";
    text += fmt::format(" {} {}", memory.kind, scaled(static_cast<double>(memory.bytes), "B"));
  }
  return text + "\n";
}

/// The parts of a step that have a line of their own.
std::vector<std::pair<std::string, Sums>> parts(const Bench& bench) {
  std::vector<std::pair<std::string, Sums>> parts;
  auto add = [&](const char* name, const Sums& part) {
    if (part.seconds > 0) parts.emplace_back(name, part);
  };
  for (const char* name : {"forward", "backward", "update"})
    add(name, sums(bench, [&](const BenchKernel& kernel) { return direction(kernel) == name; }));
  add("contract", sums(bench, [](const BenchKernel& kernel) { return kernel.kind == "contract"; }));
  return parts;
}

/// What the model states where less was done.
std::string fewer(const Sums& part) {
  if (part.stated_flops < 1.005 * part.flops) return "";
  return fmt::format(", in place of {} as stated", scaled(part.stated_flops, "flop"));
}

std::string shares(const Bench& bench) {
  const auto total = sums(bench, [](const BenchKernel&) { return true; });
  std::string text;
  for (const auto& [name, part] : parts(bench))
    text += fmt::format("  {:<9} {:>5.1f} % of the time, {} at {:.0f} % of the multiply-add peak{}\n", name,
                        100 * part.seconds / total.seconds, scaled(part.flops, "flop"),
                        100 * of_peak(part.flops, part.seconds, bench.machine), fewer(part));
  return text;
}

std::string line(const BenchKernel& kernel, const Bench& bench, double total) {
  std::string text = fmt::format("  {:>9} {:>5.1f} %", duration_text(kernel.seconds), 100 * kernel.seconds / total);
  const double seconds = std::max(kernel.seconds, 1e-12);
  text += fmt::format(" {:>8.1f} {:>4.0f} % {:>7.1f} {:>4.0f} % {:<10}", kernel.flops / seconds / 1e9,
                      100 * kernel.flops / seconds / flop_rate(bench.machine), kernel.bytes / seconds / 1e9,
                      100 * of_roofline(kernel, bench.machine),
                      memory_bound(kernel, bench.machine) ? "memory" : "arithmetic");
  return text + fmt::format(" {:<8} {}{}{}\n", direction(kernel), kernel.label, kernel.place.empty() ? "" : "  ",
                            kernel.place);
}

/// What is computed in the first step alone: one line, or a line each.
std::string first_step(const Bench& bench, bool all) {
  std::string text;
  double seconds = 0;
  int count = 0;
  for (const BenchKernel& kernel : bench.kernels) {
    if (kernel.every_step) continue;
    seconds += kernel.seconds;
    ++count;
    text += fmt::format("  {:>9} {:<8} {}{}{}\n", duration_text(kernel.seconds), direction(kernel), kernel.label,
                        kernel.place.empty() ? "" : "  ", kernel.place);
  }
  if (count == 0) return "";
  return fmt::format("  {:>9} in the first step alone by {} of weights and constants{}\n", duration_text(seconds),
                     count, all ? ":" : "; --all shows them") +
         (all ? text : "");
}

}  // namespace

double of_roofline(const BenchKernel& kernel, const jit::MachineRates& machine) {
  const double least = std::max(kernel.flops / flop_rate(machine), kernel.bytes / byte_rate(machine));
  return kernel.seconds > 0 ? least / kernel.seconds : 0;
}

bool memory_bound(const BenchKernel& kernel, const jit::MachineRates& machine) {
  return kernel.bytes / byte_rate(machine) > kernel.flops / flop_rate(machine);
}

std::string bench_table(const Bench& bench, bool all) {
  std::vector<const BenchKernel*> order;
  for (const BenchKernel& kernel : bench.kernels)
    if (kernel.every_step) order.push_back(&kernel);
  std::stable_sort(order.begin(), order.end(),
                   [](const BenchKernel* a, const BenchKernel* b) { return a->seconds > b->seconds; });
  double total = 0;
  for (const BenchKernel* kernel : order) total += kernel->seconds;
  std::string text = head(bench) + "\n" + shares(bench) + "\n";
  text += fmt::format("  {:>9} {:>7} {:>8} {:>6} {:>7} {:>6} {:<10} {}\n", "time", "share", "GFLOP/s", "peak", "GB/s",
                      "roof", "bound by", "kernel (times summed over threads; +n: n values more)");
  double left = total;
  for (std::size_t k = 0; k < order.size(); ++k) {
    if (!all && (left < 0.01 * total || k == most_lines)) {
      text += fmt::format("  {:>9} {:>5.1f} % by {} more; --all shows them\n", duration_text(left), 100 * left / total,
                          order.size() - k);
      break;
    }
    text += line(*order[k], bench, total);
    left -= order[k]->seconds;
  }
  return text + first_step(bench, all);
}

std::string bench_json(const Bench& bench) {
  nlohmann::ordered_json json;
  json["title"] = bench.title;
  json["batch"] = bench.batch;
  json["lanes"] = bench.lanes;
  json["machine"] = {{"threads", bench.machine.threads},
                     {"flops_per_second", bench.machine.flops},
                     {"bytes_per_second", bench.machine.bytes}};
  const auto total = sums(bench, [](const BenchKernel&) { return true; });
  json["step"] = {{"median_seconds", bench.median},
                  {"fastest_seconds", bench.fastest},
                  {"slowest_seconds", bench.slowest},
                  {"steps", bench.steps},
                  {"flops", total.flops},
                  {"stated_flops", total.stated_flops}};
  for (const auto& [name, part] : parts(bench))
    json["parts"][name] = {{"thread_seconds", part.seconds},
                           {"flops", part.flops},
                           {"stated_flops", part.stated_flops},
                           {"of_peak", of_peak(part.flops, part.seconds, bench.machine)},
                           {"stated_of_peak", of_peak(part.stated_flops, part.seconds, bench.machine)}};
  for (const BenchPhase& phase : bench.phases) json["compile_seconds"][phase.name] = phase.seconds;
  json["kernels_made"] = {{"compiled", bench.kernels_made.compiled},
                          {"loaded", bench.kernels_made.loaded},
                          {"shared", bench.kernels_made.shared}};
  json["peak_bytes"] = bench.peak_bytes;
  for (const BenchMemory& memory : bench.memory) json["memory_bytes"][memory.program][memory.kind] = memory.bytes;
  json["kernels"] = nlohmann::ordered_json::array();
  for (const BenchKernel& kernel : bench.kernels)
    json["kernels"].push_back({{"program", kernel.program},
                               {"kind", kernel.kind},
                               {"label", kernel.label},
                               {"source", kernel.place},
                               {"direction", direction(kernel)},
                               {"every_step", kernel.every_step},
                               {"thread_seconds", kernel.seconds},
                               {"flops", kernel.flops},
                               {"stated_flops", stated_flops(kernel)},
                               {"bytes", kernel.bytes},
                               {"roofline", of_roofline(kernel, bench.machine)},
                               {"bound_by", memory_bound(kernel, bench.machine) ? "memory" : "arithmetic"}});
  return json.dump(2) + "\n";
}

}  // namespace qiln::report
