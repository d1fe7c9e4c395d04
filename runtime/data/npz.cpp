#include "runtime/data/npz.h"

#include <algorithm>
#include <array>
#include <cstring>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "dsl/error.h"
#include "runtime/data/memory_limit.h"
#include "runtime/data/npy.h"
#include "runtime/data/zip.h"

namespace qiln::data {
namespace {

constexpr std::int64_t largest_label = 65535;
constexpr std::array splits = {Split::train, Split::val, Split::test};

[[noreturn]] void fail(const std::filesystem::path& path, std::string_view what) {
  throw Error(fmt::format("cannot read `{}`: {}", path.string(), what));
}

std::string key_of(Split split, std::string_view what) { return fmt::format("{}_{}", name_of(split), what); }

/// An array of the archive that is being read.
struct Array {
  std::string name;
  ZipReader bytes;
  NpyHeader header;
};

Array open_array(const ZipArchive& archive, const std::string& key) {
  const std::string file = key + ".npy";
  const ZipEntry* entry = archive.find(file);
  if (!entry) {
    std::vector<std::string> names;
    for (const ZipEntry& other : archive.entries()) names.push_back(other.name.substr(0, other.name.rfind(".npy")));
    names.resize(std::min<std::size_t>(names.size(), 20));
    fail(archive.path(), fmt::format("it has no array `{}`; it holds {}", key,
                                     names.empty() ? "none" : fmt::format("`{}`", fmt::join(names, "`, `"))));
  }
  Array array{fmt::format("cannot read `{}`: `{}`", archive.path().string(), key), archive.open(*entry), {}};
  std::uint64_t used = 0;
  const auto read = [&](auto* out, std::size_t size) { return used += size, array.bytes.read(out, size); };
  array.header = read_npy_header(read, array.name);
  if (const std::uint64_t bytes = array.header.elements * array.header.element_size(); entry->unpacked != used + bytes)
    throw Error(fmt::format("{} has the shape [{}], {} bytes, but {} follow its header; fetch the file again",
                            array.name, fmt::join(array.header.shape, ", "), bytes, entry->unpacked - used));
  return array;
}

/// How the pixels of an image lie.
struct Layout {
  std::size_t count, channels, height, width;
  bool channels_last;

  std::size_t plane() const { return height * width; }
  std::size_t image() const { return channels * plane(); }
};

Layout layout_of(const Array& array) {
  const auto& shape = array.header.shape;
  const auto reject = [&](std::string_view why) {
    throw Error(fmt::format("{} has the shape [{}]; {}", array.name, fmt::join(shape, ", "), why));
  };
  const auto colours = [](std::size_t extent) { return extent == 1 || extent == 3; };
  if (array.header.type[1] != 'u' || array.header.type[2] != '1')
    throw Error(fmt::format("{} has elements of type `{}`; images are unsigned bytes: store `(…).astype(\"uint8\")`",
                            array.name, array.header.type));
  if (shape.size() != 3 && shape.size() != 4) reject("images are [count, height, width] or [count, height, width, 3]");
  if (array.header.elements == 0) reject("there are no pixels");
  if (shape.size() == 3) return {shape[0], 1, shape[1], shape[2], true};
  if (colours(shape[3])) return {shape[0], shape[3], shape[1], shape[2], true};
  if (!colours(shape[1])) reject("neither its last axis nor its second is 1 or 3 channels; volumes are not read");
  return {shape[0], shape[1], shape[2], shape[3], false};
}

void read_pixels(Array& array, const Layout& layout, std::vector<std::uint8_t>& pixels) {
  if (array.header.elements > memory_limit())
    throw Error(fmt::format("{} has {} bytes, more than the {} that are read into this machine's memory", array.name,
                            array.header.elements, memory_limit()));
  const std::size_t plane = layout.plane();
  std::vector<std::uint8_t> image(layout.image());
  pixels.reserve(array.header.elements);  // pages come into being as they are filled
  for (std::size_t i = 0; i < layout.count; ++i) {
    if (array.bytes.read(image.data(), image.size()) != image.size())
      throw Error(fmt::format("{} announces {} images and ends in number {}; fetch the file again", array.name,
                              layout.count, i));
    const std::size_t begin = pixels.size();
    pixels.insert(pixels.end(), image.begin(), image.end());
    if (!layout.channels_last || layout.channels == 1) continue;
    for (std::size_t p = 0; p < plane; ++p)
      for (std::size_t c = 0; c < layout.channels; ++c) pixels[begin + c * plane + p] = image[p * layout.channels + c];
  }
  array.bytes.finish();
}

std::int64_t integer_of(const std::uint8_t* bytes, const NpyHeader& header) {
  const std::size_t size = header.element_size();
  std::uint64_t value = 0;
  for (std::size_t i = 0; i < size; ++i)
    value |= std::uint64_t{bytes[header.type[0] == '>' ? size - 1 - i : i]} << (8 * i);
  if (header.type[1] == 'i' && size < 8 && value >> (8 * size - 1) & 1) value |= ~std::uint64_t{0} << (8 * size);
  return static_cast<std::int64_t>(value);
}

/// Whether each image has one label; other shapes than [count, L] are errors.
bool single(const Array& array, std::size_t count) {
  const auto& shape = array.header.shape;
  if ((shape.size() != 1 && shape.size() != 2) || shape[0] != count || (shape.size() == 2 && shape[1] == 0))
    throw Error(
        fmt::format("{} has the shape [{}], but there are {} images", array.name, fmt::join(shape, ", "), count));
  return shape.size() == 1 || shape[1] == 1;
}

void read_labels(Array& array, Images& images) {
  if (!single(array, images.count)) return;
  if (array.header.type[1] == 'f')
    throw Error(fmt::format("{} has elements of type `{}`; labels are integers", array.name, array.header.type));
  std::array<std::uint8_t, 8> bytes;
  const std::size_t size = array.header.element_size();
  for (std::size_t i = 0; i < images.count; ++i) {
    if (array.bytes.read(bytes.data(), size) != size)
      throw Error(
          fmt::format("{} announces {} labels and ends after {}; fetch the file again", array.name, images.count, i));
    const std::int64_t label = integer_of(bytes.data(), array.header);
    if (label < 0 || label > largest_label)
      throw Error(fmt::format("{} holds {} at place {}; labels are 0 to {}", array.name, label, i, largest_label));
    images.labels.push_back(static_cast<std::int32_t>(label));
  }
  array.bytes.finish();
  const int last = *std::max_element(images.labels.begin(), images.labels.end());
  for (int label = 0; label <= last; ++label) images.classes.push_back(std::to_string(label));
}

}  // namespace

std::vector<NpzSplit> npz_splits(const std::filesystem::path& path) {
  const ZipArchive archive(path);
  std::vector<NpzSplit> result;
  for (const Split split : splits) {
    if (!archive.find(key_of(split, "images") + ".npy")) continue;
    const Layout layout = layout_of(open_array(archive, key_of(split, "images")));
    NpzSplit info{split, layout.count, layout.channels, layout.height, layout.width};
    if (archive.find(key_of(split, "labels") + ".npy")) {
      const Array labels = open_array(archive, key_of(split, "labels"));
      info.labels = single(labels, info.count) ? 1 : labels.header.shape[1];
    }
    result.push_back(info);
  }
  return result;
}

Images load_npz_images(const std::filesystem::path& path, Split split) {
  const ZipArchive archive(path);
  Array array = open_array(archive, key_of(split, "images"));
  const Layout layout = layout_of(array);
  Images images{.count = layout.count, .channels = layout.channels, .height = layout.height, .width = layout.width};
  read_pixels(array, layout, images.pixels);
  if (archive.find(key_of(split, "labels") + ".npy")) {
    Array labels = open_array(archive, key_of(split, "labels"));
    read_labels(labels, images);
  }
  return images;
}

}  // namespace qiln::data
