// MD5, as data sets publish it: against damage, not against forgery.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>

namespace qiln {

/// 32 hexadecimal digits, as `md5sum` prints them.
std::string md5_of(std::string_view bytes);
/// Of a file's bytes, read piece by piece; qiln::Error when they cannot be read.
std::string md5_of_file(const std::filesystem::path& path);

}  // namespace qiln
