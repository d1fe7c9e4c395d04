// A model file from the command line: read, overridden, checked, elaborated.
#pragma once

#include <CLI/CLI.hpp>

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "compiler/elaborate.h"
#include "dsl/ast.h"
#include "dsl/diagnostics.h"
#include "dsl/settings.h"
#include "dsl/source.h"
#include "runtime/diffusion/schedule.h"

namespace qiln::cli {

class ModelFile {
 public:
  /// Reads `path` and its imports and applies `--set` arguments. What is wrong with them is reported, not thrown; only
  /// a root that cannot be read is qiln::Error.
  ModelFile(const std::string& path, const std::vector<std::string>& overrides);

  const dsl::ast::Program& program() const { return program_; }
  const dsl::Settings& settings() const { return settings_; }
  Library library() const { return {program_, prelude_}; }
  dsl::Diagnostics& diagnostics() { return diagnostics_; }
  const dsl::Sources& sources() const { return sources_; }

  /// Whether the text itself was free of errors, so that it can be elaborated; settings may be wrong all the same.
  bool parsed() const { return parsed_; }

  /// The one net or circuit called `name`, or what `model { network = … }` names when `name` is empty.
  /// `training` is the language's; without it only errors are reported, for the rest has been said in training.
  std::optional<graph::Graph> elaborate(const std::string& name = {}, bool training = true);
  /// The noise schedule that the settings ask for; nothing when they ask for none or an error was reported.
  std::optional<diffusion::NoiseSchedule> schedule();

  /// Where a setting of a block stands; nowhere when the file leaves it out.
  graph::Origin origin_of(std::string_view block, std::string_view key) const;

  /// Prints what has been reported to stderr; throws an empty qiln::Error (exit code 1) when there are errors.
  void report(bool warnings = true) const;

  /// The whole program as one file without imports: what a run folder keeps.
  std::string text() const;

 private:
  dsl::Sources sources_;
  dsl::Diagnostics diagnostics_;
  dsl::ast::File prelude_;
  dsl::ast::Program program_;
  bool parsed_ = false;
  dsl::Settings settings_;
};

/// The options that every command with a model file has.
struct ModelOptions {
  std::string file;
  std::vector<std::string> overrides;
  void add_to(CLI::App& command);
};

}  // namespace qiln::cli
