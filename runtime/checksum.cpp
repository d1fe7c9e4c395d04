#include "runtime/checksum.h"

#include <llvm/ADT/SmallString.h>
#include <llvm/Support/MD5.h>

#include <cerrno>
#include <fstream>
#include <system_error>
#include <vector>

#include <fmt/format.h>

#include "dsl/error.h"

namespace qiln {
namespace {

std::string digits(llvm::MD5& hash) {
  llvm::MD5::MD5Result result;
  hash.final(result);
  return result.digest().str().str();
}

}  // namespace

std::string md5_of(std::string_view bytes) {
  llvm::MD5 hash;
  hash.update(llvm::StringRef(bytes.data(), bytes.size()));
  return digits(hash);
}

std::string md5_of_file(const std::filesystem::path& path) {
  const auto fail = [&](const std::string& why) {
    throw Error(fmt::format("cannot read `{}`: {}", path.string(), why));
  };
  std::error_code ignored;
  if (!std::filesystem::is_regular_file(path, ignored) && std::filesystem::exists(path, ignored))
    fail("it is not a regular file");
  std::ifstream file(path, std::ios::binary);
  if (!file) fail(std::generic_category().message(errno));
  llvm::MD5 hash;
  std::vector<char> piece(1 << 20);
  while (file.read(piece.data(), static_cast<std::streamsize>(piece.size())), file.gcount() > 0)
    hash.update(llvm::StringRef(piece.data(), static_cast<std::size_t>(file.gcount())));
  if (file.bad()) fail("reading failed");
  return digits(hash);
}

}  // namespace qiln
