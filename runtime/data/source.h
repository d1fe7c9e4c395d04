// Where images come from: what `data { source = … }` can say.
#pragma once

#include <filesystem>
#include <string>
#include <variant>
#include <vector>

#include "runtime/data/images.h"
#include "runtime/data/resize.h"
#include "runtime/data/split.h"

namespace qiln::data {

/// IDX files for training and, where there are any, for testing; without a file of labels images have none.
struct IdxSource {
  std::filesystem::path train_images, train_labels, test_images, test_labels;
};
/// An archive with MedMNIST's keys (npz.h).
struct NpzSource {
  std::filesystem::path file;
};
/// A folder of PNG images (png_folder.h).
struct PngSource {
  std::filesystem::path folder;
  double test = 0;  // share set aside
};
/// A set with a name (known_sets.h).
struct KnownSource {
  std::string name;
  std::filesystem::path data_folder = {};  // what `--data-dir` says
};
using Source = std::variant<KnownSource, IdxSource, NpzSource, PngSource>;

struct SourceImages {
  Images images = {};
  std::vector<std::filesystem::path> files = {};  // that were read
  std::filesystem::path folder = {};              // that holds them, when they are a folder of images
  /// Of a known set: "6,000 of the 60,000 training images of MNIST", when not all are there; else empty.
  std::string shortfall = {};
};

/// Reads one split, whole, in the wanted shape. Errors are qiln::Error.
SourceImages load_source(const Source& source, Split split, const Shape& shape = {});

/// The splits that are there.
std::vector<Split> splits_of(const Source& source);

/// A file, or a folder of images, as a run records it. For a folder the checksum is that of the lines that `md5sum`
/// prints for its files, in the order of reading, their paths relative to it.
struct SourceRecord {
  std::string path, md5;
};
std::vector<SourceRecord> records_of(const SourceImages& source);

}  // namespace qiln::data
