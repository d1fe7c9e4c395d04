// Where a command's text goes.
#pragma once

#include <string>
#include <string_view>

namespace qiln::cli {

/// To the file, replaced atomically, or to stdout when `path` is empty.
void write_output(const std::string& path, std::string_view text);

}  // namespace qiln::cli
