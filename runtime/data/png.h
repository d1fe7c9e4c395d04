// 8-bit gray and RGB PNG files (libpng), and grids of samples to look at.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <map>
#include <span>
#include <string>
#include <vector>

namespace qiln::data {

/// Pixels as an image file has them: rows from the top, channels of a pixel together.
struct Raster {
  std::size_t width = 0;
  std::size_t height = 0;
  std::size_t channels = 1;                      // 1 gray, 3 RGB
  std::vector<std::uint8_t> pixels = {};         // [height, width, channels]
  std::map<std::string, std::string> text = {};  // tEXt/iTXt entries; a keyword has 1 to 79 Latin-1 characters
};

/// The bytes of a PNG file. An empty raster, or more than 65,536 pixels a side, is an error that names `where`.
std::string encode_png(const Raster& raster, const std::string& where = "a PNG");

/// Replaces `path` atomically. An empty raster, or more than 65,536 pixels a side, is an error.
void write_png(const std::filesystem::path& path, const Raster& raster);

/// Reads any PNG as 8-bit gray or RGB: 16 bits are cut to 8, palettes and gray below 8 bits widened, transparency
/// dropped. Damaged files, and more than 65,536 pixels a side or 2^26 in all, are qiln::Error naming file and cause.
Raster read_png(const std::filesystem::path& path);

struct GridLayout {
  std::size_t columns = 0;  // 0: the smallest near-square grid
  std::size_t scale = 0;  // each pixel becomes scale × scale; 0: the smallest that makes a tile 64 pixels or more high
  std::size_t gutter = 2;  // pixels between and around tiles, not scaled
};

/// Draws `samples` [count, channels, height, width] in row-major order of the grid; -1 is black and 1 white, values
/// beyond are clamped, NaN is black. Gutters are gray, so that tiles with a black background show their edges.
/// `channels` is 1 or 3.
Raster draw_grid(std::span<const float> samples, std::size_t channels, std::size_t height, std::size_t width,
                 const GridLayout& layout = {});

}  // namespace qiln::data
