#include "runtime/files.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <system_error>
#include <utility>

#include <fmt/format.h>

#include "dsl/error.h"

namespace qiln {
namespace {

constexpr std::string_view partial_suffix = ".partial";

[[noreturn]] void fail(std::string_view what, const std::filesystem::path& path, int code) {
  throw Error(fmt::format("cannot {} `{}`: {}", what, path.string(), std::generic_category().message(code)));
}

/// A file descriptor that closes itself.
class Descriptor {
 public:
  explicit Descriptor(int fd) : fd_(fd) {}
  Descriptor(const Descriptor&) = delete;
  ~Descriptor() {
    if (fd_ >= 0) ::close(fd_);
  }
  operator int() const { return fd_; }
  int close() { return ::close(std::exchange(fd_, -1)); }

 private:
  int fd_;
};

void write_all(int fd, std::string_view bytes, const std::filesystem::path& path) {
  while (!bytes.empty()) {
    const ssize_t n = ::write(fd, bytes.data(), bytes.size());
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) fail("write", path, errno);
    bytes.remove_prefix(static_cast<std::size_t>(n));
  }
}

/// A name next to `path`, most likely one that nobody else has.
std::filesystem::path partial_name(std::filesystem::path path) {
  static std::atomic<unsigned> counter = 0;
  return path.replace_filename(
      fmt::format(".{}.{}-{}{}", path.filename().string(), ::getpid(), counter++, partial_suffix));
}

/// Opens a new file next to `path`, under a name nobody else has.
int create_partial(const std::filesystem::path& path, std::filesystem::path& partial) {
  for (int attempt = 0; attempt < 1000; ++attempt) {
    partial = partial_name(path);
    const int fd = ::open(partial.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
    if (fd >= 0 || errno != EEXIST) return fd;
  }
  return -1;
}

void sync_folder(const std::filesystem::path& path) {
  const Descriptor folder(
      ::open(path.has_parent_path() ? path.parent_path().c_str() : ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (folder >= 0) ::fsync(folder);  // file systems that cannot sync a folder say so here, and order renames themselves
}

}  // namespace

std::string read_file(const std::filesystem::path& path, std::size_t limit) {
  const Descriptor fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  struct stat status;
  if (fd < 0 || ::fstat(fd, &status) != 0) fail("read", path, errno);
  if (S_ISDIR(status.st_mode)) fail("read", path, EISDIR);
  if (!S_ISREG(status.st_mode)) throw Error(fmt::format("cannot read `{}`: it is not a regular file", path.string()));
  if (static_cast<std::uintmax_t>(status.st_size) > limit)
    throw Error(fmt::format("cannot read `{}`: it has {} bytes, more than the {} that are plausible here",
                            path.string(), status.st_size, limit));
  std::string bytes(static_cast<std::size_t>(status.st_size), '\0');
  std::size_t done = 0;
  while (done < bytes.size()) {
    const ssize_t n = ::read(fd, bytes.data() + done, bytes.size() - done);
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) fail("read", path, errno);
    if (n == 0) break;
    done += static_cast<std::size_t>(n);
  }
  bytes.resize(done);
  return bytes;
}

void write_file_atomic(const std::filesystem::path& path, std::span<const std::string_view> pieces) {
  std::filesystem::path partial;
  Descriptor fd(create_partial(path, partial));
  if (fd < 0) fail("write", path, errno);
  try {
    for (const std::string_view piece : pieces) write_all(fd, piece, path);
    if (::fsync(fd) != 0) fail("write", path, errno);
    if (fd.close() != 0) fail("write", path, errno);
    if (::rename(partial.c_str(), path.c_str()) != 0) fail("replace", path, errno);
  } catch (...) {
    ::unlink(partial.c_str());
    throw;
  }
  sync_folder(path);
}

void write_file_atomic(const std::filesystem::path& path, std::string_view bytes) {
  write_file_atomic(path, std::span(&bytes, 1));
}

void link_file_atomic(const std::filesystem::path& from, const std::filesystem::path& to) {
  const std::filesystem::path partial = partial_name(to);
  ::unlink(partial.c_str());
  if (::link(from.c_str(), partial.c_str()) != 0) return write_file_atomic(to, read_file(from));
  const int code = ::rename(partial.c_str(), to.c_str()) == 0 ? 0 : errno;
  ::unlink(partial.c_str());  // still there when both names were the same file before
  if (code != 0) fail("replace", to, code);
  sync_folder(to);
}

void make_folder(const std::filesystem::path& path) {
  std::error_code code;
  std::filesystem::create_directories(path, code);
  if (code) fail("create the folder", path, code.value());
}

void remove_partial_files(const std::filesystem::path& folder) {
  std::error_code ignored;
  for (const auto& entry : std::filesystem::directory_iterator(folder, ignored)) {
    const std::string name = entry.path().filename().string();
    if (name.starts_with('.') && name.ends_with(partial_suffix)) std::filesystem::remove(entry.path(), ignored);
  }
}

}  // namespace qiln
