#include "runtime/data/source.h"

#include <array>

#include <fmt/format.h>

#include "dsl/error.h"
#include "runtime/checksum.h"
#include "runtime/data/idx.h"
#include "runtime/data/known_sets.h"
#include "runtime/data/npz.h"
#include "runtime/data/png_folder.h"
#include "runtime/report/units.h"

namespace qiln::data {
namespace {

namespace fs = std::filesystem;

constexpr std::array splits = {Split::train, Split::val, Split::test};

std::string shortfall_of(const KnownSet& set, Split split, std::size_t count) {
  const std::size_t published = set.counts[static_cast<std::size_t>(split)];
  if (count >= published) return "";
  const std::string_view part = split == Split::train ? "training" : split == Split::val ? "validation" : "test";
  return fmt::format("{} of the {} {} images of {}", report::grouped(count), report::grouped(published), part,
                     set.title);
}

SourceImages load(const KnownSource& source, Split split, const Shape&) {
  const KnownSet& set = known_set(source.name);
  SourceImages result{.files = need_files(set, split, source.data_folder)};
  result.images = load_known_set(set, split, result.files);
  result.shortfall = shortfall_of(set, split, result.images.count);
  return result;
}

SourceImages load(const IdxSource& source, Split split, const Shape&) {
  if (split == Split::val) throw Error("IDX files have no split `val`", 1);
  const bool test = split == Split::test;
  const fs::path &images = test ? source.test_images : source.train_images,
                 &labels = test ? source.test_labels : source.train_labels;
  if (images.empty())
    throw Error(fmt::format("`idx` has no {0} images: name them, `{0}_images = \"…\"`", name_of(split)), 1);
  SourceImages result{.images = load_idx_images(images, labels), .files = {images}};
  if (!labels.empty()) result.files.push_back(labels);
  return result;
}

SourceImages load(const NpzSource& source, Split split, const Shape&) {
  return {.images = load_npz_images(source.file, split), .files = {source.file}};
}

SourceImages load(const PngSource& source, Split split, const Shape& shape) {
  PngFiles files = list_png_folder(source.folder, split, source.test);
  SourceImages result{.images = load_png_images(files, shape)};
  result.files = std::move(files.paths);
  result.folder = source.folder;
  return result;
}

std::vector<Split> splits_in(const KnownSource& source) {
  const KnownSet& set = known_set(source.name);
  std::vector<Split> found;
  for (const Split split : splits)
    if (const auto files = find_files(set, split, source.data_folder)) {
      if (files->front().extension() == ".npz") return splits_of(NpzSource{files->front()});
      found.push_back(split);
    }
  return found;
}

std::vector<Split> splits_in(const IdxSource& source) {
  std::vector<Split> found;
  if (!source.train_images.empty()) found.push_back(Split::train);
  if (!source.test_images.empty()) found.push_back(Split::test);
  return found;
}

std::vector<Split> splits_in(const NpzSource& source) {
  std::vector<Split> found;
  for (const NpzSplit& info : npz_splits(source.file)) found.push_back(info.split);
  return found;
}

std::vector<Split> splits_in(const PngSource& source) { return png_splits(source.folder, source.test); }

}  // namespace

SourceImages load_source(const Source& source, Split split, const Shape& shape) {
  SourceImages result = std::visit([&](const auto& of) { return load(of, split, shape); }, source);
  result.images = reshape(std::move(result.images), shape);
  return result;
}

std::vector<Split> splits_of(const Source& source) {
  return std::visit([](const auto& of) { return splits_in(of); }, source);
}

std::vector<SourceRecord> records_of(const SourceImages& source) {
  std::vector<SourceRecord> records;
  if (source.folder.empty()) {
    for (const fs::path& file : source.files) records.push_back({fs::absolute(file).string(), md5_of_file(file)});
    return records;
  }
  std::string lines;
  for (const fs::path& file : source.files)
    lines += fmt::format("{}  {}\n", md5_of_file(file), file.lexically_relative(source.folder).string());
  return {{fs::absolute(source.folder).string(), md5_of(lines)}};
}

}  // namespace qiln::data
