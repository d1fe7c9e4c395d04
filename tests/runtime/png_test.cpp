#include "runtime/data/png.h"

#include <zlib.h>

#include <limits>

#include "runtime/files.h"
#include "tests/catch.h"
#include "tests/runtime/scratch.h"

using namespace qiln;
using namespace qiln::data;
using qiln::test::error_of;
using qiln::test::mentions;
using qiln::test::Scratch;

namespace {

std::string big_endian(std::uint32_t value) {
  std::string bytes;
  for (int shift = 24; shift >= 0; shift -= 8) bytes += static_cast<char>(value >> shift);
  return bytes;
}

std::string chunk(const std::string& type, const std::string& data) {
  const std::string body = type + data;
  const auto crc = crc32(0, reinterpret_cast<const Bytef*>(body.data()), static_cast<uInt>(body.size()));
  return big_endian(static_cast<std::uint32_t>(data.size())) + body + big_endian(static_cast<std::uint32_t>(crc));
}

/// A PNG put together by hand after the format's specification: signature, IHDR, other chunks, IDAT, IEND.
std::string png(std::uint32_t width, std::uint32_t height, char depth, char color, const std::string& rows,
                const std::string& chunks = "") {
  std::string packed(compressBound(rows.size()), '\0');
  uLongf size = packed.size();
  compress(reinterpret_cast<Bytef*>(packed.data()), &size, reinterpret_cast<const Bytef*>(rows.data()), rows.size());
  packed.resize(size);
  const std::string header = big_endian(width) + big_endian(height) + depth + color + std::string(3, '\0');
  return "\x89PNG\r\n\x1a\n" + chunk("IHDR", header) + chunks + chunk("IDAT", packed) + chunk("IEND", "");
}

Raster read_bytes(const Scratch& scratch, const std::string& bytes) {
  write_file_atomic(scratch / "hand.png", bytes);
  return read_png(scratch / "hand.png");
}

using Pixels = std::vector<std::uint8_t>;

}  // namespace

TEST_CASE("PNG files keep pixels and text") {
  Scratch scratch;
  for (const std::size_t channels : {1, 3}) {
    Raster raster{.width = 5, .height = 3, .channels = channels};
    for (std::size_t i = 0; i < 15 * channels; ++i) raster.pixels.push_back(static_cast<std::uint8_t>(37 * i));
    raster.text = {{"model", "net N { }\n"}, {"Software", "Qiln"}, {"note", "caf\xc3\xa9"}};
    write_png(scratch / "a.png", raster);
    const Raster back = read_png(scratch / "a.png");
    CHECK((back.width == 5 && back.height == 3 && back.channels == channels));
    CHECK(back.pixels == raster.pixels);
    CHECK(back.text == raster.text);
  }
}

TEST_CASE("other kinds of PNG become 8-bit gray or RGB") {
  Scratch scratch;
  const Raster bits = read_bytes(scratch, png(3, 1, 1, 0, std::string("\0\xa0", 2)));
  CHECK(bits.channels == 1);
  CHECK(bits.pixels == Pixels{255, 0, 255});
  const Raster deep = read_bytes(scratch, png(1, 1, 16, 0, std::string("\0\x12\x34", 3)));
  CHECK(deep.pixels == Pixels{0x12});
  const Raster alpha = read_bytes(scratch, png(1, 1, 8, 6, std::string("\0\1\2\3\4", 5)));
  CHECK(alpha.channels == 3);
  CHECK(alpha.pixels == Pixels{1, 2, 3});
  const std::string palette = chunk("PLTE", "\1\2\3\4\5\6") + chunk("tEXt", std::string("k\0v", 3));
  const Raster indexed = read_bytes(scratch, png(2, 1, 8, 3, std::string("\0\1\0", 3), palette));
  CHECK(indexed.pixels == Pixels{4, 5, 6, 1, 2, 3});
  CHECK(indexed.text.at("k") == "v");
}

TEST_CASE("damaged PNG files are errors") {
  Scratch scratch;
  const std::string good = png(3, 1, 1, 0, std::string("\0\xa0", 2));
  for (std::size_t size = 0; size < good.size(); ++size)
    CHECK(mentions(error_of([&] { read_bytes(scratch, good.substr(0, size)); }), "hand.png", "as PNG"));
  std::string flipped = good;
  flipped[20] ^= 1;
  CHECK(mentions(error_of([&] { read_bytes(scratch, flipped); }), "CRC"));
  CHECK(!error_of([&] { read_bytes(scratch, png(1u << 30, 1, 8, 0, "")); }).empty());
  CHECK(mentions(error_of([&] { read_bytes(scratch, png(60000, 60000, 8, 0, "")); }), "2^26 pixels"));
  CHECK(!error_of([&] { write_png(scratch / "none.png", Raster{}); }).empty());
}

TEST_CASE("a grid has gutters, an upscale and the right levels") {
  const float nan = std::numeric_limits<float>::quiet_NaN();
  const std::vector<float> samples = {-1, 1, 0, 9, nan, -9};  // three samples [1, 1, 2]
  const Raster grid = draw_grid(samples, 1, 1, 2, {.columns = 2, .scale = 2, .gutter = 1});
  REQUIRE((grid.width == 11 && grid.height == 7));
  const auto at = [&](std::size_t x, std::size_t y) { return int{grid.pixels[y * grid.width + x]}; };
  CHECK(at(0, 0) == 64);
  CHECK((at(1, 1) == 0 && at(2, 2) == 0 && at(3, 1) == 255 && at(4, 2) == 255));
  CHECK(at(5, 1) == 64);
  CHECK((at(6, 1) == 128 && at(8, 2) == 255));
  CHECK((at(1, 4) == 0 && at(3, 5) == 0));
  CHECK((at(6, 4) == 64 && at(10, 6) == 64));
}

TEST_CASE("a grid of digits chooses its size") {
  const Raster gray = draw_grid(std::vector<float>(10 * 784), 1, 28, 28);
  CHECK(gray.width == 4 * (3 * 28 + 2) + 2);
  CHECK(gray.height == 3 * (3 * 28 + 2) + 2);
  const std::vector<float> rgb = {-1, 1, 0};
  const Raster one = draw_grid(rgb, 3, 1, 1, {.columns = 8, .scale = 1, .gutter = 0});
  CHECK((one.width == 1 && one.channels == 3));
  CHECK(one.pixels == Pixels{0, 255, 128});
}
