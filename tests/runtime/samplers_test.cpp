// Samplers against the formulas of their papers (tests/reference/diffusion.py), and against what is known in closed form
// when the images are Gaussian: the best denoiser, the probability flow, and the distribution of every step.
#include <cmath>
#include <fstream>
#include <nlohmann/json.hpp>

#include "dsl/error.h"
#include "runtime/diffusion/objective.h"
#include "runtime/diffusion/sampler.h"
#include "runtime/diffusion/sampling_step.h"
#include "tests/compiler/elaborated.h"
#include "tests/reference/formula.h"
#include "tests/runtime/scratch.h"

using namespace qiln;
using namespace qiln::diffusion;
using test::error_of;
using test::mentions;

namespace {

jit::Engine engine_without_cache() {
  jit::CacheOptions cache;
  cache.enabled = false;
  return jit::Engine(codegen::host_target(), cache);
}

/// Levels exp(-8 u), which no clip of the betas touches.
NoiseSchedule exponential(int steps) {
  std::vector<double> levels;
  for (int i = 0; i <= steps; ++i) levels.push_back(std::exp(-8.0 * i / steps));
  return discretise(levels);
}

graph::Graph net(const std::string& text) {
  auto elaborated = Elaborated::text(text);
  INFO(elaborated.messages());
  REQUIRE(elaborated.graph);
  return std::move(*elaborated.graph);
}

/// `images` [count, …] at the end of all moves.
std::vector<float> ends(const graph::Graph& network, const std::vector<Move>& list, std::vector<float> images,
                        std::int64_t count, bool clip, jit::Engine& engine) {
  jit::Executable step = jit::build(sampling_step(network, {clip, look_back(list)}), engine);
  CHECK(walk(step, {list, 3}, images, count));
  return images;
}

// Images of two pixels: N(mean, R^T diag(variance) R) with a rotation R by 0.5.
constexpr int kTimes = 481;
constexpr double kMean[] = {0.3, -0.2}, kVariance[] = {0.25, 0.04};
constexpr const char* kOptimal = R"(
const TURN = [[cos(0.5), sin(0.5)], [-sin(0.5), cos(0.5)]]
net N(x: [1, 1, 2], t: []) -> [1, 1, 2] {
  const mean = [0.3, -0.2]
  const variance = [0.25, 0.04]
  level = exp(-8 * (t + 1) / 481)
  centred = reshape(x, [2]) - sqrt(level) * mean
  turned[i] = sum[j] TURN[i, j] * centred[j]
  gained = turned * (sqrt(level) * variance / (level * variance + 1 - level))
  back[j] = sum[i] TURN[i, j] * gained[i]
  return reshape(back + mean, [1, 1, 2])
}
)";

using Pair = std::array<double, 2>;
Pair turned(const Pair& x) {
  const double c = std::cos(0.5), s = std::sin(0.5);
  return {c * x[0] + s * x[1], -s * x[0] + c * x[1]};
}
double level(int t) { return std::exp(-8.0 * (t + 1) / kTimes); }
double variance_at(int t, int axis) { return level(t) * kVariance[axis] + 1 - level(t); }

/// How far the images at time kStop are from those of the probability flow, whose deviation from the mean keeps its share
/// of the standard deviation. `steps` are of equal length, down to t = 0; those down to kStop are taken.
constexpr int kStop = 120;
double flow_error(const graph::Graph& network, Method method, int steps, jit::Engine& engine) {
  auto list = moves(exponential(kTimes), Prediction::sample, {.method = method, .steps = steps + 1});
  list.resize(static_cast<std::size_t>(steps * (kTimes - 1 - kStop) / (kTimes - 1) * (method == Method::heun ? 2 : 1)));
  const std::vector<float> start = test::formula_vector(0, 64);
  const auto end = ends(network, list, start, 32, false, engine);
  double worst = 0;
  for (std::size_t k = 0; k < start.size(); k += 2) {
    const double first = std::sqrt(level(kTimes - 1)), last = std::sqrt(level(kStop));
    const Pair from = turned({start[k] - first * kMean[0], start[k + 1] - first * kMean[1]});
    const Pair to = turned({end[k] - last * kMean[0], end[k + 1] - last * kMean[1]});
    for (int axis : {0, 1}) {
      const double exact = from[axis] * std::sqrt(variance_at(kStop, axis) / variance_at(kTimes - 1, axis));
      worst = std::max(worst, std::abs(to[axis] - exact));
    }
  }
  return worst;
}

/// Mean and variance of one turned pixel at the end of all moves from N(0, 1), when nothing is clipped.
struct Moments {
  double mean = 0, variance = 1;
};
Moments moments(const std::vector<Move>& list, int axis, int times) {
  Moments m;
  const double mean = turned({kMean[0], kMean[1]})[axis];
  for (const Move& move : list) {
    const double a = std::exp(-8.0 * (move.t + 1) / times), s = std::sqrt(a);
    const double g = s * kVariance[axis] / (a * kVariance[axis] + 1 - a);
    const double factor = move.noisy + move.clean * g;
    m.mean = factor * m.mean + move.clean * (1 - g * s) * mean;
    m.variance = factor * factor * m.variance + move.fresh * move.fresh;
  }
  return m;
}

}  // namespace

TEST_CASE("samplers follow the formulas of their papers", "[samplers]") {
  std::ifstream in(QILN_SOURCE_DIR "/tests/reference/diffusion.json");
  const auto reference = nlohmann::json::parse(in);
  const auto network = net("net N(x: [1, 2, 2], t: []) -> [1, 2, 2] { return 0.6 * tanh(0.8 * x - 0.3) + 0.002 * t }");
  auto engine = engine_without_cache();
  const NoiseSchedule schedule = exponential(reference.at("steps"));
  const std::map<std::string, Prediction> kinds = {{"noise", Prediction::noise},
                                                   {"sample", Prediction::sample},
                                                   {"velocity", Prediction::velocity},
                                                   {"previous", Prediction::previous}};
  const std::map<std::string, Method> methods = {
      {"ddim", Method::ddim}, {"dpm_solver", Method::dpm_solver}, {"heun", Method::heun}};
  for (const auto& run : reference.at("samplers")) {
    INFO(run.at("predict") << " " << run.at("method") << " " << run.at("steps"));
    const auto list =
        moves(schedule, kinds.at(run.at("predict")), {.method = methods.at(run.at("method")), .steps = run.at("steps")});
    const auto end = ends(network, list, test::formula_vector(0, 12), 3, true, engine);
    // Up to 60 moves round an image below 1 some five times each (2^-24), and the clean image of noise and `previous`
    // is a difference of numbers up to 1 / signal = 55 at the first times, whose error shrinks with the signal again.
    for (std::size_t i = 0; i < end.size(); ++i) CHECK(std::abs(end[i] - run.at("end")[i / 4][i % 4].get<double>()) < 2e-5);
  }
}

TEST_CASE("deterministic samplers follow the probability flow of Gaussian images", "[samplers]") {
  const auto network = net(kOptimal);
  auto engine = engine_without_cache();
  auto error = [&](Method method, int steps) {
    return flow_error(network, method, steps, engine);
  };
  // Halving the steps halves the error of a method of first order and quarters that of one of second order.
  const double ddim[] = {error(Method::ddim, 40), error(Method::ddim, 80), error(Method::ddim, 160)};
  const double solver[] = {error(Method::dpm_solver, 40), error(Method::dpm_solver, 80), error(Method::dpm_solver, 160)};
  const double heun[] = {error(Method::heun, 20), error(Method::heun, 40), error(Method::heun, 80)};
  INFO("ddim " << ddim[0] << " " << ddim[1] << " " << ddim[2]);
  INFO("dpm_solver " << solver[0] << " " << solver[1] << " " << solver[2]);
  INFO("heun " << heun[0] << " " << heun[1] << " " << heun[2]);
  for (int k : {0, 1}) {
    CHECK(ddim[k] / ddim[k + 1] == Approx(2).margin(0.4));
    CHECK(solver[k] / solver[k + 1] == Approx(4).margin(1.2));
    CHECK(heun[k] / heun[k + 1] == Approx(4).margin(1.2));
  }
  CHECK(ddim[2] < 1e-3);
  CHECK(solver[2] < 1e-5);
  CHECK(heun[2] < 2e-6);
}

TEST_CASE("stochastic samplers give Gaussian images their mean and variance", "[samplers]") {
  const auto network = net(kOptimal);
  auto engine = engine_without_cache();
  constexpr std::int64_t count = 4096;
  const Denoiser denoiser{network, exponential(kTimes), Prediction::sample};
  const MoveSettings runs[] = {{.method = Method::ddpm}, {.method = Method::ddim, .steps = 60, .eta = 0.7}};
  for (const MoveSettings& run : runs) {
    SamplerSettings settings;
    settings.method = run.method;
    settings.steps = run.steps;
    settings.eta = run.eta;
    settings.clip = false;
    settings.batch = count;
    const auto images = sample(denoiser, {}, false, count, settings, engine);
    const auto list = moves(denoiser.schedule, Prediction::sample, run);
    double sum[2] = {}, squares[2] = {}, product = 0;
    for (std::size_t k = 0; k < images.size(); k += 2) {
      const Pair x = turned({images[k], images[k + 1]});
      for (int axis : {0, 1}) {
        const Moments m = moments(list, axis, kTimes);
        sum[axis] += x[axis] / count;
        squares[axis] += (x[axis] - m.mean) * (x[axis] - m.mean) / count;
      }
      product += (x[0] - moments(list, 0, kTimes).mean) * (x[1] - moments(list, 1, kTimes).mean) / count;
    }
    for (int axis : {0, 1}) {
      const Moments m = moments(list, axis, kTimes);
      // Five standard errors of a mean and of a variance of normal numbers.
      CHECK(std::abs(sum[axis] - m.mean) < 5 * std::sqrt(m.variance / count));
      CHECK(std::abs(squares[axis] / m.variance - 1) < 5 * std::sqrt(2.0 / count));
    }
    CHECK(std::abs(product) < 5 * std::sqrt(moments(list, 0, kTimes).variance * moments(list, 1, kTimes).variance / count));
  }
  // More times bring the distribution at the end closer to that of the images. The posterior's variance is the smaller of
  // the two choices of Ho et al. 2020, section 3.2; what is missing at the end falls as log(T) / T.
  for (int axis : {0, 1}) {
    auto off = [&](int times) {
      const Moments m = moments(moves(exponential(times), Prediction::sample, {.method = Method::ddpm}), axis, times);
      CHECK(m.mean == Approx(turned({kMean[0], kMean[1]})[axis]).margin(0.01));
      return std::abs(m.variance / kVariance[axis] - 1);
    };
    const double coarse = off(1000), fine = off(10000);
    CHECK(fine < 0.07);
    CHECK(coarse / fine > 4);
    CHECK(coarse / fine < 10);
  }
}

TEST_CASE("guidance moves a prediction away from that without a label", "[samplers]") {
  const auto network = net(R"(
net N(x: [1, 1, 3], t: [], y: label[3]) -> [1, 1, 3] { return reshape(0.1 + 0.2 * one_hot(y), [1, 1, 3]) + 0 * x })");
  auto engine = engine_without_cache();
  const Denoiser denoiser{network, exponential(4), Prediction::sample};
  SamplerSettings settings;
  settings.steps = 1;
  for (double w : {0.0, 1.5}) {
    settings.guidance = w;
    const auto images = sample(denoiser, {}, false, 4, settings, engine);
    for (int k = 0; k < 4; ++k)
      for (int i = 0; i < 3; ++i)
        CHECK(images[3 * k + i] == Approx((1 + w) * (i == k % 3 ? 0.3 : 0.1) - w * 0.1).epsilon(1e-5));
  }
  settings.labels = {2, 0};
  CHECK(labels_of(network, settings, 3) == std::vector<float>{2, 0, 2});
  settings.labels = {3};
  CHECK(mentions(error_of([&] { labels_of(network, settings, 3); }), "label 3", "0 to 2"));
  const auto plain = net("net N(x: [1, 1, 3], t: []) -> [1, 1, 3] { return x }");
  CHECK(mentions(error_of([&] { labels_of(plain, settings, 3); }), "label[10]"));
}
