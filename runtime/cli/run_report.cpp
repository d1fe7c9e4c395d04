#include "runtime/cli/run_report.h"

#include <fmt/format.h>

#include <algorithm>
#include <fstream>
#include <nlohmann/json.hpp>
#include <set>

#include "compiler/findings.h"
#include "runtime/cli/circuit_drawings.h"
#include "runtime/cli/model_file.h"
#include "runtime/files.h"
#include "runtime/report/html_report.h"
#include "runtime/report/network_drawing.h"
#include "runtime/report/progress.h"
#include "runtime/report/units.h"
#include "runtime/train/run_folder.h"

namespace qiln::cli {
namespace {

using nlohmann::json;
namespace fs = std::filesystem;

json parsed(const fs::path& path) {
  std::error_code ignored;
  return fs::exists(path, ignored) ? json::parse(read_file(path), nullptr, false) : json();
}

std::optional<double> number(const json& record, const char* key) {
  const auto found = record.find(key);
  if (found == record.end() || !found->is_number()) return std::nullopt;
  return found->get<double>();
}

std::vector<report::LoggedStep> read_log(const fs::path& path) {
  std::vector<report::LoggedStep> steps;
  std::ifstream in(path);
  for (std::string line; std::getline(in, line);) {
    const json record = json::parse(line, nullptr, false);
    if (!record.is_object() || !number(record, "step")) continue;
    steps.push_back({.step = static_cast<std::int64_t>(*number(record, "step")),
                     .loss = number(record, "loss").value_or(std::nan("")),
                     .seconds = number(record, "seconds").value_or(0),
                     .held_out = number(record, "held_out"),
                     .gradient_norm = number(record, "gradient_norm"),
                     .learning_rate = number(record, "learning_rate")});
  }
  return steps;
}

/// step000500.png, step000500.raw.png: at most twelve of each, first and last included.
std::vector<report::Grid> read_grids(const train::RunFolder& folder) {
  std::set<std::int64_t> steps;
  std::error_code ignored;
  for (const auto& entry : fs::directory_iterator(folder.samples(), ignored)) {
    const std::string name = entry.path().filename().string();
    if (name.starts_with("step") && name.ends_with(".png")) steps.insert(std::strtoll(name.c_str() + 4, nullptr, 10));
  }
  constexpr std::size_t most = 12;
  const std::vector<std::int64_t> all(steps.begin(), steps.end());
  std::vector<report::Grid> grids;
  for (std::size_t k = 0; k < std::min(most, all.size()); ++k) {
    const std::int64_t step = all.size() <= most ? all[k] : all[k * (all.size() - 1) / (most - 1)];
    for (const bool raw : {true, false})
      if (const fs::path path = folder.grid(step, raw); fs::exists(path, ignored))
        grids.push_back({step, raw, read_file(path)});
  }
  return grids;
}

std::string value_text(const nlohmann::ordered_json& value) {
  if (value.is_null()) return "unset";
  if (value.is_string()) return value.get<std::string>();
  if (!value.is_object() || value.size() != 1 || !value.begin()->is_object()) return value.dump();
  std::string arguments;
  for (const auto& [key, argument] : value.begin()->items())
    arguments += fmt::format("{}{} = {}", arguments.empty() ? "" : ", ", key, value_text(argument));
  return fmt::format("{}({})", value.begin().key(), arguments);
}

report::Rows settings_rows(const nlohmann::ordered_json& settings) {
  report::Rows rows;
  if (!settings.is_object()) return rows;
  for (const auto& [block, members] : settings.items())
    for (const auto& [key, value] : members.items()) rows.emplace_back(block + "." + key, value_text(value));
  return rows;
}

/// What the compiler finds in the model, and its pictures.
void add_model(report::RunReport& run, const train::RunFolder& folder) {
  run.model = read_file(folder.model());
  ModelFile file(folder.model().string(), {});
  std::optional<graph::Graph> graph;
  if (!file.diagnostics().has_errors()) graph = file.elaborate();
  if (graph) {
    report_findings(*graph, file.diagnostics(), Doubts::left);
    run.drawings.push_back(
        {fmt::format("{}: shapes of results, numbers of parameters", graph->name), report::draw_network(*graph)});
    for (auto& [name, svg] : circuit_drawings(*graph)) run.drawings.push_back({"circuit " + name, std::move(svg)});
  }
  run.warnings = dsl::render(file.diagnostics(), file.sources());
}

void add_timing(report::RunReport& run, const json& timing, std::int64_t samples) {
  std::vector<double> seconds;
  double sum = 0;
  for (const auto& step : run.log) seconds.push_back(step.seconds), sum += step.seconds;
  if (seconds.empty()) return;
  std::sort(seconds.begin(), seconds.end());
  const double median = seconds[seconds.size() / 2];
  run.facts.emplace_back("in steps", report::format_seconds(sum));
  run.timing.emplace_back("time in steps", report::format_seconds(sum));
  run.timing.emplace_back("step, median", report::duration_text(median));
  run.timing.emplace_back("step, 95 of 100 are shorter than",
                          report::duration_text(seconds[seconds.size() * 95 / 100]));
  if (samples > 0)
    run.timing.emplace_back("images a second", report::format_rate(static_cast<double>(samples) / median));
  if (const auto first = number(timing, "first_step_seconds"))
    run.timing.emplace_back("from start to the first step", report::duration_text(*first));
  const auto flops = number(timing, "flops_a_step"), peak = number(timing, "peak_flops_a_second");
  if (!flops || !peak) return;
  run.timing.emplace_back("arithmetic of a step", report::scaled(*flops, "flop"));
  run.timing.emplace_back("share of the multiply-add peak", fmt::format("{:.0f} % of {}", 100 * *flops / median / *peak,
                                                                        report::scaled(*peak, "flop/s")));
}

}  // namespace

fs::path write_run_report(const fs::path& path) {
  const auto folder = train::RunFolder::open(path);
  report::RunReport run;
  run.title = fs::weakly_canonical(path).filename().string();
  run.log = read_log(folder.log());
  run.grids = read_grids(folder);
  const auto settings = nlohmann::ordered_json::parse(read_file(folder.settings()), nullptr, false);
  run.settings = settings_rows(settings);
  std::int64_t samples = 0;
  if (settings.contains("train")) {
    const auto& train = settings["train"];
    samples = train.value("batch", std::int64_t{0}) * train.value("accumulate", std::int64_t{1});
  }
  if (!run.log.empty()) {
    run.facts.emplace_back("steps", std::to_string(run.log.back().step));
    double mean = 0;
    const std::size_t last = std::min<std::size_t>(100, run.log.size());
    for (std::size_t k = run.log.size() - last; k < run.log.size(); ++k) mean += run.log[k].loss;
    run.facts.emplace_back(fmt::format("loss, mean of the last {}", last),
                           fmt::format("{:.4g}", mean / static_cast<double>(last)));
    std::optional<double> best;
    for (const auto& step : run.log)
      if (step.held_out && (!best || *step.held_out < *best)) best = step.held_out;
    if (best) run.facts.emplace_back("best held-out loss", fmt::format("{:.4g}", *best));
  }
  add_timing(run, parsed(folder.timing()), samples);
  add_model(run, folder);
  write_file_atomic(folder.report(), report::html_report(run));
  return folder.report();
}

}  // namespace qiln::cli
