#include "runtime/train/parameter_groups.h"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <fnmatch.h>

#include <algorithm>

#include "dsl/error.h"

namespace qiln::train {
namespace {

bool fits(const ParameterGroup& group, const std::string& path) {
  return ::fnmatch(group.paths.c_str(), path.c_str(), FNM_NOESCAPE) == 0;
}

}  // namespace

const ParameterGroup* group_of(std::span<const ParameterGroup> groups, const std::string& path) {
  const auto found = std::ranges::find_if(groups, [&](const ParameterGroup& group) { return fits(group, path); });
  return found == groups.end() ? nullptr : &*found;
}

void check_groups(std::span<const ParameterGroup> groups, std::span<const std::string> paths) {
  for (const ParameterGroup& group : groups) {
    if (std::ranges::any_of(paths, [&](const auto& path) { return group_of(groups, path) == &group; })) continue;
    if (std::ranges::any_of(paths, [&](const auto& path) { return fits(group, path); }))
      throw Error(fmt::format("earlier groups take all that `group(\"{}\")` fits; put it before them", group.paths), 1);
    throw Error(fmt::format("no trained parameter is called `{}`, as `train.groups` says; there are `{}`", group.paths,
                            fmt::join(paths, "`, `")),
                1);
  }
}

}  // namespace qiln::train
