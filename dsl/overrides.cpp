// `--set NAME=value` and `--set block.key=value`.
#include <algorithm>

#include "dsl/parse.h"
#include "dsl/settings.h"
#include "dsl/settings_reader.h"

namespace qiln::dsl {
namespace {

/// One argument, taken apart.
struct Override {
  std::vector<ast::Name> path;
  ast::Expr value;
};

std::string trimmed(const std::string& text) {
  const auto begin = text.find_first_not_of(' ');
  return begin == std::string::npos ? "" : text.substr(begin, text.find_last_not_of(' ') + 1 - begin);
}

/// `a.b=value` read in place, so that offsets are those of the argument.
std::optional<Override> read(const SourceFile& file, Diagnostics& diagnostics) {
  const std::string& text = file.text();
  const auto equals = text.find('=');
  const auto at = [&](std::size_t begin, std::size_t end) {
    return Span{file.id(), static_cast<std::uint32_t>(begin), static_cast<std::uint32_t>(end)};
  };
  if (equals == std::string::npos) {
    diagnostics.report(DiagnosticKind::syntax, at(text.size(), text.size()), "`=` and a value",
                       "the end of the argument");
    return std::nullopt;
  }
  Override result;
  for (std::size_t begin = 0; begin <= equals;) {
    const std::size_t end = std::min(text.find('.', begin), equals);
    result.path.push_back({trimmed(text.substr(begin, end - begin)), at(begin, end)});
    begin = end + 1;
  }
  const SourceFile value(file.id(), file.path(), std::string(equals + 1, ' ') + text.substr(equals + 1));
  auto expr = parse_expression(value, diagnostics);
  if (!expr) return std::nullopt;
  result.value = std::move(*expr);
  return result;
}

ast::Const* find_const(ast::Program& program, const std::string& name) {
  for (ast::File& file : program.files)
    for (ast::Item& item : file.items)
      if (auto* node = std::get_if<ast::Const>(&item.node); node && node->name.text == name) return node;
  return nullptr;
}

/// The last block of that name, the one that counts; a new one in the root file when there is none.
ast::Settings& find_block(ast::Program& program, const ast::Name& name) {
  for (auto file = program.files.rbegin(); file != program.files.rend(); ++file)
    for (ast::Item& item : file->items)
      if (auto* node = std::get_if<ast::Settings>(&item.node); node && node->block.text == name.text) return *node;
  std::vector<ast::Item>& items = program.files.back().items;
  items.push_back({"", ast::Settings{name, {}}, name.span});
  return std::get<ast::Settings>(items.back().node);
}

/// Replaces the value of a key in a block, or of an argument in a call, adding it when it is not there.
ast::Expr& value_of(ast::Settings& block, const ast::Name& key) {
  for (ast::Setting& setting : block.settings)
    if (setting.key.text == key.text) return setting.key = key, setting.value;
  return block.settings.emplace_back(ast::Setting{key, {}, key.span}).value;
}

ast::Expr& value_of(ast::Call& call, const ast::Name& key) {
  for (ast::Argument& argument : call.arguments)
    if (argument.name && argument.name->text == key.text) return argument.name = key, *argument.value;
  return *call.arguments.emplace_back(ast::Argument{key, ast::Expr{}, key.span}).value;
}

/// Every name that can be set, for suggestions.
std::vector<std::string> settable(const ast::Program& program) {
  std::vector<std::string> names;
  for (const ast::File& file : program.files)
    for (const ast::Item& item : file.items)
      if (const auto* node = std::get_if<ast::Const>(&item.node)) names.push_back(node->name.text);
  for (const settings::Block& block : settings::blocks())
    for (const settings::Member& member : block.schema->members) names.push_back(block.schema->name + "." + member.key);
  return names;
}

bool is_setting(const std::string& block, const std::string& key) {
  for (const settings::Block& candidate : settings::blocks())
    for (const settings::Member& member : candidate.schema->members)
      if (candidate.schema->name == block && member.key == key) return true;
  return false;
}

void apply(ast::Program& program, Override&& override, Diagnostics& diagnostics) {
  const std::vector<ast::Name>& path = override.path;
  const auto unknown = [&] {
    std::string name = path.front().text;
    for (std::size_t i = 1; i < path.size(); ++i) name += "." + path[i].text;
    diagnostics.report(DiagnosticKind::unknown_override, join(path.front().span, path.back().span), name)
        .did_you_mean(nearest(name, settable(program)));
  };
  if (path.size() == 1) {
    ast::Const* node = find_const(program, path.front().text);
    if (!node) return unknown();
    node->value = std::move(override.value);
    return;
  }
  if (!is_setting(path[0].text, path[1].text)) return unknown();
  ast::Expr* value = &value_of(find_block(program, path[0]), path[1]);
  for (std::size_t i = 2; i < path.size(); ++i) {
    if (std::holds_alternative<ast::Reference>(value->node))
      value->node = ast::Call{ast::Expr(*value), {}, false, false};
    auto* call = std::get_if<ast::Call>(&value->node);
    if (!call) return unknown();
    value = &value_of(*call, path[i]);
  }
  *value = std::move(override.value);
}

}  // namespace

void apply_overrides(ast::Program& program, const std::vector<std::string>& arguments, Sources& sources,
                     Diagnostics& diagnostics) {
  for (const std::string& argument : arguments) {
    const FileId id = sources.add("--set", argument);
    if (auto override = read(sources[id], diagnostics)) apply(program, std::move(*override), diagnostics);
  }
}

}  // namespace qiln::dsl
