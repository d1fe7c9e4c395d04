#include "runtime/cli/output.h"

#include <cstdio>

#include "dsl/error.h"
#include "runtime/files.h"

namespace qiln::cli {

void write_output(const std::string& path, std::string_view text) {
  if (!path.empty()) return write_file_atomic(path, text);
  if (std::fwrite(text.data(), 1, text.size(), stdout) != text.size() || std::fflush(stdout) != 0)
    throw Error("cannot write to standard output");
}

}  // namespace qiln::cli
