// ZIP archives (PKWARE's APPNOTE 6.3), read: entries stored or deflated (zlib), sizes of 64 bits included. What is
// encrypted, packed in another way or spread over several files is an error.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace qiln::data {

struct ZipEntry {
  std::string name = {};
  std::uint16_t flags = 0, method = 0;
  std::uint32_t crc = 0;
  std::uint64_t packed = 0, unpacked = 0;  // bytes
  std::uint64_t header = 0;                // offset of its local header
};

/// Unpacks one entry front to back. Every failure, here and below, is a qiln::Error that names file, entry and cause.
/// Memory is bounded whatever the file says: 16 MiB for the directory, a few buffers for an entry.
class ZipReader {
 public:
  ZipReader(const std::filesystem::path& path, const ZipEntry& entry);
  ZipReader(ZipReader&&) noexcept;
  ~ZipReader();

  /// Fills `out`, or as much of it as the entry holds; returns how much.
  std::size_t read(std::uint8_t* out, std::size_t size);
  /// To be called when all that is wanted has been read: checks that nothing follows, and the CRC.
  void finish();

 private:
  struct State;
  std::unique_ptr<State> state_;
};

class ZipArchive {
 public:
  explicit ZipArchive(const std::filesystem::path& path);

  const std::vector<ZipEntry>& entries() const { return entries_; }
  /// The entry of that name, or null.
  const ZipEntry* find(std::string_view name) const;
  ZipReader open(const ZipEntry& entry) const { return ZipReader(path_, entry); }
  const std::filesystem::path& path() const { return path_; }

 private:
  std::filesystem::path path_;
  std::vector<ZipEntry> entries_;
};

}  // namespace qiln::data
