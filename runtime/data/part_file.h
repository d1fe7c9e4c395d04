// A file on its way: NAME.part until it is whole.
#pragma once

#include <cstdint>
#include <filesystem>
#include <span>
#include <string>

namespace qiln::data {

/// Holds NAME.part open and locked, so that no other process writes it; what it has stays when this goes. Failures of
/// the system are qiln::Error.
class PartFile {
 public:
  explicit PartFile(const std::filesystem::path& target);
  PartFile(const PartFile&) = delete;
  ~PartFile();

  std::int64_t size() const { return size_; }
  /// False, with the reason in failure(), when the disk takes no more.
  bool append(std::span<const char> bytes);
  void clear();
  std::string md5() const;
  /// Makes it the target, synced to disk. Nothing may follow.
  void finish();
  /// Removes it. Nothing may follow.
  void discard();
  const std::filesystem::path& path() const { return path_; }
  const std::string& failure() const { return failure_; }

 private:
  bool open();

  std::filesystem::path target_, path_;
  int fd_ = -1;
  std::int64_t size_ = 0;
  std::string failure_;
};

}  // namespace qiln::data
