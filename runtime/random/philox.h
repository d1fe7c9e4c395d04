// Counter-based random numbers: Philox4x32-10 (Salmon, Moraes, Dror, Shaw, "Parallel random numbers: as easy as 1, 2,
// 3", SC 2011). Every number is a pure function of (seed, step, sample, site, element), so one seed gives one set of
// values with any number of threads, resumed or not. Compiled kernels emit the same formulas; this header is their
// contract:
//
//   key      (low, high) 32 bits of the seed
//   counter  (step, sample, site, element / 4)
//   word     w = philox(counter, key)[element % 4]
//   uniform  u = ((w >> 9) + 1/2) * 2^-23: strictly inside (0, 1) and exact in float, hence equal in float and double
//   normal   Box-Muller in pairs: elements 4k and 4k + 1 from u0, u1 of words 0 and 1, elements 4k + 2 and 4k + 3 from
//            words 2 and 3: r = sqrt(-2 ln u0), first of the pair r cos(2 pi u1), second r sin(2 pi u1)
//   integer  min(floor(u * n), n - 1), the product in the stream's own type; n <= 2^23
//   site     32-bit FNV-1a of the instance path
#pragma once

#include <algorithm>
#include <array>
#include <cassert>
#include <cmath>
#include <cstdint>
#include <numbers>
#include <span>
#include <string_view>

namespace qiln::random {

using Words = std::array<std::uint32_t, 4>;

inline constexpr int philox_rounds = 10;
inline constexpr std::uint32_t philox_multiplier_0 = 0xD2511F53, philox_multiplier_1 = 0xCD9E8D57;
inline constexpr std::uint32_t philox_weyl_0 = 0x9E3779B9, philox_weyl_1 = 0xBB67AE85;

constexpr Words philox(Words counter, std::uint64_t key) {
  auto low = static_cast<std::uint32_t>(key), high = static_cast<std::uint32_t>(key >> 32);
  for (int round = 0; round < philox_rounds; ++round) {
    const std::uint64_t a = std::uint64_t{philox_multiplier_0} * counter[0];
    const std::uint64_t b = std::uint64_t{philox_multiplier_1} * counter[2];
    counter = {static_cast<std::uint32_t>(b >> 32) ^ counter[1] ^ low, static_cast<std::uint32_t>(b),
               static_cast<std::uint32_t>(a >> 32) ^ counter[3] ^ high, static_cast<std::uint32_t>(a)};
    low += philox_weyl_0;
    high += philox_weyl_1;
  }
  return counter;
}

constexpr std::uint32_t site_hash(std::string_view path) {
  std::uint32_t hash = 2166136261u;
  for (const char c : path) hash = (hash ^ static_cast<unsigned char>(c)) * 16777619u;
  return hash;
}

template <class T>
constexpr T uniform_of(std::uint32_t word) {
  return (static_cast<T>(word >> 9) + T(0.5)) * T(0x1p-23);
}

/// Both normals of a pair of words.
template <class T>
std::array<T, 2> normals_of(std::uint32_t first, std::uint32_t second) {
  const T radius = std::sqrt(T(-2) * std::log(uniform_of<T>(first)));
  const T angle = 2 * std::numbers::pi_v<T> * uniform_of<T>(second);
  return {radius * std::cos(angle), radius * std::sin(angle)};
}

template <class T>
constexpr std::uint32_t integer_of(std::uint32_t word, std::uint32_t n) {
  assert(n > 0 && n <= 1u << 23);
  return std::min(static_cast<std::uint32_t>(uniform_of<T>(word) * static_cast<T>(n)), n - 1);
}

/// The numbers of one site, sample and step, indexed by element (below 2^34).
struct Stream {
  std::uint64_t seed = 0;
  std::uint32_t step = 0;
  std::uint32_t sample = 0;
  std::uint32_t site = 0;

  constexpr Words words(std::uint32_t quad) const { return philox({step, sample, site, quad}, seed); }
  constexpr std::uint32_t word(std::uint64_t element) const { return words(element / 4)[element % 4]; }

  template <class T>
  constexpr T uniform(std::uint64_t element) const {
    return uniform_of<T>(word(element));
  }
  template <class T>
  T normal(std::uint64_t element) const {
    const Words w = words(element / 4);
    const unsigned pair = element % 4 / 2 * 2;
    return normals_of<T>(w[pair], w[pair + 1])[element % 2];
  }
  template <class T>
  constexpr std::uint32_t integer(std::uint64_t element, std::uint32_t n) const {
    return integer_of<T>(word(element), n);
  }
};

/// The words of neighbouring quads of elements, drawn side by side so that they share vector instructions.
struct QuadBlock {
  static constexpr int quads = 16;
  std::uint32_t words[4][quads];  // word w of quad first + l at [w][l]

  QuadBlock(const Stream& stream, std::uint32_t first) {
    auto& [a, b, c, d] = words;
    for (int l = 0; l < quads; ++l) {
      a[l] = stream.step;
      b[l] = stream.sample;
      c[l] = stream.site;
      d[l] = first + static_cast<std::uint32_t>(l);
    }
    auto low = static_cast<std::uint32_t>(stream.seed), high = static_cast<std::uint32_t>(stream.seed >> 32);
    for (int round = 0; round < philox_rounds; ++round) {
#pragma omp simd
      for (int l = 0; l < quads; ++l) {
        const std::uint64_t p = std::uint64_t{philox_multiplier_0} * a[l];
        const std::uint64_t q = std::uint64_t{philox_multiplier_1} * c[l];
        a[l] = static_cast<std::uint32_t>(q >> 32) ^ b[l] ^ low;
        b[l] = static_cast<std::uint32_t>(q);
        c[l] = static_cast<std::uint32_t>(p >> 32) ^ d[l] ^ high;
        d[l] = static_cast<std::uint32_t>(p);
      }
      low += philox_weyl_0;
      high += philox_weyl_1;
    }
  }
};

/// Writes to `out` what make(words of a quad) gives for each quad of elements: four numbers.
template <class T, class Make>
void fill_quads(const Stream& stream, std::span<T> out, Make make) {
  for (std::size_t begin = 0; begin < out.size(); begin += 4 * QuadBlock::quads) {
    const auto& [a, b, c, d] = QuadBlock(stream, static_cast<std::uint32_t>(begin / 4)).words;
    const std::size_t count = std::min<std::size_t>(out.size() - begin, 4 * QuadBlock::quads);
    for (std::size_t i = 0; i < count; i += 4) {
      const std::array<T, 4> four = make(Words{a[i / 4], b[i / 4], c[i / 4], d[i / 4]});
      std::copy_n(four.begin(), std::min<std::size_t>(4, count - i), out.begin() + begin + i);
    }
  }
}

/// out[i] = stream.uniform<T>(i).
template <class T>
void fill_uniform(const Stream& stream, std::span<T> out) {
  fill_quads(stream, out, [](const Words& w) {
    return std::array<T, 4>{uniform_of<T>(w[0]), uniform_of<T>(w[1]), uniform_of<T>(w[2]), uniform_of<T>(w[3])};
  });
}

/// out[i] = stream.normal<T>(i).
template <class T>
void fill_normal(const Stream& stream, std::span<T> out) {
  fill_quads(stream, out, [](const Words& w) {
    const auto a = normals_of<T>(w[0], w[1]), b = normals_of<T>(w[2], w[3]);
    return std::array<T, 4>{a[0], a[1], b[0], b[1]};
  });
}

}  // namespace qiln::random
