#include "runtime/data/mnist.h"

#include <cstdlib>
#include <string>

#include <fmt/format.h>

#include "dsl/error.h"
#include "runtime/data/idx.h"

namespace qiln::data {
namespace {

namespace fs = std::filesystem;

/// The first `models/data` in `start` or a folder above it, empty when there is none.
fs::path search_upwards(const fs::path& start) {
  std::error_code ignored;
  for (fs::path folder = start; !folder.empty(); folder = folder.parent_path()) {
    if (fs::path found = folder / "models" / "data"; fs::is_directory(found, ignored)) return found;
    if (folder == folder.parent_path()) break;
  }
  return {};
}

fs::path plain_or_packed(const fs::path& folder, const std::string& name) {
  std::error_code ignored;
  if (fs::path plain = folder / name; fs::exists(plain, ignored)) return plain;
  if (fs::path packed = folder / (name + ".gz"); fs::exists(packed, ignored)) return packed;
  throw Error(
      fmt::format("cannot find `{0}` or `{0}.gz` in `{1}`: put it there, or set QILN_DATA to a folder whose "
                  "`mnist` has it",
                  name, folder.string()));
}

}  // namespace

fs::path data_folder() {
  std::error_code ignored;
  if (const char* set = std::getenv("QILN_DATA"); set && *set) {
    if (!fs::is_directory(set, ignored)) throw Error(fmt::format("QILN_DATA is `{}`, which is not a folder", set));
    return set;
  }
  const fs::path executable = fs::read_symlink("/proc/self/exe", ignored).parent_path();
  if (fs::path found = search_upwards(executable); !found.empty()) return found;
  const fs::path current = fs::current_path(ignored);
  if (fs::path found = search_upwards(current); !found.empty()) return found;
  throw Error(fmt::format("cannot find a `models/data` folder at or above `{}` or `{}`: set QILN_DATA to one",
                          executable.string(), current.string()));
}

Images load_mnist(Split split, const fs::path& data) {
  const fs::path folder = data / "mnist";
  const std::string prefix = split == Split::train ? "train" : "t10k";
  const fs::path path = plain_or_packed(folder, prefix + "-images-idx3-ubyte");
  Images images = load_idx_images(path, plain_or_packed(folder, prefix + "-labels-idx1-ubyte"));
  if (images.channels != 1 || images.height != 28 || images.width != 28)
    throw Error(fmt::format("cannot read `{}` as MNIST: its images are [{}, {}, {}], not [1, 28, 28]", path.string(),
                            images.channels, images.height, images.width));
  return images;
}

}  // namespace qiln::data
