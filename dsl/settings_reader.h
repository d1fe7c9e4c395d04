#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "dsl/constant.h"
#include "dsl/diagnostics.h"
#include "dsl/settings.h"

/// The run-time half of the settings' schema: settings_schema.cpp flattens each adapted struct into one of these
/// tables.
namespace qiln::dsl::settings {

/// A value beside the name it is given to: a setting of a block, an argument of a call (which may lack the name).
struct Given {
  std::optional<ast::Name> key;
  const ast::Expr* value;
};

/// What a reader needs to know besides the value.
struct Place {
  std::string path;  // `train.batch`, as messages call it
  ConstantEvaluator& constants;
  Diagnostics& diagnostics;
};

struct Member {
  std::string key;
  std::string type;
  std::string default_text;
  std::string help;
  /// Reads `value` into the member of the struct at `object`; what does not fit is reported and changes nothing.
  void (*read)(void* object, const ast::Expr& value, const Place& place);
  /// What the member of the struct at `object` is.
  ResolvedSetting (*resolve)(const void* object);
};

/// A block, or a call that a setting may be.
struct Schema {
  std::string name;
  std::vector<Member> members;
  std::vector<const Schema*> calls;  // the calls its members may be
};

/// Fills the struct at `object`, whose schema is `schema`; `owner` is its path for messages. Values without a name take
/// the members in order.
void read_members(const Schema& schema, void* object, const std::vector<Given>& given, const std::string& owner,
                  ConstantEvaluator& constants, Diagnostics& diagnostics);

/// All members of the struct at `object`.
std::vector<ResolvedSetting> resolve_members(const Schema& schema, const void* object);

/// The schemas of the five blocks, in order of `dsl::Settings`, each with the way to its struct.
struct Block {
  const Schema* schema;
  void* (*within)(Settings& settings);
};
const std::vector<Block>& blocks();

}  // namespace qiln::dsl::settings
