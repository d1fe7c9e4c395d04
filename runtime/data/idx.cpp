#include "runtime/data/idx.h"

#include <zlib.h>

#include <algorithm>
#include <cerrno>
#include <memory>
#include <system_error>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "dsl/error.h"
#include "runtime/data/memory_limit.h"

namespace qiln::data {
namespace {

constexpr std::size_t chunk = std::size_t{1} << 20;
constexpr std::uintmax_t most_packed = 1032;  // times that gzip makes data smaller

[[noreturn]] void fail(const std::filesystem::path& path, std::string_view what) {
  throw Error(fmt::format("cannot read `{}`: {}", path.string(), what));
}

/// Reads a plain or gzip file front to back and knows the offset in the unpacked bytes.
class Reader {
 public:
  explicit Reader(const std::filesystem::path& path) : path_(path), file_(nullptr, &gzclose_r) {
    std::error_code ignored;
    if (std::filesystem::is_directory(path, ignored)) fail(path, "it is a folder");
    file_.reset(gzopen(path.c_str(), "rb"));
    if (!file_) fail(path, std::generic_category().message(errno));
    gzbuffer(file_.get(), 1 << 16);
  }

  /// Fills `out`, or as much of it as the file holds; returns how much.
  std::size_t read(std::uint8_t* out, std::size_t size) {
    const int n = gzread(file_.get(), out, static_cast<unsigned>(size));
    int code = Z_OK;
    const char* message = gzerror(file_.get(), &code);
    if (code == Z_BUF_ERROR)
      fail(path_, fmt::format("the gzip data ends early, after {} unpacked bytes; fetch the file again",
                              offset_ + static_cast<std::size_t>(std::max(n, 0))));
    if (n < 0 || code != Z_OK)
      fail(path_, fmt::format("the gzip data is damaged after {} unpacked bytes ({}); fetch the file again", offset_,
                              message));
    offset_ += static_cast<std::size_t>(n);
    return static_cast<std::size_t>(n);
  }

  std::size_t offset() const { return offset_; }

 private:
  const std::filesystem::path& path_;
  std::unique_ptr<gzFile_s, int (*)(gzFile)> file_;
  std::size_t offset_ = 0;
};

std::vector<std::size_t> read_shape(Reader& reader, const std::filesystem::path& path) {
  std::uint8_t magic[4];
  if (reader.read(magic, 4) != 4) fail(path, "it is shorter than an IDX header; fetch the file again");
  if (magic[0] != 0 || magic[1] != 0)
    fail(path, fmt::format("bytes 0 and 1 are {:#04x} {:#04x}, an IDX file has zeros there; is it another format?",
                           magic[0], magic[1]));
  if (magic[2] != 0x08)
    fail(path, fmt::format("byte 2 gives element type {:#04x}; only unsigned bytes, 0x08, are read", magic[2]));
  if (magic[3] < 1 || magic[3] > 4)
    fail(path, fmt::format("byte 3 gives {} dimensions; 1 to 4 make sense here", magic[3]));
  std::vector<std::size_t> shape(magic[3]);
  std::size_t elements = 1;
  for (std::size_t& extent : shape) {
    const std::size_t at = reader.offset();
    std::uint8_t b[4];
    if (reader.read(b, 4) != 4) fail(path, fmt::format("the header ends early, at byte {}; fetch the file again", at));
    extent = std::size_t{b[0]} << 24 | std::size_t{b[1]} << 16 | std::size_t{b[2]} << 8 | b[3];
    if (extent != 0 && elements > most_elements / extent)
      fail(path,
           fmt::format("the size at byte {} makes more than {} elements; the header is damaged", at, most_elements));
    elements *= extent;
  }
  return shape;
}

}  // namespace

IdxArray load_idx(const std::filesystem::path& path) {
  Reader reader(path);
  IdxArray array{.shape = read_shape(reader, path), .elements = {}};
  std::size_t expected = 1;
  for (const std::size_t extent : array.shape) expected *= extent;
  // At once what the file may hold, the rest as it comes: a damaged header claims anything.
  std::error_code ignored;
  if (const auto size = std::filesystem::file_size(path, ignored); !ignored && expected / most_packed <= size)
    array.elements.reserve(expected);
  while (array.elements.size() < expected) {
    const std::size_t start = array.elements.size();
    if (start >= memory_limit())
      fail(path, fmt::format("it unpacks to more than the {} bytes that are read into this machine's memory",
                             memory_limit()));
    array.elements.resize(start + std::min(chunk, expected - start));
    const std::size_t got = reader.read(array.elements.data() + start, array.elements.size() - start);
    if (got != array.elements.size() - start)
      fail(path, fmt::format("its header says [{}], {} bytes, but only {} follow; fetch the file again",
                             fmt::join(array.shape, ", "), expected, start + got));
  }
  std::uint8_t extra;
  if (reader.read(&extra, 1) != 0)
    fail(path, fmt::format("its header says [{}], but bytes follow after offset {}; fetch the file again",
                           fmt::join(array.shape, ", "), reader.offset() - 1));
  return array;
}

Images load_idx_images(const std::filesystem::path& images_path, const std::filesystem::path& labels_path) {
  IdxArray array = load_idx(images_path);
  if (array.shape.size() < 3)
    fail(images_path, fmt::format("it holds [{}]; images are [count, height, width]", fmt::join(array.shape, ", ")));
  Images images{.count = array.shape[0],
                .channels = array.shape.size() == 4 ? array.shape[3] : 1,
                .height = array.shape[1],
                .width = array.shape[2]};
  if (images.count == 0 || images.image_size() == 0) fail(images_path, "it holds no pixels");
  if (images.channels == 1) {
    images.pixels = std::move(array.elements);
  } else {
    images.pixels.resize(array.elements.size());
    const std::size_t plane = images.height * images.width;
    for (std::size_t i = 0; i < images.count; ++i)
      for (std::size_t p = 0; p < plane; ++p)
        for (std::size_t c = 0; c < images.channels; ++c)
          images.pixels[(i * images.channels + c) * plane + p] = array.elements[(i * plane + p) * images.channels + c];
  }
  if (labels_path.empty()) return images;
  const IdxArray labels = load_idx(labels_path);
  if (labels.shape.size() != 1 || labels.shape[0] != images.count)
    fail(labels_path, fmt::format("it holds [{}], but `{}` has {} images; are they of one set?",
                                  fmt::join(labels.shape, ", "), images_path.string(), images.count));
  images.labels.assign(labels.elements.begin(), labels.elements.end());
  const int largest = *std::max_element(images.labels.begin(), images.labels.end());
  for (int label = 0; label <= largest; ++label) images.classes.push_back(std::to_string(label));
  return images;
}

}  // namespace qiln::data
