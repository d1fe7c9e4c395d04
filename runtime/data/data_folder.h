// Where data sets lie, each in a folder of its name.
//
// The user may name one place, with `--data-dir` or else the environment variable QILN_DATA; then no other counts.
// Otherwise a set is read from the first of these places that has its files:
//   1. the user's cache, which `qiln data fetch` fills: $XDG_CACHE_HOME/qiln/data, else ~/.cache/qiln/data
//   2. the small sets that ship: the first `models/data` found going up from the executable's folder, then from the
//      current folder
// So a set that was fetched takes precedence over the small one of its name. The settings.json of a run says which
// files it read, with their checksums.
#pragma once

#include <filesystem>
#include <vector>

namespace qiln::data {

/// What the user named: `option`, else QILN_DATA; empty when neither is set. qiln::Error when it is no folder.
std::filesystem::path named_data_folder(const std::filesystem::path& option = {});

/// The places to search, in their order; those that do not exist are left out.
std::vector<std::filesystem::path> data_folders(const std::filesystem::path& option = {});

/// Where fetched sets go: the place that the user named, which need not exist yet, else the cache.
std::filesystem::path fetch_folder(const std::filesystem::path& option = {});

}  // namespace qiln::data
