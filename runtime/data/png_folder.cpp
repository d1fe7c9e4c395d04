#include "runtime/data/png_folder.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <cmath>
#include <optional>
#include <set>
#include <tuple>

#include <fmt/format.h>

#include "dsl/error.h"
#include "runtime/data/memory_limit.h"
#include "runtime/data/png.h"
#include "runtime/random/philox.h"

namespace qiln::data {
namespace {

namespace fs = std::filesystem;

constexpr std::array splits = {Split::train, Split::val, Split::test};

[[noreturn]] void fail(const fs::path& path, std::string_view what) {
  throw Error(fmt::format("cannot read `{}`: {}", path.string(), what), 1);
}

std::string extension(const fs::path& path) {
  std::string text = path.extension().string();
  for (char& c : text) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  return text;
}

bool other_image(const fs::path& path) {
  static const std::set<std::string> formats = {".jpg",  ".jpeg", ".bmp", ".gif", ".tif",
                                                ".tiff", ".webp", ".pgm", ".ppm"};
  return formats.contains(extension(path));
}

struct Contents {
  std::vector<fs::path> images, folders;  // sorted
};

Contents contents_of(const fs::path& folder) {
  std::error_code code;
  fs::directory_iterator entries(folder, code);
  if (code) fail(folder, code.message());
  Contents found;
  for (const fs::directory_entry& entry : entries) {
    const fs::path& path = entry.path();
    std::error_code ignored;
    if (path.filename().string().starts_with('.')) continue;
    if (entry.is_directory(ignored))
      found.folders.push_back(path);
    else if (extension(path) == ".png")
      found.images.push_back(path);
    else if (other_image(path))
      fail(path, "only PNG images are read; convert it, or move it out of the folder");
  }
  std::sort(found.images.begin(), found.images.end());
  std::sort(found.folders.begin(), found.folders.end());
  return found;
}

bool has_splits(const fs::path& folder) {
  std::error_code ignored;
  return fs::is_directory(folder / name_of(Split::train), ignored);
}

/// The names of the classes of a folder and of its splits, where they are.
std::vector<std::string> classes_of(const fs::path& folder) {
  std::set<std::string> names;
  std::error_code ignored;
  for (const Split split : splits)
    if (const fs::path part = has_splits(folder) ? folder / name_of(split) : folder; fs::is_directory(part, ignored))
      for (const fs::path& child : contents_of(part).folders) names.insert(child.filename().string());
  return {names.begin(), names.end()};
}

/// Orders a class by a hash of its names: the first are the test images.
std::vector<bool> set_aside(const std::vector<fs::path>& images, double share) {
  using Key = std::tuple<std::uint32_t, std::size_t>;
  std::vector<Key> order;
  for (std::size_t i = 0; i < images.size(); ++i) {
    const random::Stream stream{.seed = 0, .site = random::site_hash(images[i].filename().string())};
    order.emplace_back(stream.word(0), i);
  }
  std::sort(order.begin(), order.end());
  std::vector<bool> chosen(images.size(), false);
  const auto count = static_cast<std::size_t>(std::lround(share * static_cast<double>(images.size())));
  for (std::size_t k = 0; k < count; ++k) chosen[std::get<1>(order[k])] = true;
  return chosen;
}

/// Adds a folder's images to `files`, those set aside when the test images are asked for and the others when not.
void add_images(const std::vector<fs::path>& images, std::optional<std::int32_t> label, double share, bool test,
                PngFiles& files) {
  const std::vector<bool> chosen = set_aside(images, share);
  for (std::size_t i = 0; i < images.size(); ++i) {
    if (chosen[i] != test) continue;
    files.paths.push_back(images[i]);
    if (label) files.labels.push_back(*label);
  }
}

fs::path folder_of_split(const fs::path& folder, Split split, double share) {
  std::error_code ignored;
  const std::string name(name_of(split));
  if (!fs::is_directory(folder, ignored))
    fail(folder, fs::exists(folder, ignored) ? "it is not a folder" : "there is no such folder");
  if (!has_splits(folder)) {
    if (split == Split::train || (split == Split::test && share > 0)) return folder;
    fail(folder, fmt::format("it has no `{}` images; make folders `train` and `{}` in it{}", name, name,
                             split == Split::test ? ", or set a share aside with `png(…, test = 0.2)`" : ""));
  }
  if (share > 0)
    fail(folder, "it has a folder `train`, so that no share can be set aside as test images; leave `test` out");
  if (!fs::is_directory(folder / name, ignored))
    fail(folder, fmt::format("it has a folder `train` but no folder `{}`", name));
  return folder / name;
}

Images load_png_image(const fs::path& path) {
  const Raster raster = read_png(path);
  Images image{.count = 1, .channels = raster.channels, .height = raster.height, .width = raster.width};
  image.pixels.resize(raster.pixels.size());
  const std::size_t plane = raster.width * raster.height;
  for (std::size_t p = 0; p < plane; ++p)
    for (std::size_t c = 0; c < raster.channels; ++c)
      image.pixels[c * plane + p] = raster.pixels[p * raster.channels + c];
  return image;
}

}  // namespace

std::vector<Split> png_splits(const fs::path& folder, double test_share) {
  if (!has_splits(folder)) return test_share > 0 ? std::vector{Split::train, Split::test} : std::vector{Split::train};
  std::vector<Split> found;
  std::error_code ignored;
  for (const Split split : splits)
    if (fs::is_directory(folder / name_of(split), ignored)) found.push_back(split);
  return found;
}

PngFiles list_png_folder(const fs::path& folder, Split split, double test_share) {
  const fs::path part = folder_of_split(folder, split, test_share);
  const Contents top = contents_of(part);
  const bool test = split == Split::test && test_share > 0;
  PngFiles files;
  if (top.folders.empty()) {
    add_images(top.images, std::nullopt, test_share, test, files);
  } else {
    if (!top.images.empty())
      fail(part, fmt::format("it holds the image `{}` beside folders such as `{}`; give each class a folder, or all "
                             "images one",
                             top.images.front().filename().string(), top.folders.front().filename().string()));
    files.classes = classes_of(folder);
    for (const fs::path& child : top.folders) {
      const Contents inner = contents_of(child);
      if (!inner.folders.empty()) fail(inner.folders.front(), "it is a folder within a class");
      const auto place = std::lower_bound(files.classes.begin(), files.classes.end(), child.filename().string());
      add_images(inner.images, static_cast<std::int32_t>(place - files.classes.begin()), test_share, test, files);
    }
  }
  if (files.paths.empty()) fail(part, test ? "its share of test images is none" : "it holds no PNG image");
  return files;
}

Images load_png_images(const PngFiles& files, const Shape& shape) {
  Images images{.labels = files.labels, .classes = files.classes};
  for (const fs::path& path : files.paths) {
    Images one = reshape(load_png_image(path), shape);
    if (images.count == 0) images.channels = one.channels, images.height = one.height, images.width = one.width;
    if (one.height != images.height || one.width != images.width)
      fail(path, fmt::format("it is {} x {} pixels and `{}` {} x {}; say `data {{ size = … }}`", one.width, one.height,
                             files.paths.front().string(), images.width, images.height));
    const std::size_t channels = std::max(images.channels, one.channels);
    if (files.paths.size() * channels * one.height * one.width > memory_limit())
      fail(path, fmt::format("{} images like it are more than the {} bytes that are read into this machine's memory; "
                             "say `data {{ size = … }}`",
                             files.paths.size(), memory_limit()));
    if (images.channels < channels) images = reshape(std::move(images), {.channels = channels});
    if (one.channels < channels) one = reshape(std::move(one), {.channels = channels});
    images.pixels.insert(images.pixels.end(), one.pixels.begin(), one.pixels.end());
    ++images.count;
  }
  return images;
}

}  // namespace qiln::data
