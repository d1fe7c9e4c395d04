#include "runtime/data/known_sets.h"

#include <stdlib.h>

#include <algorithm>

#include "runtime/data/data_folder.h"
#include "runtime/data/source.h"
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

namespace fs = std::filesystem;

const fs::path shipped = fs::path(QILN_SOURCE_DIR) / "models" / "data";

/// A variable of the environment for the length of a scope.
class Variable {
 public:
  Variable(const char* name, const std::string& value) : name_(name), old_(::getenv(name) ? ::getenv(name) : "") {
    ::setenv(name, value.c_str(), 1);
  }
  ~Variable() { old_.empty() ? ::unsetenv(name_) : ::setenv(name_, old_.c_str(), 1); }

 private:
  const char* name_;
  std::string old_;
};

Images load(const std::string& name, Split split, const fs::path& folder = {}) {
  return load_known_set(known_set(name), split, need_files(known_set(name), split, folder));
}

/// An archive with `count` images of 28 x 28, all of label 0 but the last.
std::string archive(int count, char last) {
  std::string labels(static_cast<std::size_t>(count), '\0');
  labels.back() = last;
  const std::string size = std::to_string(count);
  return zip(
      {Entry::of("train_images.npy", npy("|u1", "(" + size + ", 28, 28)", std::string(784 * labels.size(), 'x'))),
       Entry::of("train_labels.npy", npy("|u1", "(" + size + ", 1)", labels))});
}

void put(const fs::path& path, const std::string& bytes) {
  make_folder(path.parent_path());
  write_file_atomic(path, bytes);
}

}  // namespace

// First labels and class counts as any other reader of the original files gives them; the first ten training labels are
// those printed in every MNIST tutorial.
TEST_CASE("the MNIST that ships is found and read") {
  const Images train = load("mnist", Split::train, shipped), test = load("mnist", Split::test, shipped);
  CHECK(train.count == 6000);
  CHECK(train.classes.size() == 10);
  CHECK(test.count == 10000);
  CHECK((train.channels == 1 && train.height == 28 && train.width == 28));
  CHECK(std::vector<int>(train.labels.begin(), train.labels.begin() + 10) ==
        std::vector<int>{5, 0, 4, 1, 9, 2, 1, 3, 1, 4});
  CHECK(std::vector<int>(test.labels.begin(), test.labels.begin() + 5) == std::vector<int>{7, 2, 1, 0, 4});
  CHECK(std::count(test.labels.begin(), test.labels.end(), 3) == 1010);  // class counts of the official test set
  CHECK(std::count(test.labels.begin(), test.labels.end(), 5) == 892);
  CHECK(mentions(error_of([] { load("mnist", Split::val, shipped); }), "MNIST has no split `val`"));
}

TEST_CASE("QILN_DATA names the data folder, and no other counts then") {
  Scratch scratch;
  const Variable data("QILN_DATA", scratch.path().string());
  CHECK(data_folders() == std::vector<fs::path>{scratch.path()});
  CHECK(data_folders(shipped) == std::vector<fs::path>{shipped});
  CHECK(fetch_folder() == scratch.path());
  CHECK(mentions(error_of([] { load("mnist", Split::train); }), "train-images-idx3-ubyte", "QILN_DATA", "fetch mnist"));
  const Variable wrong("QILN_DATA", "/nonexistent/data");
  CHECK(mentions(error_of([] { data_folders(); }), "/nonexistent/data", "not a folder"));
  CHECK(fetch_folder() == "/nonexistent/data");
}

TEST_CASE("a fetched set takes precedence over the one that ships") {
  Scratch scratch;
  const Variable data("QILN_DATA", ""), cache("XDG_CACHE_HOME", scratch.path().string());
  CHECK(data_folders() == std::vector<fs::path>{shipped});
  CHECK(fetch_folder() == scratch / "qiln/data");
  CHECK(load("mnist", Split::train).count == 6000);
  put(scratch / "qiln/data/pneumoniamnist/pneumoniamnist.npz", archive(3, 1));
  CHECK(data_folders() == std::vector<fs::path>{scratch / "qiln/data", shipped});
  CHECK(load("pneumoniamnist", Split::train).count == 3);
  CHECK(load("mnist", Split::train).count == 6000);
  put(scratch / "qiln/data/mnist/train-images-idx3-ubyte", "half of a set does not count");
  CHECK(load("mnist", Split::train).count == 6000);
}

TEST_CASE("a known set names its classes, and what does not belong to it is an error") {
  Scratch scratch;
  const fs::path file = scratch / "pneumoniamnist/pneumoniamnist.npz";
  put(file, archive(2, 1));
  const SourceImages source = load_source(KnownSource{"pneumoniamnist", scratch.path()}, Split::train);
  CHECK(source.images.labels == std::vector<std::int32_t>{0, 1});
  CHECK(source.images.classes == std::vector<std::string>{"normal", "pneumonia"});
  CHECK(source.shortfall == "2 of the 4,708 training images of PneumoniaMNIST");
  CHECK(splits_of(KnownSource{"pneumoniamnist", scratch.path()}) == std::vector{Split::train});
  put(file, archive(2, 2));
  CHECK(mentions(error_of([&] { load("pneumoniamnist", Split::train, scratch.path()); }), "label 2", "2 classes"));
  put(scratch / "pathmnist/pathmnist.npz", archive(2, 1));
  CHECK(mentions(error_of([&] { load("pathmnist", Split::train, scratch.path()); }), "[1, 28, 28], not [3, 28, 28]"));
  CHECK(mentions(error_of([] { known_set("pathminst"); }), "did you mean `pathmnist`"));
}

TEST_CASE("the table of known sets is whole") {
  CHECK(known_sets().size() == 13);
  for (const KnownSet& set : known_sets()) {
    INFO(set.name);
    CHECK((set.channels == 1 || set.channels == 3));
    CHECK((set.counts[0] > 0 && set.counts[2] > 0));
    CHECK(set.licence.starts_with("CC BY"));
    CHECK(!set.mirrors.empty());
    for (const std::string& mirror : set.mirrors) CHECK(mentions(mirror, "{}"));
    for (const PublishedFile& file : set.files) {
      CHECK(file.md5.size() == 32);
      CHECK(file.md5.find_first_not_of("0123456789abcdef") == std::string::npos);
    }
  }
}

TEST_CASE("files are recorded with their MD5") {
  Scratch scratch;
  put(scratch / "a.npz", archive(1, 0));
  const SourceImages one = load_source(NpzSource{scratch / "a.npz"}, Split::train);
  REQUIRE(records_of(one).size() == 1);
  CHECK(records_of(one)[0].path == (scratch / "a.npz").string());
  CHECK(records_of(one)[0].md5.size() == 32);
  SourceImages folder{.files = {scratch / "x/1", scratch / "x/2"}, .folder = scratch / "x"};
  put(folder.files[0], "hello\n"), put(folder.files[1], "");
  // printf 'b1946ac92492d2347c6235b4d2611184  1\nd41d8cd98f00b204e9800998ecf8427e  2\n' | md5sum
  REQUIRE(records_of(folder).size() == 1);
  CHECK(records_of(folder)[0].path == (scratch / "x").string());
  CHECK(records_of(folder)[0].md5 == "17d74852f1ad0d5558683f10b03a420a");
}
