// Hashes that stand for what they were made from.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>

namespace qiln::jit {

/// The first half of BLAKE3: equal digests are taken for equal bytes.
using Digest = std::array<std::uint8_t, 16>;

Digest digest(std::string_view bytes);
/// In hexadecimal.
std::string name_of(const Digest& digest);

}  // namespace qiln::jit
