// Noise schedule and sampler coefficients against closed forms.
#include <cmath>

#include "dsl/error.h"
#include "runtime/diffusion/moves.h"
#include "runtime/jit/build.h"
#include "tests/catch.h"
#include "tests/runtime/scratch.h"

using namespace qiln;
using namespace qiln::diffusion;
using test::error_of;
using test::mentions;

namespace {

constexpr double kPi = 3.14159265358979323846;

/// Nichol and Dhariwal 2021, eq. 17.
double cosine(double u) {
  auto f = [](double v) { return std::pow(std::cos((v + 0.008) / 1.008 * kPi / 2), 2); };
  return f(u) / f(0);
}

NoiseSchedule cosine_schedule(int steps) {
  std::vector<double> levels;
  for (int i = 0; i <= steps; ++i) levels.push_back(cosine(static_cast<double>(i) / steps));
  return discretise(levels);
}

}  // namespace

TEST_CASE("the cosine schedule in a thousand steps", "[diffusion]") {
  const NoiseSchedule s = cosine_schedule(1000);
  REQUIRE(s.steps() == 1000);
  double product = 1;
  int clipped = 0;
  for (int t = 0; t < 1000; ++t) {
    CHECK(s.beta[t] >= 1e-4);
    CHECK(s.beta[t] <= 0.999);
    product *= 1 - s.beta[t];
    CHECK(s.alpha_bar[t] == Approx(product).epsilon(1e-12));
    const double beta = 1 - cosine((t + 1) / 1000.0) / cosine(t / 1000.0);
    if (beta >= 1e-4 && beta <= 0.999)
      CHECK(s.beta[t] == Approx(beta).epsilon(1e-9));
    else
      ++clipped;
  }
  // The slope at 0 is pi * tan(0.008 / 1.008 * pi / 2) / 1.008 = 0.0389, so the first betas fall short of 1e-4: beta_t
  // is about 1e-3 * (0.0389 + 4.86 (t + 1 / 2) / 1000), which passes 1e-4 between t = 12 and t = 13; and the last is 1.
  CHECK(clipped == 14);
  CHECK(s.beta[999] == 0.999);
}

TEST_CASE("levels that make no schedule are errors", "[diffusion]") {
  auto said = [](std::vector<double> levels) { return error_of([&] { discretise(levels); }); };
  CHECK(said({1, 0.5, 0.25}).empty());
  CHECK(mentions(said({1}), "at least one step"));
  CHECK(mentions(said({0.9, 0.5}), "0.9", "u = 0"));
  CHECK(mentions(said({1, 0.5, 0.6}), "rises from 0.5 to 0.6", "u = 1"));
  CHECK(mentions(said({1, -0.5}), "-0.5", "(0, 1]"));
  CHECK(mentions(said({1, std::nan("")}), "nan"));
  const std::vector<double> levels = {1, 0.5, 0.25};
  CHECK(discretise(levels).beta == std::vector<double>{0.5, 0.5});
  CHECK(discretise(levels).alpha_bar == std::vector<double>{0.5, 0.25});
}

TEST_CASE("a sampler's step with eta = 1 is the posterior of DDPM", "[diffusion]") {
  const NoiseSchedule s = cosine_schedule(100);
  const auto ddpm = moves(s, Prediction::noise, {.method = Method::ddpm});
  const auto ddim = moves(s, Prediction::noise, {.method = Method::ddim, .steps = 100, .eta = 1});
  REQUIRE(ddpm.size() == 100);
  for (int t = 99; t >= 0; --t) {
    INFO(t);
    const double now = s.alpha_bar[t], next = t ? s.alpha_bar[t - 1] : 1;
    const Move& m = ddpm[99 - t];
    // Ho et al. 2020, eq. 7: the mean's factors of x0 and x_t, and the variance.
    const double of_clean = std::sqrt(next) * s.beta[t] / (1 - now);
    const double of_noisy = std::sqrt(1 - s.beta[t]) * (1 - next) / (1 - now);
    const double variance = (1 - next) / (1 - now) * s.beta[t];
    CHECK(m.t == t);
    CHECK(m.noisy == Approx(of_noisy).epsilon(1e-9).margin(1e-12));
    CHECK(m.clean == Approx(of_clean).epsilon(1e-9));
    CHECK(m.fresh * m.fresh == Approx(variance).epsilon(1e-9).margin(1e-12));
    CHECK(m.clean_noisy == Approx(1 / std::sqrt(now)));
    CHECK(m.clean_prediction == Approx(-std::sqrt(1 / now - 1)));
    CHECK(ddim[99 - t].fresh == m.fresh);
  }
}

TEST_CASE("a deterministic step keeps signal and noise apart", "[diffusion]") {
  const NoiseSchedule s = cosine_schedule(100);
  const auto list = moves(s, Prediction::noise, {.method = Method::ddim, .steps = 12});
  for (std::size_t i = 0; i + 1 < list.size(); ++i) {
    const double now = s.alpha_bar[list[i].t], next = s.alpha_bar[list[i + 1].t];
    CHECK(list[i].fresh == 0);
    // The image sqrt(now) x0 + sqrt(1 - now) e becomes sqrt(next) x0 + sqrt(1 - next) e.
    CHECK(list[i].noisy * std::sqrt(1 - now) == Approx(std::sqrt(1 - next)));
    CHECK(list[i].noisy * std::sqrt(now) + list[i].clean == Approx(std::sqrt(next)));
  }
  CHECK(list.back().noisy == 0);
  CHECK(list.back().clean == 1);
}

TEST_CASE("strided steps go from the last to the first", "[diffusion]") {
  for (auto [total, count] : {std::pair{1000, 50}, {1000, 1000}, {7, 3}, {5, 2}}) {
    const auto steps = strided_steps(total, count);
    REQUIRE(static_cast<int>(steps.size()) == count);
    CHECK(steps.front() == total - 1);
    CHECK(steps.back() == 0);
    for (std::size_t i = 1; i < steps.size(); ++i) CHECK(steps[i] < steps[i - 1]);
  }
  CHECK(strided_steps(10, 1) == std::vector<int>{9});
}
