#include "compiler/codegen/target.h"

#include <llvm/ADT/StringMap.h>
#include <llvm/TargetParser/Host.h>
#include <unistd.h>

#include <algorithm>
#include <string_view>
#include <vector>

namespace qiln::codegen {
namespace {

bool has(const llvm::StringMap<bool>& features, std::string_view name) {
  auto found = features.find(llvm::StringRef(name.data(), name.size()));
  return found != features.end() && found->second;
}

/// "+a,+b,-c", in alphabetical order: the text is part of cache keys.
std::string joined(const llvm::StringMap<bool>& features) {
  std::vector<std::string> words;
  for (const auto& entry : features) words.push_back((entry.second ? "+" : "-") + entry.first().str());
  std::sort(words.begin(), words.end(), [](const auto& a, const auto& b) { return a.substr(1) < b.substr(1); });
  std::string text;
  for (const auto& word : words) text += (text.empty() ? "" : ",") + word;
  return text;
}

std::int64_t cache_bytes(int name, std::int64_t otherwise) {
  long bytes = ::sysconf(name);
  return bytes > 0 ? bytes : otherwise;
}

}  // namespace

int Target::accumulators() const {
  int registers_a_value = std::max(1, lanes * 32 / vector_bits);
  return std::max(4, (vector_registers - 4) / registers_a_value);
}

Target host_target(int lanes) {
  Target target;
  const auto features = llvm::sys::getHostCPUFeatures();
  target.triple = llvm::sys::getProcessTriple();
  target.cpu = llvm::sys::getHostCPUName().str();
  target.features = joined(features);
  if (has(features, "avx512f")) {
    target.vector_bits = 512;
    target.vector_registers = 32;
  } else if (has(features, "avx2")) {
    target.vector_bits = 256;
    target.vector_registers = 16;
  } else {
    target.vector_bits = 128;
    target.vector_registers = target.triple.starts_with("aarch64") ? 32 : 16;
  }
  target.lanes = lanes != 0 ? lanes : target.vector_bits / 32;
#ifdef _SC_LEVEL1_DCACHE_SIZE
  target.l1_bytes = cache_bytes(_SC_LEVEL1_DCACHE_SIZE, target.l1_bytes);
  target.l2_bytes = cache_bytes(_SC_LEVEL2_CACHE_SIZE, target.l2_bytes);
#endif
  return target;
}

}  // namespace qiln::codegen
