// The data sets that Qiln knows by name: MNIST and the two-dimensional sets of MedMNIST v2.
#pragma once

#include <array>
#include <cstddef>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "runtime/data/images.h"
#include "runtime/data/split.h"

namespace qiln::data {

struct PublishedFile {
  std::string name, md5;
  std::optional<Split> split = {};  // that it belongs to; none: all of them
};

struct KnownSet {
  std::string name;   // as a model file says it, "pathmnist"
  std::string title;  // "PathMNIST"
  std::string about, licence;
  std::size_t channels = 1;
  std::array<std::size_t, 3> counts = {};  // published images of train, val and test
  std::vector<std::string> classes = {};   // empty when an image has several labels at once
  std::vector<PublishedFile> files = {};
  std::vector<std::string> mirrors = {};  // addresses, `{}` where the file's name stands; the first is tried first
};

const std::vector<KnownSet>& known_sets();
/// The set of that name; a qiln::Error that suggests one when there is none.
const KnownSet& known_set(std::string_view name);

/// The files that a split of the set is read from, in the set's order, in the first place that has them all
/// (data_folder.h); a file that is published with .gz may also lie there unpacked. Nothing when no place has them.
std::optional<std::vector<std::filesystem::path>> find_files(const KnownSet& set, Split split,
                                                             const std::filesystem::path& data_folder = {});
/// The same; a qiln::Error that says where it looked, and what to do, when no place has them.
std::vector<std::filesystem::path> need_files(const KnownSet& set, Split split,
                                              const std::filesystem::path& data_folder = {});

/// Reads them, [count, set.channels, height, width]. What is there may be a part of the published set; its labels,
/// where it has them, must be the set's.
Images load_known_set(const KnownSet& set, Split split, const std::vector<std::filesystem::path>& files);

}  // namespace qiln::data
