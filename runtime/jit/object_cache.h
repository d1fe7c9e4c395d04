// Compiled objects on disk, by the hash of what they were compiled from. An entry carries its length and checksum; one
// that does not match is as good as absent, and is replaced. Nothing here fails: without a folder that can be written,
// objects are simply compiled again.
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <string_view>

namespace qiln::jit {

struct CacheOptions {
  bool enabled = true;
  std::filesystem::path folder;  // empty: default_folder()
};

class ObjectCache {
 public:
  explicit ObjectCache(const CacheOptions& options);

  /// $QILN_CACHE, else $XDG_CACHE_HOME/qiln, else ~/.cache/qiln; empty when none of them is set.
  static std::filesystem::path default_folder();

  /// Safe to call from several threads and processes at once. `key` is a name of hexadecimal digits.
  std::optional<std::string> find(const std::string& key) const;
  void insert(const std::string& key, std::string_view object) const;
  /// Where the entry of `key` lies; empty without a cache.
  std::filesystem::path path(const std::string& key) const;

 private:
  std::filesystem::path folder_;  // empty: no cache
};

}  // namespace qiln::jit
