#include <bit>
#include <cmath>
#include <fstream>
#include <functional>
#include <limits>

#include <nlohmann/json.hpp>

#include "tests/catch.h"
#include "tests/runtime/nests.h"

using namespace qiln;

namespace {

/// op of each value, in a varying nest of `lanes` lanes (the last point is padded).
std::vector<float> evaluated(Primitive op, const std::vector<float>& x, int lanes, std::vector<float> second = {}) {
  const auto elements = static_cast<std::int64_t>((x.size() + lanes - 1) / lanes);
  const bool binary = !second.empty();
  auto n = test::nest(kernel::Nest::Kind::pointwise, true, std::vector<bool>(binary ? 3 : 2, true), binary ? 2 : 1);
  n.space = {elements};
  n.epilogue.push_back(test::load({0, {1}, 0, {}}));
  if (binary) n.epilogue.push_back(test::load({1, {1}, 0, {}}));
  n.epilogue.push_back(test::compute(op, 0, binary ? 1 : -1));
  n.stores = {{binary ? 2 : 1, {binary ? 2 : 1, {1}, 0, {}}}};
  std::vector<test::Floats> arguments(binary ? 3 : 2, test::Floats(elements * lanes, 1.0f));
  std::copy(x.begin(), x.end(), arguments[0].begin());
  if (binary) std::copy(second.begin(), second.end(), arguments[1].begin());
  test::run(test::compiled(n, lanes), arguments, test::Block(lanes, lanes));
  return {arguments.back().begin(), arguments.back().begin() + static_cast<std::ptrdiff_t>(x.size())};
}

/// |value - exact| in units in the last place of the exact value rounded to float.
double ulps(float value, double exact) {
  const auto rounded = static_cast<float>(exact);
  if (std::isnan(rounded) || std::isinf(rounded) || std::isnan(value) || std::isinf(value))
    return std::isnan(rounded) == std::isnan(value) && (std::isnan(value) || rounded == value) ? 0 : 1e9;
  const double unit = std::max(std::ldexp(1.0, std::ilogb(std::max(std::abs(exact), 0x1p-126)) - 23), 0x1p-149);
  return std::abs(value - exact) / unit;
}

double worst(Primitive op, const std::vector<float>& x, int lanes, const std::function<double(double)>& exact) {
  const auto values = evaluated(op, x, lanes);
  double most = 0;
  for (std::size_t i = 0; i < x.size(); ++i) {
    const double error = ulps(values[i], exact(x[i]));
    if (error > most) most = error;
    if (error > 1e6) UNSCOPED_INFO("at " << x[i] << " got " << values[i] << " for " << exact(x[i]));
  }
  return most;
}

std::vector<float> range(double low, double high, int count) {
  std::vector<float> x;
  for (int i = 0; i < count; ++i) x.push_back(static_cast<float>(low + (high - low) * i / (count - 1)));
  return x;
}

/// Every exponent, both signs.
std::vector<float> logarithmic(double low, double high, int count, bool negative = true) {
  std::vector<float> x;
  for (int i = 0; i < count; ++i) {
    const double value = low * std::pow(high / low, static_cast<double>(i) / (count - 1));
    x.push_back(static_cast<float>(value));
    if (negative) x.push_back(static_cast<float>(-value));
  }
  return x;
}

std::vector<float> joined(std::vector<float> a, const std::vector<float>& b) {
  a.insert(a.end(), b.begin(), b.end());
  return a;
}

struct Case {
  Primitive op;
  const char* name;
  double (*exact)(double);
  double budget;
  std::vector<float> points;
};

std::vector<Case> cases() {
  const float inf = std::numeric_limits<float>::infinity(), nan = std::numeric_limits<float>::quiet_NaN();
  const std::vector<float> specials{0.0f, inf, -inf, nan};
  const std::vector<float> tiny = logarithmic(1e-44, 1, 2000);
  return {
      {Primitive::exp, "exp", std::exp, 2, joined(joined(range(-110, 92, 20001), tiny), specials)},
      {Primitive::log, "log", std::log, 2,
       joined(joined(joined(range(0.4, 2.5, 20001), logarithmic(1e-45, 3.4e38, 6000, false)), {-1.0f}), specials)},
      {Primitive::sin, "sin", std::sin, 4, joined(joined(range(-1e5, 1e5, 40001), range(-10, 10, 8001)), tiny)},
      {Primitive::cos, "cos", std::cos, 4, joined(joined(range(-1e5, 1e5, 40001), range(-10, 10, 8001)), tiny)},
      {Primitive::tanh, "tanh", std::tanh, 4, joined(joined(range(-20, 20, 20001), tiny), specials)},
      {Primitive::erf, "erf", std::erf, 4, joined(joined(range(-8, 8, 20001), tiny), specials)},
      {Primitive::sqrt, "sqrt", std::sqrt, 0.5, joined(logarithmic(1e-45, 3.4e38, 2000, false), specials)},
      {Primitive::floor, "floor", std::floor, 0, joined(range(-10, 10, 801), logarithmic(1e-3, 1e9, 100))},
      {Primitive::abs, "abs", std::fabs, 0, joined(range(-10, 10, 81), specials)},
  };
}

}  // namespace

TEST_CASE("pointwise functions keep their budgets at every width") {
  for (int lanes : {4, 8, 16}) {
    for (const auto& c : cases()) {
      INFO(c.name << " with " << lanes << " lanes");
      CHECK(worst(c.op, c.points, lanes, c.exact) <= c.budget);
    }
  }
}

TEST_CASE("pointwise functions have the same bits at every width") {
  for (const auto& c : cases()) {
    INFO(c.name);
    const auto narrow = evaluated(c.op, c.points, 4), wide = evaluated(c.op, c.points, 16);
    std::size_t differing = 0;
    for (std::size_t i = 0; i < narrow.size(); ++i)
      if (!(std::isnan(narrow[i]) && std::isnan(wide[i])) &&
          std::bit_cast<std::uint32_t>(narrow[i]) != std::bit_cast<std::uint32_t>(wide[i]))
        ++differing;
    CHECK(differing == 0);
  }
}

TEST_CASE("sin and cos stay within [-1, 1] beyond their range and are not numbers at infinity") {
  const float inf = std::numeric_limits<float>::infinity();
  for (Primitive op : {Primitive::sin, Primitive::cos}) {
    for (float value : evaluated(op, logarithmic(1e5, 3e38, 500), 8)) CHECK(std::abs(value) <= 1);
    for (float value : evaluated(op, {inf, -inf, std::nanf("")}, 8)) CHECK(std::isnan(value));
  }
}

TEST_CASE("pointwise functions match correctly rounded values") {
  std::ifstream file(std::string(QILN_SOURCE_DIR) + "/tests/reference/math.json");
  REQUIRE(file);
  const auto reference = nlohmann::json::parse(file);
  for (const auto& c : cases()) {
    if (!reference.contains(c.name)) continue;
    INFO(c.name);
    std::vector<float> x;
    for (std::uint32_t bits : reference[c.name]["bits"]) x.push_back(std::bit_cast<float>(bits));
    const auto values = evaluated(c.op, x, 8);
    double most = 0;
    for (std::size_t i = 0; i < x.size(); ++i) {
      const auto& expected = reference[c.name]["value"][i];
      if (expected.is_number()) most = std::max(most, ulps(values[i], expected.get<double>()));
    }
    CHECK(most <= c.budget);
  }
}

TEST_CASE("powers") {
  std::vector<float> x, y;
  for (double base : {1e-30, 1e-3, 0.3, 0.9999, 1.0, 1.7, 12.0, 1e6, 1e30})
    for (double exponent = -6; exponent <= 6; exponent += 0.37) {
      x.push_back(static_cast<float>(base));
      y.push_back(static_cast<float>(exponent));
    }
  const auto values = evaluated(Primitive::power, x, 8, y);
  for (std::size_t i = 0; i < x.size(); ++i) {
    INFO(x[i] << " ^ " << y[i]);
    CHECK(ulps(values[i], std::pow(double{x[i]}, double{y[i]})) <= 2 + std::abs(y[i]) / 2);
  }
  const std::vector<float> a{-2, -2, -2, 0, 0, 0, -8, 1e30f, 1e-30f};
  const std::vector<float> b{3, 2, -1, 2, 0, -1, 1.0f / 3, 3, 3};
  const auto special = evaluated(Primitive::power, a, 8, b);
  for (std::size_t i = 0; i < a.size(); ++i) {
    INFO(a[i] << " ^ " << b[i]);
    CHECK(ulps(special[i], std::pow(double{a[i]}, double{b[i]})) <= 2.5);
  }
}
