#include "runtime/jit/object_cache.h"

#include <llvm/ADT/StringRef.h>
#include <llvm/Support/BLAKE3.h>
#include <llvm/Support/MemoryBuffer.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <fstream>

namespace qiln::jit {
namespace {

/// What an entry starts with; the bytes follow.
struct Header {
  std::array<char, 8> magic{'q', 'i', 'l', 'n', 'o', 'b', 'j', '1'};
  std::uint64_t length = 0;
  std::array<std::uint8_t, 32> checksum{};
};

Header header_of(std::string_view bytes) {
  Header header;
  header.length = bytes.size();
  header.checksum = llvm::BLAKE3::hash({reinterpret_cast<const std::uint8_t*>(bytes.data()), bytes.size()});
  return header;
}

}  // namespace

std::filesystem::path ObjectCache::default_folder() {
  auto variable = [](const char* name) -> std::filesystem::path {
    const char* value = std::getenv(name);
    return value ? value : "";
  };
  if (auto own = variable("QILN_CACHE"); !own.empty()) return own;
  if (auto base = variable("XDG_CACHE_HOME"); !base.empty()) return base / "qiln";
  if (auto home = variable("HOME"); !home.empty()) return home / ".cache" / "qiln";
  return {};
}

ObjectCache::ObjectCache(const CacheOptions& options) {
  if (!options.enabled) return;
  folder_ = options.folder.empty() ? default_folder() : options.folder;
  if (folder_.empty()) return;
  std::error_code failed;
  std::filesystem::create_directories(folder_, failed);
  if (failed) folder_.clear();
}

std::filesystem::path ObjectCache::path(const std::string& name) const {
  return folder_.empty() ? folder_ : folder_ / name;
}

std::optional<ObjectCache::Found> ObjectCache::find(const std::string& name) const {
  if (folder_.empty()) return std::nullopt;
  auto file = llvm::MemoryBuffer::getFile(path(name).string(), /*IsText=*/false, /*RequiresNullTerminator=*/false);
  if (!file) return std::nullopt;
  const std::string_view whole((*file)->getBufferStart(), (*file)->getBufferSize());
  if (whole.size() < sizeof(Header)) return std::nullopt;
  const std::string_view bytes = whole.substr(sizeof(Header));
  const Header expected = header_of(bytes);
  if (std::memcmp(&expected, whole.data(), sizeof(Header)) != 0) return std::nullopt;
  return Found{std::move(*file), bytes};
}

void ObjectCache::insert(const std::string& name, std::string_view bytes) const {
  if (folder_.empty()) return;
  static std::atomic<unsigned> counter = 0;
  // A file of its own, renamed: readers see all of an entry or none. Not synced, the checksum tells after a power cut.
  const auto partial = folder_ / ("." + name + "." + std::to_string(::getpid()) + "-" + std::to_string(counter++));
  const Header header = header_of(bytes);
  bool written = false;
  {
    std::ofstream file(partial, std::ios::binary);
    file.write(reinterpret_cast<const char*>(&header), sizeof(header));
    file.write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
    file.close();
    written = !file.fail();
  }
  std::error_code ignored, failed;
  if (written) std::filesystem::rename(partial, path(name), failed);
  if (!written || failed) std::filesystem::remove(partial, ignored);
}

}  // namespace qiln::jit
