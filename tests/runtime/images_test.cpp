#include "runtime/data/images.h"

#include <zlib.h>

#include <algorithm>
#include <set>

#include "runtime/data/idx.h"
#include "runtime/files.h"
#include "tests/catch.h"
#include "tests/runtime/scratch.h"

using namespace qiln;
using namespace qiln::data;
using qiln::test::error_of;
using qiln::test::mentions;
using qiln::test::Scratch;

namespace {

std::string idx(std::initializer_list<unsigned> shape, const std::string& elements) {
  std::string bytes = {0, 0, 8, static_cast<char>(shape.size())};
  for (const unsigned extent : shape)
    for (int shift = 24; shift >= 0; shift -= 8) bytes += static_cast<char>(extent >> shift);
  return bytes + elements;
}

std::string error_of_idx(const Scratch& scratch, const std::string& bytes) {
  write_file_atomic(scratch / "f", bytes);
  return error_of([&] { load_idx(scratch / "f"); });
}

std::string gzip(const Scratch& scratch, const std::string& bytes) {
  const auto path = scratch / "packed.gz";
  gzFile file = gzopen(path.c_str(), "wb");
  gzwrite(file, bytes.data(), static_cast<unsigned>(bytes.size()));
  gzclose(file);
  return read_file(path);
}

/// Eight 1×1 images whose pixel is their index, labels 0 1 2 0 1 2 0 1.
Images eight() {
  Images images{.count = 8, .channels = 1, .height = 1, .width = 1};
  for (int i = 0; i < 8; ++i) {
    images.pixels.push_back(static_cast<std::uint8_t>(i));
    images.labels.push_back(i % 3);
  }
  images.classes = {"zero", "one", "two"};
  return images;
}

}  // namespace

TEST_CASE("IDX files are read, plain and gzip") {
  Scratch scratch;
  const std::string bytes = idx({2, 1, 3}, "abcdef");
  write_file_atomic(scratch / "plain", bytes);
  write_file_atomic(scratch / "packed", gzip(scratch, bytes));
  for (const auto name : {"plain", "packed"}) {
    const IdxArray array = load_idx(scratch / name);
    CHECK(array.shape == std::vector<std::size_t>{2, 1, 3});
    CHECK(std::string(array.elements.begin(), array.elements.end()) == "abcdef");
  }
}

TEST_CASE("IDX images with channels last become channels first") {
  Scratch scratch;
  write_file_atomic(scratch / "rgb", idx({1, 1, 2, 3}, "RGBrgb"));
  write_file_atomic(scratch / "labels", idx({1}, "\7"));
  const Images images = load_idx_images(scratch / "rgb", scratch / "labels");
  CHECK(images.channels == 3);
  CHECK(std::string(images.pixels.begin(), images.pixels.end()) == "RrGgBb");
  CHECK(images.labels == std::vector<std::int32_t>{7});
  CHECK(images.classes == std::vector<std::string>{"0", "1", "2", "3", "4", "5", "6", "7"});
}

TEST_CASE("damaged IDX files are errors that name the place") {
  Scratch scratch;
  CHECK(mentions(error_of([&] { load_idx(scratch / "none"); }), "none", "No such file"));
  CHECK(mentions(error_of([&] { load_idx(scratch.path()); }), "folder"));
  CHECK(mentions(error_of_idx(scratch, ""), "shorter than an IDX header"));
  CHECK(mentions(error_of_idx(scratch, "PNG..."), "bytes 0 and 1", "0x50"));
  CHECK(mentions(error_of_idx(scratch, std::string("\0\0\x0d\1\0\0\0\0", 8)), "byte 2", "0x0d"));
  CHECK(mentions(error_of_idx(scratch, std::string("\0\0\x08\x09", 4)), "byte 3", "9 dimensions"));
  CHECK(mentions(error_of_idx(scratch, idx({2, 2}, "").substr(0, 10)), "header ends early, at byte 8"));
  CHECK(mentions(error_of_idx(scratch, idx({2, 3}, "abcd")), "[2, 3]", "6 bytes", "only 4"));
  CHECK(mentions(error_of_idx(scratch, idx({2, 2}, "abcde")), "bytes follow after offset 16"));
  CHECK(mentions(error_of_idx(scratch, idx({4294967295u, 4294967295u}, "")), "byte 8", "damaged"));
  CHECK(mentions(error_of_idx(scratch, idx({65536, 65536}, "x")), "only 1"));
}

TEST_CASE("damaged gzip data is an error") {
  Scratch scratch;
  std::string noise;
  for (unsigned i = 0, x = 1; i < 5000; ++i) noise += static_cast<char>((x = x * 1664525u + 1013904223u) >> 24);
  const std::string good = gzip(scratch, idx({5000}, noise));
  for (const std::size_t cut : {std::size_t{12}, good.size() / 2, good.size() - 1})
    CHECK(mentions(error_of_idx(scratch, good.substr(0, cut)), "gzip data ends early", "fetch the file again"));
  std::string flipped = good;
  flipped[good.size() - 6] ^= 1;  // in the checksum
  CHECK(mentions(error_of_idx(scratch, flipped), "gzip data is damaged", "fetch the file again"));
}

TEST_CASE("labels must fit the images") {
  Scratch scratch;
  write_file_atomic(scratch / "images", idx({2, 1, 1}, "ab"));
  write_file_atomic(scratch / "labels", idx({3}, "abc"));
  write_file_atomic(scratch / "empty", idx({0, 28, 28}, ""));
  CHECK(mentions(error_of([&] { load_idx_images(scratch / "images", scratch / "labels"); }), "[3]", "2 images"));
  CHECK(mentions(error_of([&] { load_idx_images(scratch / "labels"); }), "[count, height, width]"));
  CHECK(mentions(error_of([&] { load_idx_images(scratch / "empty"); }), "no pixels"));
}

TEST_CASE("a selection filters by label and keeps the order") {
  const Images twos = select(eight(), {.labels = {2, 1}});
  CHECK(twos.count == 5);
  CHECK(twos.pixels == std::vector<std::uint8_t>{1, 2, 4, 5, 7});
  CHECK(twos.labels == std::vector<std::int32_t>{1, 2, 1, 2, 1});
  CHECK(twos.classes == eight().classes);
  CHECK(select(eight(), {.limit = 100}).pixels == eight().pixels);
}

TEST_CASE("the seed draws the subset, and draws are nested") {
  std::set<std::vector<std::uint8_t>> seen;
  for (std::uint64_t seed = 0; seed < 200; ++seed) {
    const Images two = select(eight(), {.limit = 2, .seed = seed}), three = select(eight(), {.limit = 3, .seed = seed});
    CHECK(two.pixels[0] < two.pixels[1]);
    CHECK(std::includes(three.pixels.begin(), three.pixels.end(), two.pixels.begin(), two.pixels.end()));
    seen.insert(two.pixels);
  }
  CHECK(seen.size() == 28);  // all pairs of eight
  CHECK(select(eight(), {.limit = 4, .seed = 9}).pixels == select(eight(), {.limit = 4, .seed = 9}).pixels);
}

TEST_CASE("so many of each class are drawn by seed, and draws are nested") {
  for (std::uint64_t seed = 0; seed < 50; ++seed) {
    const Images one = select(eight(), {.per_class = 1, .seed = seed});
    const Images two = select(eight(), {.per_class = 2, .seed = seed});
    CHECK(std::multiset<int>(one.labels.begin(), one.labels.end()) == std::multiset<int>{0, 1, 2});
    CHECK(std::multiset<int>(two.labels.begin(), two.labels.end()) == std::multiset<int>{0, 0, 1, 1, 2, 2});
    CHECK(std::includes(two.pixels.begin(), two.pixels.end(), one.pixels.begin(), one.pixels.end()));
    const Images few = select(eight(), {.per_class = 2, .limit = 3, .seed = seed});
    CHECK(few.count == 3);
    CHECK(std::includes(two.pixels.begin(), two.pixels.end(), few.pixels.begin(), few.pixels.end()));
  }
  CHECK(select(eight(), {.per_class = 9}).pixels == eight().pixels);
  CHECK(select(eight(), {.labels = {2}, .per_class = 1}).count == 1);
}

TEST_CASE("images that are held out are no others' and move none") {
  for (std::uint64_t seed = 0; seed < 50; ++seed) {
    const Selection plain{.limit = 3, .seed = seed}, with{.limit = 3, .held_out = 4, .seed = seed};
    CHECK(select(eight(), with).pixels == select(eight(), plain).pixels);
    const Images kept = select(eight(), with), held = select_held_out(eight(), with);
    CHECK((held.count == 4 && held.classes == eight().classes));
    std::set<std::uint8_t> all(kept.pixels.begin(), kept.pixels.end());
    all.insert(held.pixels.begin(), held.pixels.end());
    CHECK(all.size() == 7);
    const Selection rest{.held_out = 3, .seed = seed};
    CHECK((select(eight(), rest).count == 5 && select_held_out(eight(), rest).count == 3));
  }
  CHECK(select_held_out(eight(), {}).count == 0);
  CHECK(mentions(error_of([] { select(eight(), {.labels = {2}, .held_out = 2}); }), "`held_out` is 2", "2 images"));
}

TEST_CASE("selections that keep nothing are errors") {
  CHECK(mentions(error_of([] { select(eight(), {.labels = {7, 8}}); }), "[7, 8]", "[0, 1, 2]"));
  CHECK(mentions(error_of([] { select(eight(), {.limit = 0}); }), "limit"));
  Images unlabelled = eight();
  unlabelled.labels.clear();
  unlabelled.classes.clear();
  CHECK(mentions(error_of([&] { select(unlabelled, {.labels = {1}}); }), "no labels"));
  CHECK(mentions(error_of([&] { select(unlabelled, {.per_class = 1}); }), "per_class", "no labels"));
}

TEST_CASE("pixels scale to [-1, 1]") {
  const Images images{
      .count = 1, .channels = 1, .height = 1, .width = 3, .pixels = {0, 51, 255}, .labels = {}, .classes = {}};
  const auto scaled = scale_images(images);
  CHECK(scaled[0] == -1.0f);
  CHECK(scaled[1] == Approx(-0.6).epsilon(1e-6));
  CHECK(scaled[2] == 1.0f);
}
