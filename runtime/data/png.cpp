#include "runtime/data/png.h"

#include <png.h>

#include <algorithm>
#include <cassert>
#include <csetjmp>
#include <cstring>

#include <fmt/format.h>

#include "dsl/error.h"
#include "runtime/files.h"

namespace qiln::data {
namespace {

constexpr std::size_t max_side = 65536, max_pixels = std::size_t{1} << 26;

/// What libpng's callbacks share with the caller. libpng reports errors by longjmp, so the functions that call it hold
/// nothing with a destructor; everything such lives here, outside their frames.
struct Session {
  std::string bytes = {};  // the file, written so far or to be read
  std::size_t at = 0;
  std::string error = {};
  Raster raster = {};
  std::vector<png_bytep> rows = {};
  std::vector<png_text> text = {};
};

void on_error(png_structp png, png_const_charp message) {
  static_cast<Session*>(png_get_error_ptr(png))->error = message;
  png_longjmp(png, 1);
}

void on_warning(png_structp, png_const_charp) {}

void on_write(png_structp png, png_bytep data, std::size_t size) {
  static_cast<Session*>(png_get_io_ptr(png))->bytes.append(reinterpret_cast<const char*>(data), size);
}

void on_flush(png_structp) {}

void on_read(png_structp png, png_bytep out, std::size_t size) {
  auto& session = *static_cast<Session*>(png_get_io_ptr(png));
  if (size > session.bytes.size() - session.at) png_error(png, "the file ends early");
  std::memcpy(out, session.bytes.data() + session.at, size);
  session.at += size;
}

void point_to_rows(Session& session) {
  Raster& raster = session.raster;
  session.rows.resize(raster.height);
  for (std::size_t y = 0; y < raster.height; ++y)
    session.rows[y] = raster.pixels.data() + y * raster.width * raster.channels;
}

/// The pointers stay valid as long as the raster's text; libpng does not write through them.
void point_to_text(Session& session) {
  for (auto& [key, value] : session.raster.text) {
    const bool ascii =
        std::all_of(value.begin(), value.end(), [](char c) { return static_cast<unsigned char>(c) < 128; });
    png_text entry = {};
    entry.compression = ascii ? PNG_TEXT_COMPRESSION_NONE : PNG_ITXT_COMPRESSION_NONE;
    entry.key = const_cast<char*>(key.c_str());
    entry.text = value.data();
    session.text.push_back(entry);
  }
}

bool encode(png_structp png, png_infop info, Session& session) {
  if (setjmp(png_jmpbuf(png))) return false;
  const Raster& raster = session.raster;
  png_set_write_fn(png, &session, on_write, on_flush);
  png_set_IHDR(png, info, static_cast<png_uint_32>(raster.width), static_cast<png_uint_32>(raster.height), 8,
               raster.channels == 3 ? PNG_COLOR_TYPE_RGB : PNG_COLOR_TYPE_GRAY, PNG_INTERLACE_NONE,
               PNG_COMPRESSION_TYPE_DEFAULT, PNG_FILTER_TYPE_DEFAULT);
  if (!session.text.empty()) png_set_text(png, info, session.text.data(), static_cast<int>(session.text.size()));
  png_write_info(png, info);
  png_write_image(png, session.rows.data());
  png_write_end(png, info);
  return true;
}

bool decode_header(png_structp png, png_infop info, Session& session) {
  if (setjmp(png_jmpbuf(png))) return false;
  png_set_user_limits(png, max_side, max_side);
  png_set_chunk_malloc_max(png, 1 << 22);
  png_set_chunk_cache_max(png, 64);
  png_set_read_fn(png, &session, on_read);
  png_read_info(png, info);
  png_set_expand(png);
  png_set_strip_16(png);
  png_set_strip_alpha(png);
  png_set_interlace_handling(png);
  png_read_update_info(png, info);
  session.raster.width = png_get_image_width(png, info);
  session.raster.height = png_get_image_height(png, info);
  session.raster.channels = png_get_channels(png, info);
  if (session.raster.width * session.raster.height > max_pixels) png_error(png, "it has more than 2^26 pixels");
  return true;
}

bool decode_pixels(png_structp png, png_infop info, Session& session) {
  if (setjmp(png_jmpbuf(png))) return false;
  png_read_image(png, session.rows.data());
  png_read_end(png, info);
  return true;
}

void take_text(png_structp png, png_infop info, Session& session) {
  png_textp text = nullptr;
  const int count = png_get_text(png, info, &text, nullptr);
  for (int i = 0; i < count; ++i) session.raster.text[text[i].key] = text[i].text ? text[i].text : "";
}

}  // namespace

std::string encode_png(const Raster& raster, const std::string& where) {
  assert(raster.channels == 1 || raster.channels == 3);
  assert(raster.pixels.size() == raster.width * raster.height * raster.channels);
  if (raster.pixels.empty() || raster.width > max_side || raster.height > max_side)
    throw Error(
        fmt::format("cannot write `{}`: {} x {} pixels are none or too many; draw fewer samples or a smaller "
                    "scale",
                    where, raster.width, raster.height));
  Session session{.raster = raster};
  point_to_rows(session);
  point_to_text(session);
  png_structp png = png_create_write_struct(PNG_LIBPNG_VER_STRING, &session, on_error, on_warning);
  png_infop info = png ? png_create_info_struct(png) : nullptr;
  const bool done = info && encode(png, info, session);
  png_destroy_write_struct(&png, &info);
  if (!done) throw Error(fmt::format("cannot write `{}`: {}", where, session.error));
  return std::move(session.bytes);
}

void write_png(const std::filesystem::path& path, const Raster& raster) {
  write_file_atomic(path, encode_png(raster, path.string()));
}

Raster read_png(const std::filesystem::path& path) {
  Session session{.bytes = read_file(path, std::size_t{1} << 28)};
  png_structp png = png_create_read_struct(PNG_LIBPNG_VER_STRING, &session, on_error, on_warning);
  png_infop info = png ? png_create_info_struct(png) : nullptr;
  bool done = info && decode_header(png, info, session);
  if (done) {
    session.raster.pixels.resize(session.raster.width * session.raster.height * session.raster.channels);
    point_to_rows(session);
    done = decode_pixels(png, info, session);
  }
  if (done) take_text(png, info, session);
  png_destroy_read_struct(&png, &info, nullptr);
  if (!done)
    throw Error(fmt::format("cannot read `{}` as PNG: {}; is it a complete PNG file?", path.string(), session.error));
  return std::move(session.raster);
}

}  // namespace qiln::data
