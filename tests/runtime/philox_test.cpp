#include "runtime/random/philox.h"

#include <algorithm>
#include <cmath>
#include <set>
#include <vector>

#include "runtime/random/shuffle.h"
#include "tests/catch.h"

using namespace qiln::random;

// The three philox4x32-10 lines of kat_vectors in the Random123 distribution.
TEST_CASE("philox matches the Random123 known answers") {
  CHECK(philox({0, 0, 0, 0}, 0) == Words{0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8});
  CHECK(philox({0xffffffff, 0xffffffff, 0xffffffff, 0xffffffff}, 0xffffffffffffffff) ==
        Words{0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd});
  CHECK(philox({0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344}, 0x299f31d0a4093822) ==
        Words{0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1});
}

// Test values of the FNV reference distribution.
TEST_CASE("site hash is 32-bit FNV-1a") {
  CHECK(site_hash("") == 0x811c9dc5);
  CHECK(site_hash("a") == 0xe40c292c);
  CHECK(site_hash("foobar") == 0xbf9cf968);
}

TEST_CASE("uniform numbers are inside (0, 1) and equal in float and double") {
  CHECK(uniform_of<float>(0) == 0x1p-24f);
  CHECK(uniform_of<float>(0xffffffff) == 1 - 0x1p-24f);
  CHECK(uniform_of<float>(0x80000000) == 0.5f + 0x1p-24f);
  const Stream stream{.seed = 7, .step = 1, .sample = 2, .site = 3};
  for (unsigned i = 0; i < 1000; ++i) CHECK(double{stream.uniform<float>(i)} == stream.uniform<double>(i));
}

TEST_CASE("the counter is step, sample, site, element / 4") {
  const Stream stream{.seed = 0x299f31d0a4093822, .step = 0x243f6a88, .sample = 0x85a308d3, .site = 0x13198a2e};
  const std::uint64_t element = std::uint64_t{0x03707344} * 4;
  CHECK(stream.word(element) == 0xd16cfe09);
  CHECK(stream.word(element + 3) == 0x24126ea1);
}

// Sample moments of n independent draws lie within five standard errors of the distribution's.
TEST_CASE("moments of uniform and normal numbers") {
  const unsigned n = 1u << 16;
  std::vector<double> u(n), z(n);
  fill_uniform<double>({.seed = 1, .site = site_hash("u")}, u);
  fill_normal<double>({.seed = 1, .site = site_hash("z")}, z);
  double mean = 0, sum = 0, square = 0, fourth = 0, cross = 0;
  for (unsigned i = 0; i < n; ++i) {
    mean += u[i] / n;
    sum += z[i] / n;
    square += z[i] * z[i] / n;
    fourth += std::pow(z[i], 4) / n;
    if (i % 2) cross += z[i] * z[i - 1] / (n / 2);
  }
  const double error = 5 / std::sqrt(double(n));
  CHECK(std::abs(mean - 0.5) < error * std::sqrt(1.0 / 12));
  CHECK(std::abs(sum) < error);
  CHECK(std::abs(square - 1) < error * std::sqrt(2.0));
  CHECK(std::abs(fourth - 3) < error * std::sqrt(96.0));
  CHECK(std::abs(cross) < error * std::sqrt(2.0));
}

TEST_CASE("filled spans equal single elements, at lengths that are no multiple of four") {
  const Stream stream{.seed = 5, .step = 9, .sample = 4, .site = 11};
  for (const std::size_t n : {1, 2, 3, 4, 5, 11}) {
    std::vector<float> u(n), z(n);
    fill_uniform<float>(stream, u);
    fill_normal<float>(stream, z);
    for (std::size_t i = 0; i < n; ++i) {
      CHECK(u[i] == stream.uniform<float>(i));
      CHECK(z[i] == stream.normal<float>(i));
    }
  }
}

TEST_CASE("normal numbers follow the Box-Muller formula") {
  const Stream stream{.seed = 3, .site = 8};
  const double u0 = stream.uniform<double>(6), u1 = stream.uniform<double>(7), pi = std::acos(-1.0);
  CHECK(stream.normal<double>(6) == Approx(std::sqrt(-2 * std::log(u0)) * std::cos(2 * pi * u1)).epsilon(1e-14));
  CHECK(stream.normal<double>(7) == Approx(std::sqrt(-2 * std::log(u0)) * std::sin(2 * pi * u1)).epsilon(1e-14));
}

TEST_CASE("integers stay below n and are level") {
  CHECK(integer_of<float>(0xffffffff, 1u << 23) == (1u << 23) - 1);
  CHECK(integer_of<float>(0xffffffff, 1000) == 999);
  CHECK(integer_of<float>(0, 1000) == 0);
  const Stream stream{.seed = 2};
  std::vector<int> count(10);
  for (unsigned i = 0; i < 10000; ++i) ++count[stream.integer<float>(i, 10)];
  double chi_square = 0;
  for (const int c : count) chi_square += (c - 1000.0) * (c - 1000.0) / 1000.0;
  CHECK(chi_square < 27.88);  // 99.9 % quantile with 9 degrees of freedom
}

TEST_CASE("a permutation holds every index once and is uniform") {
  const auto order = permutation({.seed = 1}, 1000);
  CHECK(std::set<std::uint32_t>(order.begin(), order.end()).size() == 1000);
  CHECK(*std::max_element(order.begin(), order.end()) == 999);
  std::vector<int> count(6);  // the six orders of three things
  for (unsigned s = 0; s < 6000; ++s) {
    const auto p = permutation({.seed = s}, 3);
    ++count[p[0] * 2 + (p[1] > p[2])];
  }
  double chi_square = 0;
  for (const int c : count) chi_square += (c - 1000.0) * (c - 1000.0) / 1000.0;
  CHECK(chi_square < 20.52);  // 99.9 % quantile with 5 degrees of freedom
}

TEST_CASE("draws are prefixes of the permutation") {
  const Stream stream{.seed = 42};
  const auto all = permutation(stream, 50), some = draw(stream, 50, 20);
  CHECK(some == std::vector<std::uint32_t>(all.begin(), all.begin() + 20));
  CHECK(draw(stream, 3, 20).size() == 3);
  CHECK(draw(stream, 0, 20).empty());
}
