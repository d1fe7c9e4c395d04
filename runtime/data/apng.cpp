#include "runtime/data/apng.h"

#include <zlib.h>

#include <string_view>

#include "dsl/error.h"
#include "runtime/files.h"

namespace qiln::data {
namespace {

constexpr std::string_view signature = "\x89PNG\r\n\x1a\n";

std::string big_endian(std::uint32_t value, int bytes = 4) {
  std::string text;
  for (int shift = 8 * (bytes - 1); shift >= 0; shift -= 8) text += static_cast<char>(value >> shift);
  return text;
}

std::string chunk(std::string_view type, const std::string& data) {
  const std::string body = std::string(type) + data;
  const auto sum = ::crc32_z(0, reinterpret_cast<const unsigned char*>(body.data()), body.size());
  return big_endian(static_cast<std::uint32_t>(data.size())) + body + big_endian(static_cast<std::uint32_t>(sum));
}

/// Calls `each` with the type and the data of a file's chunks; the file is libpng's, and whole.
template <class Each>
void for_chunks(std::string_view png, const Each& each) {
  for (std::size_t at = signature.size(); at < png.size();) {
    std::uint32_t size = 0;
    for (int k = 0; k < 4; ++k) size = size << 8 | static_cast<unsigned char>(png[at + k]);
    each(png.substr(at + 4, 4), std::string(png.substr(at + 8, size)));
    at += 12 + size;
  }
}

std::string frame_control(std::uint32_t& sequence, const Frame& frame) {
  const auto extent = [](std::size_t pixels) { return big_endian(static_cast<std::uint32_t>(pixels)); };
  return chunk("fcTL", big_endian(sequence++) + extent(frame.raster.width) + extent(frame.raster.height) +
                           big_endian(0) + big_endian(0) + big_endian(frame.milliseconds, 2) + big_endian(1000, 2) +
                           std::string(2, '\0'));  // nothing is disposed of, nothing blended
}

}  // namespace

std::string encode_apng(std::span<const Frame> frames) {
  if (frames.empty()) throw Error("an animation needs a frame");
  std::uint32_t sequence = 0;
  std::string out(signature), before, pixels;
  for_chunks(encode_png(frames[0].raster), [&](std::string_view type, const std::string& data) {
    if (type == "IHDR")
      out += chunk(type, data) + chunk("acTL", big_endian(static_cast<std::uint32_t>(frames.size())) + big_endian(0));
    else if (type == "IDAT")
      pixels += chunk(type, data);
    else if (type != "IEND")
      before += chunk(type, data);
  });
  out += before + frame_control(sequence, frames[0]) + pixels;
  for (const Frame& frame : frames.subspan(1)) {
    const Raster &raster = frame.raster, &first = frames[0].raster;
    if (raster.width != first.width || raster.height != first.height || raster.channels != first.channels)
      throw Error("the frames of an animation have one size");
    out += frame_control(sequence, frame);
    for_chunks(encode_png(raster), [&](std::string_view type, const std::string& data) {
      if (type == "IDAT") out += chunk("fdAT", big_endian(sequence++) + data);
    });
  }
  return out + chunk("IEND", "");
}

void write_apng(const std::filesystem::path& path, std::span<const Frame> frames) {
  write_file_atomic(path, encode_apng(frames));
}

}  // namespace qiln::data
