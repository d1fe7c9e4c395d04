// Animated PNG: the frames' IDAT chunks, as libpng makes them, behind acTL and fcTL chunks (APNG 1.0; viewers that do
// not know them show the first frame).
#pragma once

#include <cstdint>
#include <filesystem>
#include <span>
#include <string>

#include "runtime/data/png.h"

namespace qiln::data {

struct Frame {
  Raster raster;
  int milliseconds = 100;  // how long it stands
};

/// The bytes of a file that plays the frames again and again. All have one size and number of channels; the text is the
/// first one's. No frame, or one of another size, is a qiln::Error.
std::string encode_apng(std::span<const Frame> frames);

/// Replaces `path` atomically.
void write_apng(const std::filesystem::path& path, std::span<const Frame> frames);

}  // namespace qiln::data
