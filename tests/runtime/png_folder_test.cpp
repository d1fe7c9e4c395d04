#include "runtime/data/png_folder.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "runtime/data/png.h"
#include "runtime/files.h"
#include "tests/catch.h"
#include "tests/runtime/scratch.h"

using namespace qiln;
using namespace qiln::data;
using qiln::test::error_of;
using qiln::test::mentions;
using qiln::test::Scratch;

namespace {

namespace fs = std::filesystem;
using Names = std::vector<std::string>;
using Labels = std::vector<std::int32_t>;

/// Writes an image of one level, making its folders.
void put(const Scratch& scratch, const std::string& path, int level, std::size_t width = 2, std::size_t channels = 1) {
  const fs::path whole = scratch / path;
  make_folder(whole.parent_path());
  Raster raster{.width = width, .height = 2, .channels = channels};
  raster.pixels.assign(2 * width * channels, static_cast<std::uint8_t>(level));
  write_png(whole, raster);
}

Images load(const fs::path& folder, Split split = Split::train, const Shape& shape = {}) {
  return load_png_images(list_png_folder(folder, split), shape);
}

std::vector<int> levels(const Images& images) {
  std::vector<int> result;
  for (std::size_t i = 0; i < images.count; ++i) result.push_back(images.image(i)[0]);
  return result;
}

}  // namespace

TEST_CASE("a folder of images has no labels, and names are its order") {
  Scratch scratch;
  put(scratch, "b.png", 2), put(scratch, "a.PNG", 1), put(scratch, "c.png", 3), put(scratch, ".hidden.png", 9);
  write_file_atomic(scratch / "notes.txt", "about");
  const Images images = load(scratch.path());
  CHECK(levels(images) == std::vector<int>{1, 2, 3});
  CHECK((images.channels == 1 && images.height == 2 && images.width == 2));
  CHECK((images.labels.empty() && images.classes.empty()));
  CHECK(png_splits(scratch.path()) == std::vector{Split::train});
}

TEST_CASE("subfolders are classes") {
  Scratch scratch;
  put(scratch, "dog/1.png", 1), put(scratch, "cat/1.png", 2), put(scratch, "cat/2.png", 3);
  const Images images = load(scratch.path());
  CHECK(levels(images) == std::vector<int>{2, 3, 1});
  CHECK(images.labels == Labels{0, 0, 1});
  CHECK(images.classes == Names{"cat", "dog"});
}

TEST_CASE("train, val and test are splits of the same classes") {
  Scratch scratch;
  put(scratch, "train/dog/1.png", 1), put(scratch, "train/cat/1.png", 2);
  put(scratch, "test/dog/1.png", 3), put(scratch, "test/ant/1.png", 4);
  CHECK(png_splits(scratch.path()) == std::vector{Split::train, Split::test});
  const Images train = load(scratch.path()), test = load(scratch.path(), Split::test);
  CHECK(train.classes == Names{"ant", "cat", "dog"});
  CHECK(train.labels == Labels{1, 2});
  CHECK((test.classes == train.classes && test.labels == Labels{0, 2}));
  CHECK(mentions(error_of([&] { load(scratch.path(), Split::val); }), "no folder `val`"));
  CHECK(mentions(error_of([&] { list_png_folder(scratch.path(), Split::test, 0.5); }), "no share"));
}

TEST_CASE("a share of each class is set aside as test images") {
  Scratch scratch;
  for (int i = 0; i < 20; ++i) put(scratch, fmt::format("a/{}.png", i), i);
  for (int i = 0; i < 10; ++i) put(scratch, fmt::format("b/{}.png", i), 100 + i);
  const auto train = list_png_folder(scratch.path(), Split::train, 0.2);
  const auto test = list_png_folder(scratch.path(), Split::test, 0.2);
  CHECK((train.paths.size() == 24 && std::count(train.labels.begin(), train.labels.end(), 1) == 8));
  CHECK((test.paths.size() == 6 && std::count(test.labels.begin(), test.labels.end(), 1) == 2));
  std::set<fs::path> all(train.paths.begin(), train.paths.end());
  all.insert(test.paths.begin(), test.paths.end());
  CHECK(all.size() == 30);
  put(scratch, "a/later.png", 50);
  const auto again = list_png_folder(scratch.path(), Split::test, 0.2);
  std::vector<fs::path> kept;
  std::set_intersection(test.paths.begin(), test.paths.end(), again.paths.begin(), again.paths.end(),
                        std::back_inserter(kept));
  CHECK(kept.size() >= 5);
  CHECK(mentions(error_of([&] { load(scratch.path(), Split::test); }), "no `test` images", "test = 0.2"));
  CHECK(mentions(error_of([&] { list_png_folder(scratch.path(), Split::test, 0.01); }), "none"));
}

TEST_CASE("one RGB image makes all RGB, and sizes differ only with a size to come to") {
  Scratch scratch;
  put(scratch, "a.png", 1), put(scratch, "b.png", 2, 2, 3), put(scratch, "c.png", 3);
  const Images images = load(scratch.path());
  CHECK(images.channels == 3);
  CHECK(levels(images) == std::vector<int>{1, 2, 3});
  CHECK(images.image(2)[11] == 3);
  CHECK(load(scratch.path(), Split::train, {.channels = 1}).channels == 1);
  put(scratch, "d.png", 4, 5);
  CHECK(mentions(error_of([&] { load(scratch.path()); }), "d.png", "5 x 2", "a.png", "2 x 2", "size"));
  const Images sized = load(scratch.path(), Split::train, {.height = 4, .width = 4});
  CHECK((sized.height == 4 && sized.count == 4 && sized.image(3)[0] == 4));
}

TEST_CASE("folders that are laid out in no clear way are errors") {
  Scratch scratch;
  const auto complain = [&](const std::string& name) { return error_of([&] { load(scratch / name); }); };
  CHECK(mentions(complain("none"), "no such folder"));
  make_folder(scratch / "empty");
  CHECK(mentions(complain("empty"), "no PNG image"));
  put(scratch, "both/a.png", 1), put(scratch, "both/b/a.png", 1);
  CHECK(mentions(complain("both"), "a.png", "beside folders"));
  put(scratch, "deep/a/b/c.png", 1);
  CHECK(mentions(complain("deep"), "folder within a class"));
  put(scratch, "mixed/a.png", 1);
  write_file_atomic(scratch / "mixed/b.JPG", "jpeg");
  CHECK(mentions(complain("mixed"), "b.JPG", "only PNG"));
  make_folder(scratch / "broken");
  write_file_atomic(scratch / "broken/a.png", "not a PNG");
  CHECK(mentions(complain("broken"), "a.png", "as PNG"));
  CHECK(mentions(complain("broken/a.png"), "not a folder"));
}
