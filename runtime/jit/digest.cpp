#include "runtime/jit/digest.h"

#include <llvm/ADT/ArrayRef.h>
#include <llvm/Support/BLAKE3.h>

namespace qiln::jit {

Digest digest(std::string_view bytes) {
  return llvm::BLAKE3::hash<16>({reinterpret_cast<const std::uint8_t*>(bytes.data()), bytes.size()});
}

std::string name_of(const Digest& digest) {
  constexpr char digits[] = "0123456789abcdef";
  std::string name;
  for (std::uint8_t byte : digest) name += {digits[byte >> 4], digits[byte & 15]};
  return name;
}

}  // namespace qiln::jit
