#include "runtime/data/known_sets.h"

#include <algorithm>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "dsl/diagnostics.h"
#include "dsl/error.h"
#include "runtime/data/data_folder.h"
#include "runtime/data/idx.h"
#include "runtime/data/npz.h"

namespace qiln::data {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t side = 28;  // of all their images, in pixels
const std::string sharing = "CC BY-SA 3.0", attribution = "CC BY 4.0", not_commercial = "CC BY-NC 4.0";

/// Checksums as torchvision.datasets.MNIST has them.
KnownSet mnist() {
  return {.name = "mnist",
          .title = "MNIST",
          .about = "handwritten digits",
          .licence = sharing,
          .channels = 1,
          .counts = {60000, 0, 10000},
          .classes = {"0", "1", "2", "3", "4", "5", "6", "7", "8", "9"},
          .files = {{"train-images-idx3-ubyte.gz", "f68b3c2dcbeaaa9fbdd348bbdeb94873", Split::train},
                    {"train-labels-idx1-ubyte.gz", "d53e105ee54ea40749a09fcbcd1e9432", Split::train},
                    {"t10k-images-idx3-ubyte.gz", "9fb629c4189551a2d022fa330f9573f3", Split::test},
                    {"t10k-labels-idx1-ubyte.gz", "ec29112dd5afa0611ce80d1b7f02629c", Split::test}},
          .mirrors = {"https://ossci-datasets.s3.amazonaws.com/mnist/{}",
                      "https://storage.googleapis.com/cvdf-datasets/mnist/{}", "http://yann.lecun.com/exdb/mnist/{}"}};
}

/// Checksums, counts and classes as medmnist.INFO of MedMNIST 3.0.2 has them, images of 28 x 28 pixels.
KnownSet medmnist(const std::string& title, const std::string& about, std::size_t channels,
                  std::array<std::size_t, 3> counts, const std::string& md5, std::vector<std::string> classes,
                  const std::string& licence = attribution) {
  std::string name = title;
  std::transform(name.begin(), name.end(), name.begin(),
                 [](char c) { return c >= 'A' && c <= 'Z' ? c - 'A' + 'a' : c; });
  return {.name = name,
          .title = title,
          .about = about,
          .licence = licence,
          .channels = channels,
          .counts = counts,
          .classes = std::move(classes),
          .files = {{name + ".npz", md5}},
          .mirrors = {"https://zenodo.org/records/10519652/files/{}?download=1"}};
}

std::vector<KnownSet> all_sets() {
  const std::vector<std::string> organs = {"bladder",     "femur-left",   "femur-right", "heart",
                                           "kidney-left", "kidney-right", "liver",       "lung-left",
                                           "lung-right",  "pancreas",     "spleen"};
  return {
      mnist(),
      medmnist("PathMNIST", "colon pathology", 3, {89996, 10004, 7180}, "a8b06965200029087d5bd730944a56c1",
               {"adipose", "background", "debris", "lymphocytes", "mucus", "smooth muscle", "normal colon mucosa",
                "cancer-associated stroma", "colorectal adenocarcinoma epithelium"}),
      medmnist("ChestMNIST", "chest X-rays, 14 findings at once", 1, {78468, 11219, 22433},
               "02c8a6516a18b556561a56cbdd36c4a8", {}),
      medmnist("DermaMNIST", "skin lesions", 3, {7007, 1003, 2005}, "0744692d530f8e62ec473284d019b0c7",
               {"actinic keratoses and intraepithelial carcinoma", "basal cell carcinoma",
                "benign keratosis-like lesions", "dermatofibroma", "melanoma", "melanocytic nevi", "vascular lesions"},
               not_commercial),
      medmnist("OCTMNIST", "retinal tomography", 1, {97477, 10832, 1000}, "c68d92d5b585d8d81f7112f81e2d0842",
               {"choroidal neovascularization", "diabetic macular edema", "drusen", "normal"}),
      medmnist("PneumoniaMNIST", "chest X-rays of children", 1, {4708, 524, 624}, "28209eda62fecd6e6a2d98b1501bb15f",
               {"normal", "pneumonia"}),
      medmnist("RetinaMNIST", "retinal photographs, five grades", 3, {1080, 120, 400},
               "bd4c0672f1bba3e3a89f0e4e876791e4", {"0", "1", "2", "3", "4"}),
      medmnist("BreastMNIST", "breast ultrasound", 1, {546, 78, 156}, "750601b1f35ba3300ea97c75c52ff8f6",
               {"malignant", "normal, benign"}),
      medmnist("BloodMNIST", "blood cells", 3, {11959, 1712, 3421}, "7053d0359d879ad8a5505303e11de1dc",
               {"basophil", "eosinophil", "erythroblast",
                "immature granulocytes(myelocytes, metamyelocytes and promyelocytes)", "lymphocyte", "monocyte",
                "neutrophil", "platelet"}),
      medmnist("TissueMNIST", "kidney cortex cells", 1, {165466, 23640, 47280}, "ebe78ee8b05294063de985d821c1c34b",
               {"Collecting Duct, Connecting Tubule", "Distal Convoluted Tubule", "Glomerular endothelial cells",
                "Interstitial endothelial cells", "Leukocytes", "Podocytes", "Proximal Tubule Segments",
                "Thick Ascending Limb"}),
      medmnist("OrganAMNIST", "abdominal tomography, axial", 1, {34561, 6491, 17778},
               "68e3f8846a6bd62f0c9bf841c0d9eacc", organs),
      medmnist("OrganCMNIST", "abdominal tomography, coronal", 1, {12975, 2392, 8216},
               "b9ceb9546e10131b32923c5bbeaea2b1", organs),
      medmnist("OrganSMNIST", "abdominal tomography, sagittal", 1, {13932, 2452, 8827},
               "9ab87b696fb54e2a387ebe992d6ed5f1", organs),
  };
}

bool belongs(const PublishedFile& file, Split split) { return !file.split || *file.split == split; }

std::string unpacked(const std::string& name) { return name.ends_with(".gz") ? name.substr(0, name.size() - 3) : name; }

/// Empty when `folder` has it neither as published nor unpacked.
fs::path file_in(const fs::path& folder, const std::string& name) {
  std::error_code ignored;
  for (const std::string& candidate : {unpacked(name), name})
    if (fs::path path = folder / candidate; fs::exists(path, ignored)) return path;
  return {};
}

std::string describe_missing(const KnownSet& set, Split split, const std::vector<fs::path>& places) {
  std::vector<std::string> names;
  for (const PublishedFile& file : set.files)
    if (belongs(file, split)) names.push_back(fmt::format("`{}`", file.name));
  std::vector<std::string> folders;
  for (const fs::path& place : places) folders.push_back(fmt::format("`{}`", (place / set.name).string()));
  return fmt::format(
      "cannot find {}: {} {} not {}; `qiln data fetch {}` gets it, and `--data-dir` or QILN_DATA name "
      "another place",
      set.title, fmt::join(names, " and "), names.size() == 1 ? "is" : "are",
      folders.empty() ? "in any data folder" : fmt::format("in {}", fmt::join(folders, " or ")), set.name);
}

}  // namespace

const std::vector<KnownSet>& known_sets() {
  static const std::vector<KnownSet> sets = all_sets();
  return sets;
}

const KnownSet& known_set(std::string_view name) {
  std::vector<std::string> names;
  for (const KnownSet& set : known_sets()) {
    if (set.name == name) return set;
    names.push_back(set.name);
  }
  const auto suggestion = dsl::nearest(std::string(name), names);
  throw Error(fmt::format("there is no data set `{}`{}", name,
                          suggestion ? fmt::format("; did you mean `{}`?", *suggestion)
                                     : fmt::format("; there are {}", fmt::join(names, ", "))),
              1);
}

std::optional<std::vector<fs::path>> find_files(const KnownSet& set, Split split, const fs::path& data_folder) {
  for (const fs::path& place : data_folders(data_folder)) {
    std::vector<fs::path> found;
    for (const PublishedFile& file : set.files)
      if (belongs(file, split)) found.push_back(file_in(place / set.name, file.name));
    if (!found.empty() && std::none_of(found.begin(), found.end(), [](const auto& path) { return path.empty(); }))
      return found;
  }
  return std::nullopt;
}

std::vector<fs::path> need_files(const KnownSet& set, Split split, const fs::path& data_folder) {
  if (std::none_of(set.files.begin(), set.files.end(), [&](const auto& file) { return belongs(file, split); }))
    throw Error(fmt::format("{} has no split `{}`", set.title, name_of(split)), 1);
  if (auto files = find_files(set, split, data_folder)) return *files;
  throw Error(describe_missing(set, split, data_folders(data_folder)));
}

Images load_known_set(const KnownSet& set, Split split, const std::vector<fs::path>& files) {
  Images images =
      files.front().extension() == ".npz" ? load_npz_images(files.front(), split) : load_idx_images(files[0], files[1]);
  if (images.channels != set.channels || images.height != side || images.width != side)
    throw Error(fmt::format("cannot read `{}` as {}: its images are [{}, {}, {}], not [{}, {}, {}]",
                            files.front().string(), set.title, images.channels, images.height, images.width,
                            set.channels, side, side));
  if (images.labels.empty()) return images;
  if (images.classes.size() > set.classes.size())
    throw Error(fmt::format("cannot read `{}` as {}: it has the label {}, and there are {} classes",
                            files.front().string(), set.title, images.classes.size() - 1, set.classes.size()));
  images.classes = set.classes;
  return images;
}

}  // namespace qiln::data
