#include "runtime/data/zip.h"

#include "runtime/files.h"
#include "tests/catch.h"
#include "tests/runtime/archives.h"
#include "tests/runtime/scratch.h"

using namespace qiln;
using namespace qiln::data;
using qiln::test::deflated;
using qiln::test::Entry;
using qiln::test::error_of;
using qiln::test::little_endian;
using qiln::test::mentions;
using qiln::test::Scratch;
using qiln::test::zip;

namespace {

/// The bytes of entry `name` of the archive `bytes`, read `piece` at a time.
std::string unpack(const Scratch& scratch, const std::string& bytes, const std::string& name, std::size_t piece = 7) {
  write_file_atomic(scratch / "a.zip", bytes);
  const ZipArchive archive(scratch / "a.zip");
  const ZipEntry* entry = archive.find(name);
  REQUIRE(entry != nullptr);
  ZipReader reader = archive.open(*entry);
  std::string out, part(piece, '\0');
  while (std::size_t n = reader.read(reinterpret_cast<std::uint8_t*>(part.data()), piece)) out.append(part, 0, n);
  reader.finish();
  return out;
}

std::string counted(std::size_t size) {
  std::string bytes;
  for (std::size_t i = 0; i < size; ++i) bytes += static_cast<char>(i * i / 3);
  return bytes;
}

/// What reading the one entry says.
std::string complaint(const Scratch& scratch, const Entry& entry) {
  return error_of([&] { unpack(scratch, zip({entry}), entry.name); });
}

}  // namespace

TEST_CASE("ZIP entries are unpacked, stored and deflated, with sizes of 32 and 64 bits") {
  Scratch scratch;
  const std::string long_text = counted(200000);
  for (const bool wide : {false, true}) {
    const std::string bytes =
        zip({Entry::of("a", "first", 0), Entry::of("b/c", long_text), Entry::of("empty", "", 0)}, wide);
    CHECK(unpack(scratch, bytes, "a") == "first");
    CHECK(unpack(scratch, bytes, "b/c", 70001) == long_text);
    CHECK(unpack(scratch, bytes, "empty") == "");
  }
  CHECK(ZipArchive(scratch / "a.zip").entries().size() == 3);
  CHECK(ZipArchive(scratch / "a.zip").find("d") == nullptr);
}

TEST_CASE("a comment may follow a ZIP archive") {
  Scratch scratch;
  std::string bytes = zip({Entry::of("a", "text")});
  bytes.replace(bytes.size() - 2, 2, little_endian(9, 2) + "a comment");
  CHECK(unpack(scratch, bytes, "a") == "text");
}

TEST_CASE("a ZIP archive that is cut anywhere is an error") {
  Scratch scratch;
  const std::string bytes = zip({Entry::of("a", counted(300)), Entry::of("b", "x", 0)});
  for (std::size_t size = 0; size < bytes.size(); ++size)
    CHECK(mentions(error_of([&] { unpack(scratch, bytes.substr(0, size), "a"); }), "cannot read", "a.zip"));
}

TEST_CASE("ZIP entries that lie about themselves are errors") {
  Scratch scratch;
  const Entry good = Entry::of("a", counted(3000));
  Entry bad = good;
  bad.crc ^= 1;
  CHECK(mentions(complaint(scratch, bad), "`a` is damaged", "checksum"));
  bad = good, bad.unpacked_size = 2999;
  CHECK(mentions(complaint(scratch, bad), "more than the 2999 bytes"));
  bad = good, bad.unpacked_size = 3001;
  CHECK(mentions(complaint(scratch, bad), "another size than the 3001 bytes"));
  bad = good, bad.packed_size /= 2;
  CHECK(mentions(complaint(scratch, bad), "ends early, after"));
  bad = good, bad.packed_size = 1 << 20;
  CHECK(mentions(complaint(scratch, bad), "beyond the end of the file"));
  bad = good, bad.packed[40] = static_cast<char>(~bad.packed[40]);
  CHECK(mentions(complaint(scratch, bad), "`a`", "fetch the file again"));
  bad = good, bad.method = 12;
  CHECK(mentions(complaint(scratch, bad), "packed by method 12"));
  bad = good, bad.flags = 1;
  CHECK(mentions(complaint(scratch, bad), "encrypted"));
  bad = Entry::of("a", "xyz", 0), bad.unpacked_size = 4;
  CHECK(mentions(complaint(scratch, bad), "cannot unpack from 3 to 4 bytes"));
}

TEST_CASE("a ZIP bomb is stopped at the size that it announces") {
  Scratch scratch;
  Entry bomb = Entry::of("a", std::string(std::size_t{1} << 24, '\0'));
  CHECK(bomb.packed.size() < 20000);
  bomb.unpacked_size = 1000;
  CHECK(mentions(complaint(scratch, bomb), "more than the 1000 bytes"));
  bomb.unpacked_size = std::uint64_t{1} << 31;  // more than so few bytes can hold
  CHECK(mentions(complaint(scratch, bomb), "cannot unpack", "damaged"));
}

TEST_CASE("ZIP directories that make no sense are errors") {
  Scratch scratch;
  const auto complain = [&](const std::string& bytes) { return error_of([&] { unpack(scratch, bytes, "a"); }); };
  CHECK(mentions(complain("not a zip file, but long enough to be one"), "not a whole ZIP archive"));
  CHECK(mentions(complain(zip({Entry::of("a", "1"), Entry::of("a", "2")})), "`a` twice"));
  const std::string good = zip({Entry::of("a", "text")});
  std::string many = good;
  many.replace(many.size() - 14, 4, little_endian(0xfff0fff0, 4));  // both numbers of entries
  CHECK(mentions(complain(many), "not plausible"));
  std::string huge = good;
  huge.replace(huge.size() - 10, 4, little_endian(0xfffffff0, 4));
  CHECK(mentions(complain(huge), "not plausible"));
  std::string far = good;
  far.replace(far.size() - 6, 4, little_endian(0x7fffffff, 4));
  CHECK(mentions(complain(far), "beyond its end"));
  std::string part = good;
  part.replace(part.size() - 18, 2, little_endian(1, 2));
  CHECK(mentions(complain(part), "several parts"));
  CHECK(mentions(error_of([&] { ZipArchive(scratch / "none.zip"); }), "No such file"));
  CHECK(mentions(error_of([&] { ZipArchive(scratch.path()); }), "folder"));
}
