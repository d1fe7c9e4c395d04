#include "runtime/data/part_file.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <system_error>

#include <fmt/format.h>

#include "dsl/error.h"
#include "runtime/checksum.h"

namespace qiln::data {
namespace {

std::string reason() { return std::generic_category().message(errno); }

[[noreturn]] void fail(const std::filesystem::path& path) {
  throw Error(fmt::format("cannot write `{}`: {}", path.string(), reason()));
}

}  // namespace

PartFile::PartFile(const std::filesystem::path& target) : target_(target), path_(target) {
  path_ += ".part";
  while (!open()) ::close(fd_);
}

/// False when the file was renamed or removed between opening and locking it.
bool PartFile::open() {
  fd_ = ::open(path_.c_str(), O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC, 0666);
  if (fd_ < 0) fail(path_);
  if (::flock(fd_, LOCK_EX | LOCK_NB) != 0) {
    const bool busy = errno == EWOULDBLOCK;
    const std::string why = reason();
    ::close(fd_);
    throw Error(busy ? fmt::format("another process is fetching `{}`", target_.string())
                     : fmt::format("cannot lock `{}`: {}", path_.string(), why));
  }
  struct stat held, named;
  if (::fstat(fd_, &held) != 0 || ::stat(path_.c_str(), &named) != 0 || held.st_ino != named.st_ino) return false;
  size_ = held.st_size;
  return true;
}

PartFile::~PartFile() {
  if (fd_ >= 0) ::close(fd_);
}

bool PartFile::append(std::span<const char> bytes) {
  while (!bytes.empty()) {
    const ssize_t n = ::write(fd_, bytes.data(), bytes.size());
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return failure_ = reason(), false;
    size_ += n;
    bytes = bytes.subspan(static_cast<std::size_t>(n));
  }
  return true;
}

void PartFile::clear() {
  if (::ftruncate(fd_, 0) != 0) fail(path_);
  size_ = 0;
}

std::string PartFile::md5() const { return md5_of_file(path_); }

void PartFile::finish() {
  if (::fsync(fd_) != 0) fail(path_);
  if (::rename(path_.c_str(), target_.c_str()) != 0) fail(target_);
  const int folder = ::open(target_.parent_path().c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (folder < 0) return;
  ::fsync(folder);
  ::close(folder);
}

void PartFile::discard() { ::unlink(path_.c_str()); }

}  // namespace qiln::data
