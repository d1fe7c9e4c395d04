// Folders of PNG images.
//
// Images directly in a folder have no labels. Images in its subfolders have them: each subfolder is a class, numbered
// in the order of the names' bytes. A folder with a subfolder `train` comes in splits, its subfolders `train`, `val`
// and `test`, each laid out as above; the classes are those of all of them. Another folder is training images, of which
// a share of each class can be set aside as test images. A hash of the names draws them, so that the draw depends on no
// seed, and a file that is added later moves at most one other. Names that begin with a dot, and files that are no
// images, are passed over; images in other formats are errors, and so are images beside class folders and folders
// within them.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "runtime/data/images.h"
#include "runtime/data/resize.h"
#include "runtime/data/split.h"

namespace qiln::data {

/// The files of one split, by class and then by the names' bytes.
struct PngFiles {
  std::vector<std::filesystem::path> paths = {};
  std::vector<std::int32_t> labels = {};  // empty when there are no classes
  std::vector<std::string> classes = {};
};

/// The splits that a folder has: those of its subfolders, else `train` and, when a share is set aside, `test`.
std::vector<Split> png_splits(const std::filesystem::path& folder, double test_share = 0);

/// `test_share` of each class, rounded, are test images; for folders without splits of their own. A folder that has no
/// PNG image, or not that split, is a qiln::Error that says so.
PngFiles list_png_folder(const std::filesystem::path& folder, Split split, double test_share = 0);

/// Reads them. All are made RGB when one is, unless `shape` says otherwise. Sizes must agree where `shape` gives none.
/// An unreadable image, sizes that differ, and more bytes than memory_limit() are qiln::Errors; one image is in memory
/// beside the result at a time.
Images load_png_images(const PngFiles& files, const Shape& shape = {});

}  // namespace qiln::data
