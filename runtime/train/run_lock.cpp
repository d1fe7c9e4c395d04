#include "runtime/train/run_lock.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <unistd.h>

#include <cerrno>
#include <string>
#include <system_error>

#include "dsl/error.h"

namespace qiln::train {
namespace {

/// Who wrote themselves into the file.
std::string holder(int fd) {
  char text[32] = {};
  const ssize_t size = ::pread(fd, text, sizeof text - 1, 0);
  return size > 0 ? fmt::format(" by process {}", std::string(text, size)) : "";
}

}  // namespace

RunLock::RunLock(const std::filesystem::path& folder) {
  const auto path = folder / "lock";
  fd_ = ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0666);
  if (fd_ < 0) throw Error(fmt::format("cannot write `{}`: {}", path.string(), std::generic_category().message(errno)));
  if (::flock(fd_, LOCK_EX | LOCK_NB) != 0) {
    const int code = errno;
    const std::string who = code == EWOULDBLOCK ? holder(fd_) : "";
    ::close(fd_);
    if (code != EWOULDBLOCK)
      throw Error(fmt::format("cannot lock `{}`: {}", path.string(), std::generic_category().message(code)));
    throw Error(fmt::format("`{}` is being trained{}: wait for it to end, or choose another folder with `-o`",
                            folder.string(), who),
                1);
  }
  const std::string process = std::to_string(::getpid());
  // Only a message reads it: a full disk is no reason to stop here.
  if (::ftruncate(fd_, 0) == 0 && ::pwrite(fd_, process.data(), process.size(), 0) < 0) errno = 0;
}

RunLock::~RunLock() {
  if (fd_ >= 0) ::close(fd_);
}

}  // namespace qiln::train
