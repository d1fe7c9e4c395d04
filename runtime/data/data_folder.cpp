#include "runtime/data/data_folder.h"

#include <cstdlib>

#include <fmt/format.h>

#include "dsl/error.h"

namespace qiln::data {
namespace {

namespace fs = std::filesystem;

/// The first `models/data` in `start` or a folder above it, empty when there is none.
fs::path search_upwards(const fs::path& start) {
  std::error_code ignored;
  for (fs::path folder = start; !folder.empty(); folder = folder.parent_path()) {
    if (fs::path found = folder / "models" / "data"; fs::is_directory(found, ignored)) return found;
    if (folder == folder.parent_path()) break;
  }
  return {};
}

fs::path shipped_folder() {
  std::error_code ignored;
  const fs::path executable = fs::read_symlink("/proc/self/exe", ignored).parent_path();
  if (fs::path found = search_upwards(executable); !found.empty()) return found;
  return search_upwards(fs::current_path(ignored));
}

fs::path environment(const char* name) {
  const char* value = std::getenv(name);
  return value ? value : "";
}

/// Empty when the environment names no home.
fs::path cache_folder() {
  if (const fs::path cache = environment("XDG_CACHE_HOME"); !cache.empty()) return cache / "qiln" / "data";
  if (const fs::path home = environment("HOME"); !home.empty()) return home / ".cache" / "qiln" / "data";
  return {};
}

}  // namespace

fs::path named_data_folder(const fs::path& option) {
  const fs::path named = option.empty() ? environment("QILN_DATA") : option;
  std::error_code ignored;
  if (!named.empty() && !fs::is_directory(named, ignored))
    throw Error(fmt::format("{} is `{}`, which is not a folder", option.empty() ? "QILN_DATA" : "the data folder",
                            named.string()),
                1);
  return named;
}

std::vector<fs::path> data_folders(const fs::path& option) {
  if (fs::path named = named_data_folder(option); !named.empty()) return {named};
  std::vector<fs::path> folders;
  std::error_code ignored;
  for (const fs::path& folder : {cache_folder(), shipped_folder()})
    if (!folder.empty() && fs::is_directory(folder, ignored)) folders.push_back(folder);
  return folders;
}

fs::path fetch_folder(const fs::path& option) {
  if (!option.empty()) return option;
  if (fs::path named = environment("QILN_DATA"); !named.empty()) return named;
  if (fs::path cache = cache_folder(); !cache.empty()) return cache;
  throw Error("there is no folder to put data into: say `--data-dir`, or set QILN_DATA or HOME");
}

}  // namespace qiln::data
