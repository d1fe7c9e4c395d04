#include "runtime/files.h"

#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <vector>

#include "tests/catch.h"
#include "tests/runtime/scratch.h"

using namespace qiln;
using qiln::test::error_of;
using qiln::test::mentions;
using qiln::test::Scratch;

namespace {
std::size_t entries(const std::filesystem::path& folder) {
  return static_cast<std::size_t>(
      std::distance(std::filesystem::directory_iterator(folder), std::filesystem::directory_iterator()));
}
}  // namespace

TEST_CASE("a file is written, replaced and read back") {
  Scratch scratch;
  const auto path = scratch / "a.bin";
  write_file_atomic(path, std::string_view("one\0two", 7));
  CHECK(read_file(path) == std::string("one\0two", 7));
  const std::vector<std::string_view> pieces = {"x", "", "yz"};
  write_file_atomic(path, pieces);
  CHECK(read_file(path) == "xyz");
  CHECK(entries(scratch.path()) == 1);
}

TEST_CASE("file errors name the file and the reason") {
  Scratch scratch;
  CHECK(mentions(error_of([&] { read_file(scratch / "missing"); }), "missing", "No such file"));
  CHECK(mentions(error_of([&] { read_file(scratch.path()); }), "Is a directory"));
  CHECK(mentions(error_of([&] { write_file_atomic(scratch / "no/such/folder", "x"); }), "no/such/folder"));
  write_file_atomic(scratch / "big", "0123456789");
  CHECK(mentions(error_of([&] { read_file(scratch / "big", 9); }), "big", "10 bytes"));
  CHECK(mentions(error_of([&] { make_folder(scratch / "big/below"); }), "big/below"));
}

TEST_CASE("a failed replacement leaves the old file and no temporary") {
  Scratch scratch;
  std::filesystem::create_directories(scratch / "target/full");
  CHECK(mentions(error_of([&] { write_file_atomic(scratch / "target", "x"); }), "target"));
  CHECK(entries(scratch.path()) == 1);
}

TEST_CASE("a writer killed at any moment leaves a whole file") {
  Scratch scratch;
  const auto path = scratch / "state";
  const std::string a(1 << 20, 'a'), b(1 << 20, 'b');
  write_file_atomic(path, a);
  for (int attempt = 0; attempt < 5; ++attempt) {
    const pid_t child = ::fork();
    if (child == 0) {
      for (;;) {
        write_file_atomic(path, b);
        write_file_atomic(path, a);
      }
    }
    ::usleep(3000 * (attempt + 1));
    ::kill(child, SIGKILL);
    ::waitpid(child, nullptr, 0);
    const std::string now = read_file(path);
    CHECK((now == a || now == b));
  }
  remove_partial_files(scratch.path());
  CHECK(entries(scratch.path()) == 1);
}
