// Parameters with a learning rate or weight decay of their own, named by patterns of their paths.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <vector>

namespace qiln::train {

struct ParameterGroup {
  std::string paths = "*";  // as a shell reads it: `*` any text, `?` a character, `[ab]` one of these
  std::optional<double> learning_rate = {}, weight_decay = {};
};

/// The first group whose pattern fits the path, or nullptr.
const ParameterGroup* group_of(std::span<const ParameterGroup> groups, const std::string& path);

/// qiln::Error for a group that no path belongs to; it says whether the pattern fits none or earlier ones took all.
void check_groups(std::span<const ParameterGroup> groups, std::span<const std::string> paths);

}  // namespace qiln::train
