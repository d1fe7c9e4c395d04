#include "runtime/cli/model_file.h"

#include <fmt/format.h>

#include "compiler/pipeline.h"
#include "dsl/error.h"
#include "dsl/parse.h"
#include "dsl/prelude.h"
#include "dsl/print.h"

namespace qiln::cli {
namespace {

/// Adds an item; a block of settings goes over an imported file's of that name.
void add_item(dsl::ast::File& whole, const dsl::ast::Item& item) {
  const auto* block = std::get_if<dsl::ast::Settings>(&item.node);
  if (block)
    for (dsl::ast::Item& earlier : whole.items) {
      auto* known = std::get_if<dsl::ast::Settings>(&earlier.node);
      if (!known || known->block.text != block->block.text) continue;
      for (const dsl::ast::Setting& setting : block->settings) {
        std::erase_if(known->settings, [&](const auto& old) { return old.key.text == setting.key.text; });
        known->settings.push_back(setting);
      }
      return;
    }
  whole.items.push_back(item);
}

}  // namespace

ModelFile::ModelFile(const std::string& path, const std::vector<std::string>& overrides)
    : prelude_(dsl::parse_prelude(sources_)), program_(dsl::parse_program(path, sources_, diagnostics_)) {
  parsed_ = !diagnostics_.has_errors();
  dsl::apply_overrides(program_, overrides, sources_, diagnostics_);
  settings_ = dsl::read_settings(program_, diagnostics_);
}

std::optional<graph::Graph> ModelFile::elaborate(const std::string& name, bool training) {
  if (name.empty() && !dsl::require_network(settings_, program_, diagnostics_)) return std::nullopt;
  const std::string& wanted = name.empty() ? settings_.model.network.value.name.text : name;
  if (training) return qiln::elaborate(library(), wanted, diagnostics_);
  dsl::Diagnostics aside;
  auto graph = qiln::elaborate(library(), wanted, aside, false);
  if (!graph) diagnostics_ = std::move(aside);
  return graph;
}

std::optional<diffusion::NoiseSchedule> ModelFile::schedule() {
  const auto* objective = std::get_if<dsl::settings::Diffusion>(&settings_.model.objective.value);
  if (!objective) return std::nullopt;
  int steps = static_cast<int>(objective->steps.value);
  std::vector<double> points;
  for (int i = 0; i <= steps; ++i) points.push_back(static_cast<double>(i) / steps);
  const auto& function = objective->schedule.value;
  auto levels = tabulate(library(), expression(function), points, diagnostics_);
  if (!levels) return std::nullopt;
  if (const auto fault = diffusion::fault_of(*levels)) {
    diagnostics_.report(dsl::DiagnosticKind::bad_schedule, function.name.span, *fault);
    return std::nullopt;
  }
  return diffusion::discretise(*levels);
}

graph::Origin ModelFile::origin_of(std::string_view block, std::string_view key) const {
  for (const auto& file : program_.files)
    for (const auto& item : file.items)
      if (const auto* settings = std::get_if<dsl::ast::Settings>(&item.node); settings && settings->block.text == block)
        for (const dsl::ast::Setting& setting : settings->settings)
          if (setting.key.text == key)
            return {static_cast<std::int32_t>(setting.span.file), setting.span.begin, setting.span.end, -1, false};
  return {};
}

void ModelFile::report(bool warnings) const {
  if (warnings || diagnostics_.has_errors())
    if (std::string text = dsl::render(diagnostics_, sources_); !text.empty()) fmt::print(stderr, "{}\n", text);
  if (diagnostics_.has_errors()) {
    auto n = diagnostics_.error_count();
    throw Error(fmt::format("{} {}", n, n == 1 ? "error" : "errors"), 1);
  }
}

std::string ModelFile::text() const {
  dsl::ast::File whole;
  for (const auto& file : program_.files)
    for (const auto& item : file.items)
      if (!std::holds_alternative<dsl::ast::Import>(item.node)) add_item(whole, item);
  return dsl::print(whole);
}

void ModelOptions::add_to(CLI::App& command) {
  command.add_option("file", file, "model file")->required()->type_name("FILE");
  command
      .add_option("--set", overrides,
                  "replace a constant or a setting: QUBITS=8, train.batch=16, train.optimizer.lr=1e-4")
      ->type_name("NAME=VALUE");
}

}  // namespace qiln::cli
