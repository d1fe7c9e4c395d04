// Permutations and subsets drawn with Philox.
#pragma once

#include <cstdint>
#include <vector>

#include "runtime/random/philox.h"

namespace qiln::random {

/// A uniform permutation of 0 .. n - 1 by Fisher-Yates: for i = 0, 1, … swap i with i + floor(w * (n - i) / 2^32),
/// where w = stream.word(i). The first k entries do not depend on how many are asked for, so `draw(…, k)` is a prefix
/// of it.
std::vector<std::uint32_t> permutation(const Stream& stream, std::uint32_t n);

/// The first `count` (at most n) entries of that permutation: a uniform ordered draw without replacement.
std::vector<std::uint32_t> draw(const Stream& stream, std::uint32_t n, std::uint32_t count);

}  // namespace qiln::random
