// Gather form against the graph's own definition of a contraction, by brute force on small integers.
#include "compiler/kernel/gather.h"

#include <functional>
#include <random>

#include "tests/catch.h"

using namespace qiln;
using graph::Affine;
using graph::ContractAttributes;
using graph::Shape;

namespace {

using Array = std::vector<std::int64_t>;

void each_point(const Shape& extents, const std::function<void(const Array&)>& body) {
  Array p(extents.size(), 0);
  for (auto e : extents)
    if (e == 0) return;
  for (;;) {
    body(p);
    int d = static_cast<int>(extents.size()) - 1;
    while (d >= 0 && ++p[d] == extents[d]) p[d--] = 0;
    if (d < 0) return;
  }
}

std::int64_t at(const Affine& e, const Array& p) {
  std::int64_t x = e.offset;
  for (std::size_t k = 0; k < p.size(); ++k) x += e.coefficients[k] * p[k];
  return x;
}

/// The element that `map` reaches at p, or -1 out of range.
std::int64_t element(const graph::AffineMap& map, const Shape& shape, const Array& p) {
  std::int64_t flat = 0;
  for (std::size_t a = 0; a < map.size(); ++a) {
    std::int64_t x = at(map[a], p);
    if (x < 0 || x >= shape[a]) return -1;
    flat = flat * shape[a] + x;
  }
  return flat;
}

Array direct(const ContractAttributes& c, const std::vector<Shape>& shapes, const std::vector<Array>& data,
             const Shape& result) {
  Array out(graph::element_count(result), 0);
  each_point(c.space, [&](const Array& p) {
    std::int64_t to = element(c.output, result, p), product = 1;
    if (to < 0) return;
    for (std::size_t o = 0; o < shapes.size(); ++o) {
      std::int64_t from = element(c.operands[o], shapes[o], p);
      if (from < 0) return;
      product *= data[o][from];
    }
    out[to] += product;
  });
  return out;
}

Array gathered(const std::vector<kernel::Phase>& phases, const std::vector<Array>& data, const Shape& result) {
  Array out(graph::element_count(result), 0), written(out.size(), 0);
  for (const auto& phase : phases) {
    each_point(phase.extents, [&](const Array& j) {
      std::int64_t to = 0, sum = 0;
      for (std::size_t a = 0; a < j.size(); ++a) to = to * result[a] + phase.start[a] + phase.step[a] * j[a];
      each_point(phase.reduction, [&](const Array& k) {
        Array jk = j;
        jk.insert(jk.end(), k.begin(), k.end());
        std::int64_t product = 1;
        for (std::size_t o = 0; o < data.size(); ++o) {
          for (const auto& g : phase.factors[o].guards) {
            std::int64_t x = at({g.coefficients, g.offset}, jk);
            if (x < 0 || x >= g.extent) return;
          }
          product *= data[o].at(at({phase.factors[o].strides, phase.factors[o].offset}, jk));
        }
        sum += product;
      });
      out.at(to) = sum;
      ++written[to];
    });
  }
  for (auto w : written) CHECK(w == 1);
  return out;
}

Array random_array(std::int64_t n, std::mt19937& rng) {
  Array a(n);
  for (auto& x : a) x = static_cast<std::int64_t>(rng() % 19) - 9;
  return a;
}

void check(const ContractAttributes& c, const std::vector<Shape>& shapes, const Shape& result) {
  std::mt19937 rng(7);
  std::vector<Array> data;
  std::vector<kernel::Placement> places;
  for (std::size_t o = 0; o < shapes.size(); ++o) {
    data.push_back(random_array(graph::element_count(shapes[o]), rng));
    kernel::Placement place{static_cast<std::int32_t>(o), Array(shapes[o].size(), 1), 0, shapes[o]};
    for (int a = static_cast<int>(shapes[o].size()) - 2; a >= 0; --a)
      place.strides[a] = place.strides[a + 1] * shapes[o][a + 1];
    places.push_back(place);
  }
  CHECK(gathered(kernel::gather_phases(c, places, result), data, result) == direct(c, shapes, data, result));
}

/// y[o, r, c] = sum w[o, i, u, v] x[i, s r + u - p, s c + v - p] and its two adjoints.
void check_convolution(std::int64_t size, std::int64_t kernel, std::int64_t stride, std::int64_t pad) {
  std::int64_t out = (size + 2 * pad - kernel) / stride + 1;
  if (out <= 0) return;
  INFO("size " << size << " kernel " << kernel << " stride " << stride << " pad " << pad);
  // indices o r c i u v
  auto e = [](Array c, std::int64_t offset = 0) { return Affine{std::move(c), offset}; };
  graph::AffineMap w{e({1, 0, 0, 0, 0, 0}), e({0, 0, 0, 1, 0, 0}), e({0, 0, 0, 0, 1, 0}), e({0, 0, 0, 0, 0, 1})};
  graph::AffineMap x{e({0, 0, 0, 1, 0, 0}), e({0, stride, 0, 0, 1, 0}, -pad), e({0, 0, stride, 0, 0, 1}, -pad)};
  graph::AffineMap y{e({1, 0, 0, 0, 0, 0}), e({0, 1, 0, 0, 0, 0}), e({0, 0, 1, 0, 0, 0})};
  Shape space{3, out, out, 2, kernel, kernel}, ws{3, 2, kernel, kernel}, xs{2, size, size}, ys{3, out, out};
  check({space, {w, x}, y}, {ws, xs}, ys);
  check({space, {w, y}, x}, {ws, ys}, xs);
  check({space, {x, y}, w}, {xs, ys}, ws);
}

}  // namespace

TEST_CASE("convolutions and their adjoints keep their meaning in gather form", "[gather]") {
  for (std::int64_t size : {1, 4, 5, 7})
    for (std::int64_t kernel : {1, 2, 3})
      for (std::int64_t stride : {1, 2, 3})
        for (std::int64_t pad : {0, 1}) check_convolution(size, kernel, stride, pad);
}

TEST_CASE("constraints between output axes become guards", "[gather]") {
  auto e = [](Array c, std::int64_t offset = 0) { return Affine{std::move(c), offset}; };
  check({{4}, {{e({1})}}, {e({1}), e({1})}}, {{4}}, {4, 4});              // a diagonal
  check({{4, 3}, {{e({1, 0})}}, {e({1, 1}), e({0, 1})}}, {{4}}, {6, 3});  // a band
  check({{4}, {{e({1})}}, {e({0}, 1)}}, {{4}}, {3});                      // one element of three
  check({{3, 4}, {{e({0, 1})}}, {}}, {{4}}, {});                          // a full sum, each term three times
}
