// What has been compiled, on disk. An entry carries its length and checksum; one that does not match is as good as
// absent, and is replaced. Nothing here fails: without a folder that can be written, things are simply made again.
#pragma once

#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace llvm {
class MemoryBuffer;
}

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

  /// `bytes` of an entry; they lie in `file`, which is mapped where that is cheaper than reading it.
  struct Found {
    std::shared_ptr<llvm::MemoryBuffer> file;
    std::string_view bytes;
  };
  /// Entries are called by file names. Safe to call from several threads and processes at once.
  std::optional<Found> find(const std::string& name) const;
  void insert(const std::string& name, std::string_view bytes) const;
  /// Where an entry lies; empty without a cache.
  std::filesystem::path path(const std::string& name) const;

 private:
  std::filesystem::path folder_;  // empty: no cache
};

}  // namespace qiln::jit
