#include "runtime/data/npz.h"

#include <fstream>

#include <nlohmann/json.hpp>

#include "runtime/files.h"
#include "tests/catch.h"
#include "tests/runtime/archives.h"
#include "tests/runtime/scratch.h"

using namespace qiln;
using namespace qiln::data;
using qiln::test::Entry;
using qiln::test::error_of;
using qiln::test::mentions;
using qiln::test::npy;
using qiln::test::Scratch;
using qiln::test::zip;

namespace {

using Pixels = std::vector<std::uint8_t>;
using Labels = std::vector<std::int32_t>;

std::filesystem::path reference(const std::string& name) {
  return std::filesystem::path(QILN_SOURCE_DIR) / "tests" / "reference" / name;
}

/// Byte i of the arrays of tests/reference/images.py.
std::uint8_t byte(std::size_t i) { return static_cast<std::uint8_t>((37 * i + 11 * (i / 7)) % 256); }

Images load(const Scratch& scratch, const std::string& images, const std::string& labels = "") {
  std::vector<Entry> entries = {Entry::of("train_images.npy", images)};
  if (!labels.empty()) entries.push_back(Entry::of("train_labels.npy", labels));
  write_file_atomic(scratch / "a.npz", zip(entries));
  return load_npz_images(scratch / "a.npz", Split::train);
}

std::string complaint(const Scratch& scratch, const std::string& images, const std::string& labels = "") {
  return error_of([&] { load(scratch, images, labels); });
}

}  // namespace

TEST_CASE("archives that NumPy wrote are read") {
  const Images train = load_npz_images(reference("gray.npz"), Split::train);
  CHECK((train.count == 5 && train.channels == 1 && train.height == 4 && train.width == 3));
  for (std::size_t i = 0; i < 60; ++i) CHECK(train.pixels[i] == byte(i));
  CHECK(train.labels == Labels{0, 1, 2, 0, 1});
  CHECK(train.classes == std::vector<std::string>{"0", "1", "2"});
  CHECK(load_npz_images(reference("gray.npz"), Split::val).labels == Labels{0, 1});      // big-endian
  CHECK(load_npz_images(reference("gray.npz"), Split::test).labels == Labels{0, 1, 2});  // 64 bits
  const Images rgb = load_npz_images(reference("rgb.npz"), Split::train);
  CHECK((rgb.count == 2 && rgb.channels == 3 && rgb.height == 3 && rgb.width == 5));
  CHECK(rgb.labels.empty());
  for (std::size_t i = 0; i < 90; ++i) {
    const std::size_t image = i / 45, p = i % 45 / 3, c = i % 3;
    CHECK(rgb.pixels[image * 45 + c * 15 + p] == byte(i));
  }
}

TEST_CASE("an archive says what it holds without its pixels") {
  const auto gray = npz_splits(reference("gray.npz"));
  REQUIRE(gray.size() == 3);
  CHECK((gray[2].split == Split::test && gray[2].count == 3 && gray[2].channels == 1 && gray[2].labels == 1));
  const auto rgb = npz_splits(reference("rgb.npz"));
  REQUIRE(rgb.size() == 1);
  CHECK((rgb[0].split == Split::train && rgb[0].channels == 3 && rgb[0].width == 5 && rgb[0].labels == 0));
}

TEST_CASE("channels may stand last or first") {
  Scratch scratch;
  CHECK(load(scratch, npy("|u1", "(1, 1, 2, 3)", "RGBrgb")).pixels == Pixels{'R', 'r', 'G', 'g', 'B', 'b'});
  const Images first = load(scratch, npy("|u1", "(1, 3, 1, 2)", "RrGgBb"));
  CHECK((first.channels == 3 && first.height == 1 && first.width == 2));
  CHECK(first.pixels == Pixels{'R', 'r', 'G', 'g', 'B', 'b'});
  CHECK(load(scratch, npy("|u1", "(2, 1, 1, 1)", "ab")).channels == 1);
}

TEST_CASE("images with several labels at once have none") {
  Scratch scratch;
  const std::string images = npy("|u1", "(2, 1, 1)", "ab");
  CHECK(load(scratch, images, npy("|u1", "(2, 3)", "abcdef")).labels.empty());
  CHECK(npz_splits(scratch / "a.npz")[0].labels == 3);
  CHECK(load(scratch, images, npy("|b1", "(2,)", std::string("\1\0", 2))).labels == Labels{1, 0});
}

TEST_CASE("arrays that are no images or labels are errors that say what is wrong") {
  Scratch scratch;
  const auto images = [&](const std::string& bytes) { return complaint(scratch, bytes); };
  const std::string four = "abcd";
  CHECK(mentions(images(npy("<f4", "(1, 1, 1)", four)), "train_images", "`<f4`", "astype(\"uint8\")"));
  CHECK(mentions(images(npy("|i1", "(1, 2, 2)", four)), "unsigned bytes"));
  CHECK(mentions(images(npy("|O", "(1, 2, 2)", four)), "type `|O`"));
  CHECK(mentions(images(npy("<U7", "(1, 2, 2)", four)), "type `<U7`"));
  CHECK(mentions(images(npy("|u1", "(1, 2, 2)", four, "True")), "Fortran", "ascontiguousarray"));
  CHECK(mentions(images(npy("|u1", "(2, 2)", four)), "[2, 2]", "[count, height, width]"));
  CHECK(mentions(images(npy("|u1", "(1, 2, 1, 2)", four)), "volumes"));
  CHECK(mentions(images(npy("|u1", "(0, 28, 28)", "")), "no pixels"));
  CHECK(mentions(images(npy("|u1", "()", "a")), "[]"));
  const std::string good = npy("|u1", "(1, 2, 2)", four);
  const auto labels = [&](const std::string& bytes) { return complaint(scratch, good, bytes); };
  CHECK(mentions(labels(npy("|u1", "(2,)", "ab")), "train_labels", "[2]", "1 images"));
  CHECK(mentions(labels(npy("|u1", "()", "a")), "[]", "1 images"));
  CHECK(mentions(labels(npy("<f4", "(1,)", four)), "labels are integers"));
  CHECK(mentions(labels(npy("|i1", "(1, 1)", "\xff")), "holds -1 at place 0"));
  CHECK(mentions(labels(npy("<u4", "(1, 1)", four)), "labels are 0 to 65535"));
  CHECK(mentions(labels(npy("<u8", "(1, 1)", std::string(8, '\xff'))), "labels are 0 to 65535"));
  CHECK(mentions(error_of([&] { load_npz_images(reference("rgb.npz"), Split::test); }), "no array `test_images`",
                 "`train_images`"));
}

TEST_CASE("headers of arrays that lie are errors, and no memory is asked for") {
  Scratch scratch;
  const auto complain = [&](const std::string& bytes) { return complaint(scratch, bytes); };
  CHECK(mentions(complain(npy("|u1", "(4294967295, 4294967295)", "")), "announces more than"));
  CHECK(mentions(complain(npy("|u1", "(99999999999999999999999, 1, 1)", "")), "header"));
  CHECK(mentions(complain(npy("|u1", "(4000000, 28, 28)", "abc")), "[4000000, 28, 28]", "but 3 follow"));
  CHECK(mentions(complain(npy("|u1", "(1, 1, 2)", "abc")), "but 3 follow"));
  CHECK(mentions(complain(npy("|u1", "(-1, 1, 2)", "abc")), "header"));
  CHECK(mentions(complain(npy("|u1", "(1, 1, 2", "abc")), "header"));
  CHECK(mentions(complain(npy("|u1", "(1, 1, 3)", "abc", "Maybe")), "header"));
  CHECK(mentions(complain(npy("u1', 'x': '", "(1, 1, 3)", "abc")), "header"));
  CHECK(mentions(complain("PNG"), "not an array in NumPy's format"));
  CHECK(mentions(complain(std::string("\x93NUMPY\7\0", 8)), "version 7"));
  CHECK(mentions(complain(std::string("\x93NUMPY\2\0\xff\xff\xff\x7f", 12)), "not plausible"));
  const std::string good = npy("|u1", "(1, 2, 2)", "abcd");
  for (std::size_t size = 0; size < good.size(); ++size) CHECK(!complain(good.substr(0, size)).empty());
}

TEST_CASE("an array whose bytes have another checksum is an error") {
  Scratch scratch;
  Entry entry = Entry::of("train_images.npy", npy("|u1", "(16384, 32, 32)", std::string(std::size_t{1} << 24, '\0')));
  entry.crc ^= 1;
  write_file_atomic(scratch / "a.npz", zip({entry}));
  CHECK(mentions(error_of([&] { load_npz_images(scratch / "a.npz", Split::train); }), "checksum"));
}
