// Pointwise and reduce nests against plain loops, at every width.
#include <cmath>
#include <random>

#include "runtime/random/philox.h"
#include "tests/catch.h"
#include "tests/runtime/nests.h"

using namespace qiln;
using kernel::Nest;

namespace {

test::Floats noise(std::size_t count, unsigned seed) {
  std::mt19937 generator(seed);
  std::normal_distribution<float> normal;
  test::Floats values(count);
  for (auto& v : values) v = normal(generator);
  return values;
}

/// The bits must not depend on how the tiles are shared out.
void check_any_split(const jit::CompiledKernel& kernel, const std::vector<test::Floats>& fresh,
                     const std::vector<test::Floats>& once, const test::Block& block) {
  for (int pieces : {2, 3, 7}) {
    auto again = fresh;
    test::run(kernel, again, block, pieces);
    CHECK(again == once);
  }
}

}  // namespace

TEST_CASE("a varying nest broadcasts uniform values and repeats axes") {
  // y[c, p] = relu(x[c, p] * s[c] + b[p])
  const int channels = 5, points = 211;
  for (int lanes : {4, 8, 16}) {
    auto n = test::nest(Nest::Kind::pointwise, true, {true, false, true, true}, 3);
    n.space = {channels, points};
    n.epilogue = {test::load({0, {points, 1}, 0, {}}), test::load({1, {1, 0}, 0, {}}),
                  test::load({2, {0, 1}, 0, {}}),      test::compute(Primitive::multiply, 0, 1),
                  test::compute(Primitive::add, 3, 2), test::compute(Primitive::relu, 4)};
    n.stores = {{5, {3, {points, 1}, 0, {}}}};
    const std::vector<test::Floats> fresh{noise(channels * points * lanes, 1), noise(channels, 2),
                                          noise(points * lanes, 3), test::Floats(channels * points * lanes)};
    auto arguments = fresh;
    const auto kernel = test::compiled(n, lanes);
    const test::Block block(lanes, lanes);
    test::run(kernel, arguments, block);
    double most = 0;
    for (int c = 0; c < channels; ++c)
      for (int p = 0; p < points; ++p)
        for (int l = 0; l < lanes; ++l) {
          const int at = (c * points + p) * lanes + l;
          const double exact = std::max(0.0, double{fresh[0][at]} * fresh[1][c] + fresh[2][p * lanes + l]);
          most = std::max(most, std::abs(arguments[3][at] - exact));
        }
    CHECK(most < 1e-5);
    check_any_split(kernel, fresh, arguments, block);
  }
}

TEST_CASE("a guarded access reads zero out of bounds") {
  // y[r, c] = x[r + 1, c - 2] of a [6, 9]
  const int rows = 6, columns = 9;
  for (int lanes : {4, 8, 16}) {
    for (bool varying : {true, false}) {
      const int width = varying ? lanes : 1;
      auto n = test::nest(Nest::Kind::pointwise, varying, {varying, varying}, 1);
      n.space = {rows, columns};
      n.epilogue = {test::load({0, {columns, 1}, columns - 2, {{{1, 0}, 1, rows}, {{0, 1}, -2, columns}}})};
      n.stores = {{0, {1, {columns, 1}, 0, {}}}};
      std::vector<test::Floats> arguments{noise(rows * columns * width, 4), test::Floats(rows * columns * width, 7.0f)};
      test::run(test::compiled(n, lanes), arguments, test::Block(lanes, lanes));
      int wrong = 0;
      for (int r = 0; r < rows; ++r)
        for (int c = 0; c < columns; ++c)
          for (int l = 0; l < width; ++l) {
            const bool inside = r + 1 < rows && c - 2 >= 0;
            const float expected = inside ? arguments[0][((r + 1) * columns + c - 2) * width + l] : 0.0f;
            wrong += arguments[1][(r * columns + c) * width + l] != expected;
          }
      CHECK(wrong == 0);
    }
  }
}

TEST_CASE("a long uniform nest updates in place") {
  // w -= rate * g, with a length that no vector divides
  const int count = 20011;
  for (int lanes : {4, 8, 16}) {
    auto n = test::nest(Nest::Kind::pointwise, false, {false, false, false}, 2);
    n.space = {count};
    n.epilogue = {test::load({2, {1}, 0, {}}), test::load({0, {1}, 0, {}}), test::load({1, {0}, 0, {}}),
                  test::compute(Primitive::multiply, 1, 2), test::compute(Primitive::subtract, 0, 3)};
    n.stores = {{4, {2, {1}, 0, {}}}};
    const std::vector<test::Floats> fresh{noise(count, 5), {0.25f}, noise(count, 6)};
    auto arguments = fresh;
    const auto kernel = test::compiled(n, lanes);
    CHECK(kernel.tiles > 1);
    const test::Block block(lanes, lanes);
    test::run(kernel, arguments, block);
    int wrong = 0;
    for (int i = 0; i < count; ++i) wrong += arguments[2][i] != fresh[2][i] - 0.25f * fresh[0][i];
    CHECK(wrong == 0);
    check_any_split(kernel, fresh, arguments, block);
  }
}

TEST_CASE("a sum over the batch counts the valid lanes only") {
  const int count = 37;
  for (int lanes : {4, 8, 16}) {
    for (int valid : {1, lanes - 1, lanes}) {
      auto n = test::nest(Nest::Kind::pointwise, true, {true, false}, 1);
      n.space = {count};
      n.epilogue = {test::load({0, {1}, 0, {}})};
      n.stores = {{0, {1, {1}, 0, {}}, true}};
      std::vector<test::Floats> arguments{noise(count * lanes, 7), noise(count, 8)};
      const auto before = arguments[1];
      // What stands beyond the batch does not matter, be it no number at all.
      for (int i = 0; i < count; ++i)
        for (int l = valid; l < lanes; ++l) arguments[0][i * lanes + l] = std::nanf("");
      test::run(test::compiled(n, lanes), arguments, test::Block(lanes, valid));
      double most = 0;
      for (int i = 0; i < count; ++i) {
        double sum = before[i];
        for (int l = 0; l < valid; ++l) sum += arguments[0][i * lanes + l];
        most = std::max(most, std::abs(sum - arguments[1][i]));
      }
      CHECK(most < 1e-5);
    }
  }
}

TEST_CASE("reductions") {
  // y[c] = 0.5 * sum or max over (r, s) of x[r, c, s]^2
  for (int lanes : {4, 8, 16})
    for (bool varying : {true, false})
      for (auto combiner : {Primitive::reduce_sum, Primitive::reduce_max})
        for (std::int64_t depth : {1, 4, 23}) {
          const std::int64_t rows = 3, channels = 6, width = varying ? lanes : 1;
          auto n = test::nest(Nest::Kind::reduce, varying, {varying, varying}, 1);
          n.space = {channels};
          n.reduction = {rows, depth};
          n.combiner = combiner;
          n.prologue = {test::load({0, {depth, channels * depth, 1}, 0, {}}), test::compute(Primitive::multiply, 0, 0)};
          n.epilogue = {test::accumulator(), test::constant(0.5), test::compute(Primitive::multiply, 0, 1)};
          n.stores = {{2, {1, {1}, 0, {}}}};
          const std::vector<test::Floats> fresh{noise(rows * channels * depth * width, 9),
                                                test::Floats(channels * width)};
          auto arguments = fresh;
          const auto kernel = test::compiled(n, lanes);
          const test::Block block(lanes, lanes);
          test::run(kernel, arguments, block);
          double most = 0;
          for (std::int64_t c = 0; c < channels; ++c)
            for (std::int64_t l = 0; l < width; ++l) {
              double result = combiner == Primitive::reduce_sum ? 0 : -1e30;
              for (std::int64_t r = 0; r < rows; ++r)
                for (std::int64_t s = 0; s < depth; ++s) {
                  const double x = arguments[0][((r * channels + c) * depth + s) * width + l];
                  result = combiner == Primitive::reduce_sum ? result + x * x : std::max(result, x * x);
                }
              most = std::max(most, std::abs(0.5 * result - arguments[1][c * width + l]));
            }
          CHECK(most < 1e-4);
          check_any_split(kernel, fresh, arguments, block);
        }
}

TEST_CASE("a long uniform reduction") {
  const std::int64_t count = 10007;
  for (int lanes : {4, 8, 16})
    for (auto combiner : {Primitive::reduce_sum, Primitive::reduce_max}) {
      auto n = test::nest(Nest::Kind::reduce, false, {false, false}, 1);
      n.reduction = {count};
      n.combiner = combiner;
      n.prologue = {test::load({0, {1}, 0, {}})};
      n.epilogue = {test::accumulator()};
      n.stores = {{0, {1, {}, 0, {}}}};
      std::vector<test::Floats> arguments{noise(count, 10), test::Floats(1)};
      test::run(test::compiled(n, lanes), arguments, test::Block(lanes, lanes));
      double expected = combiner == Primitive::reduce_sum ? 0 : -1e30;
      for (float x : arguments[0])
        expected = combiner == Primitive::reduce_sum ? expected + x : std::max<double>(expected, x);
      CHECK(arguments[1][0] == Approx(expected).margin(1e-3));
    }
}

TEST_CASE("uniform reductions along either axis of a matrix") {
  // row sums of a [5, 37] with a row scale, column maxima of a [3, 37] plus a row bias
  const std::int64_t columns = 37;
  for (int lanes : {4, 8, 16}) {
    auto rows = test::nest(Nest::Kind::reduce, false, {false, false, false}, 2);
    rows.space = {5};
    rows.reduction = {columns};
    rows.prologue = {test::load({0, {columns, 1}, 0, {}}), test::load({1, {1, 0}, 0, {}}),
                     test::compute(Primitive::multiply, 0, 1)};
    rows.epilogue = {test::accumulator()};
    rows.stores = {{0, {2, {1}, 0, {}}}};
    std::vector<test::Floats> arguments{noise(5 * columns, 11), noise(5, 12), test::Floats(5)};
    test::run(test::compiled(rows, lanes), arguments, test::Block(lanes, lanes));
    for (int r = 0; r < 5; ++r) {
      double sum = 0;
      for (int c = 0; c < columns; ++c) sum += double{arguments[0][r * columns + c]} * arguments[1][r];
      CHECK(arguments[2][r] == Approx(sum).margin(1e-5));
    }
    auto maxima = test::nest(Nest::Kind::reduce, false, {false, false, false}, 2);
    maxima.space = {columns};
    maxima.reduction = {3};
    maxima.combiner = Primitive::reduce_max;
    maxima.prologue = {test::load({0, {1, columns}, 0, {}}), test::load({1, {0, 1}, 0, {}}),
                       test::compute(Primitive::add, 0, 1)};
    maxima.epilogue = {test::accumulator()};
    maxima.stores = {{0, {2, {1}, 0, {}}}};
    arguments = {noise(3 * columns, 13), noise(3, 14), test::Floats(columns)};
    test::run(test::compiled(maxima, lanes), arguments, test::Block(lanes, lanes));
    int wrong = 0;
    for (int c = 0; c < columns; ++c) {
      float most = -1e30f;
      for (int r = 0; r < 3; ++r) most = std::max(most, arguments[0][r * columns + c] + arguments[1][r]);
      wrong += arguments[2][c] != most;
    }
    CHECK(wrong == 0);
  }
}

TEST_CASE("random numbers are those of the formulas, wherever the element falls") {
  const std::uint64_t seed = 0x0123456789ABCDEF;
  const std::uint32_t step = 77, first = 1000;
  for (int lanes : {4, 8, 16})
    for (auto distribution : {graph::Distribution::uniform, graph::Distribution::normal, graph::Distribution::integer})
      for (std::int64_t columns : {16, 7}) {
        const std::int64_t rows = 9;
        auto n = test::nest(Nest::Kind::pointwise, true, {true}, 0);
        n.space = {rows, columns};
        kernel::Instruction random;
        random.kind = kernel::Instruction::Kind::random;
        random.random = {distribution, "noise", 1000};
        random.access = {0, {2 * columns, 1}, 3, {}};  // not the whole tensor: rows are two apart
        n.epilogue = {random};
        n.stores = {{0, {0, {columns, 1}, 0, {}}}};
        std::vector<test::Floats> arguments{test::Floats(rows * columns * lanes)};
        test::run(test::compiled(n, lanes), arguments, test::Block(lanes, lanes, seed, step, first));
        double most = 0;
        for (std::int64_t r = 0; r < rows; ++r)
          for (std::int64_t c = 0; c < columns; ++c)
            for (int l = 0; l < lanes; ++l) {
              const random::Stream stream{seed, step, first + l, random::site_hash("noise")};
              const std::uint64_t element = 2 * columns * r + c + 3;
              const float value = arguments[0][(r * columns + c) * lanes + l];
              double exact = 0;
              if (distribution == graph::Distribution::uniform) exact = stream.uniform<float>(element);
              if (distribution == graph::Distribution::normal) exact = stream.normal<double>(element);
              if (distribution == graph::Distribution::integer) exact = stream.integer<float>(element, 1000);
              most = std::max(most, std::abs(value - exact));
            }
        // Normals reach about 5.9; the logarithm, the root and the sine have a few ULP each.
        CHECK(most <= (distribution == graph::Distribution::normal ? 3e-6 : 0));
      }
}
