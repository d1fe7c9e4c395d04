#include "dsl/settings.h"

#include <fmt/format.h>

#include <algorithm>

#include "dsl/parse.h"
#include "dsl/settings_reader.h"

namespace qiln::dsl {
namespace settings {

ast::Expr expression(const Callee& callee) {
  ast::Expr name{ast::Reference{callee.name.text}, callee.name.span};
  return {ast::Call{name, callee.arguments}, callee.name.span};
}

void read_members(const Schema& schema, void* object, const std::vector<Given>& given, const std::string& owner,
                  ConstantEvaluator& constants, Diagnostics& diagnostics) {
  std::vector<std::string> keys;
  for (const Member& member : schema.members) keys.push_back(member.key);
  std::vector<bool> set(keys.size(), false);
  for (std::size_t position = 0; position < given.size(); ++position) {
    const auto& [key, value] = given[position];
    const Span span = key ? Span(key->span) : Span(value->span);
    const auto found = key ? std::find(keys.begin(), keys.end(), key->text)
                           : keys.begin() + static_cast<std::ptrdiff_t>(std::min(position, keys.size()));
    if (found == keys.end()) {
      const std::string name = key ? key->text : "a value at place " + std::to_string(position + 1);
      Diagnostic& diagnostic = diagnostics.report(DiagnosticKind::unknown_setting, span, owner, name);
      if (const auto suggestion = key ? nearest(key->text, keys) : std::nullopt)
        diagnostic.did_you_mean(suggestion);
      else
        diagnostic.help(fmt::format("it has `{}`", fmt::join(keys, "`, `")));
      continue;
    }
    const auto index = static_cast<std::size_t>(found - keys.begin());
    if (set[index]) diagnostics.report(DiagnosticKind::duplicate_setting, span, owner + "." + keys[index]);
    set[index] = true;
    schema.members[index].read(object, *value, {owner + "." + keys[index], constants, diagnostics});
  }
}

std::vector<ResolvedSetting> resolve_members(const Schema& schema, const void* object) {
  std::vector<ResolvedSetting> result;
  for (const Member& member : schema.members) {
    result.push_back(member.resolve(object));
    result.back().key = member.key;
  }
  return result;
}

namespace {

std::vector<std::string> block_names() {
  std::vector<std::string> names;
  for (const Block& block : blocks()) names.push_back(block.schema->name);
  return names;
}

const Block* find_block(const std::string& name) {
  for (const Block& block : blocks())
    if (block.schema->name == name) return &block;
  return nullptr;
}

/// All settings of one file's blocks of a name, in order.
void read_block(const ast::Settings& node, Settings& into, std::vector<std::string>& seen, ConstantEvaluator& constants,
                Diagnostics& diagnostics) {
  const Block* block = find_block(node.block.text);
  if (!block) {
    diagnostics.report(DiagnosticKind::unknown_block, node.block.span, node.block.text)
        .did_you_mean(nearest(node.block.text, block_names()));
    return;
  }
  if (std::find(seen.begin(), seen.end(), node.block.text) != seen.end())
    diagnostics.report(DiagnosticKind::duplicate_setting, node.block.span, node.block.text);
  seen.push_back(node.block.text);
  std::vector<Given> given;
  for (const ast::Setting& setting : node.settings) given.push_back({setting.key, &setting.value});
  read_members(*block->schema, block->within(into), given, node.block.text, constants, diagnostics);
}

void add_rows(const Schema& schema, std::vector<SettingInfo>& rows) {
  for (const Member& member : schema.members)
    rows.push_back({schema.name, member.key, member.type, member.default_text, member.help});
  for (const Schema* call : schema.calls) add_rows(*call, rows);
}

}  // namespace
}  // namespace settings

Settings read_settings(const ast::Program& program, Diagnostics& diagnostics) {
  Settings result;
  ConstantEvaluator constants(program, diagnostics);
  for (const ast::File& file : program.files) {
    std::vector<std::string> seen;
    for (const ast::Item& item : file.items)
      if (const auto* node = std::get_if<ast::Settings>(&item.node))
        settings::read_block(*node, result, seen, constants, diagnostics);
  }
  for (auto* seed : {&result.data.seed.value, &result.sample.seed.value, &result.eval.seed.value})
    if (!*seed) *seed = result.train.seed.value;
  return result;
}

bool require_network(const Settings& settings, const ast::Program& program, Diagnostics& diagnostics) {
  if (!settings.model.network.value.name.text.empty()) return true;
  diagnostics.report(DiagnosticKind::missing_setting, {program.files.back().id, 0, 0}, "model.network")
      .help("say `model { network = … }` with the name of a net");
  return false;
}

std::vector<ResolvedSetting> resolved(const Settings& settings) {
  std::vector<ResolvedSetting> result;
  Settings copy = settings;
  for (const settings::Block& block : settings::blocks())
    result.push_back({block.schema->name, {}, settings::resolve_members(*block.schema, block.within(copy))});
  return result;
}

std::vector<SettingInfo> setting_table() {
  std::vector<SettingInfo> rows;
  for (const settings::Block& block : settings::blocks()) settings::add_rows(*block.schema, rows);
  return rows;
}

}  // namespace qiln::dsl
