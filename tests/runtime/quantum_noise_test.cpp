// Noise that circuits give: moments in closed form, what whitening and the controls leave, and the sum over steps.
#include <cmath>

#include "compiler/pipeline.h"
#include "runtime/diffusion/noise.h"
#include "runtime/diffusion/noise_source.h"
#include "runtime/diffusion/objective.h"
#include "runtime/diffusion/sampler.h"
#include "runtime/report/noise_report.h"
#include "runtime/train/trainer.h"
#include "tests/compiler/elaborated.h"
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

/// Circuit C of a text at `places`, measured with `shots`.
graph::Graph measured(const std::string& text, const graph::Shape& angles, std::int64_t shots) {
  dsl::Sources sources;
  dsl::Diagnostics diagnostics;
  const dsl::ast::File prelude = dsl::parse_prelude(sources);
  dsl::ast::Program program;
  const dsl::FileId id = sources.add("test.qiln", text + fmt::format("\nconst it = C(shots = {})", shots));
  program.files.push_back(dsl::parse(sources[id], diagnostics));
  const auto& call = std::get<dsl::ast::Const>(program.files[0].items.back().node).value;
  auto graph = elaborate_function({program, prelude}, call, {&angles, 1}, diagnostics);
  INFO(dsl::render(diagnostics, sources));
  REQUIRE(graph);
  run_circuit_passes(*graph, true, false);
  return std::move(*graph);
}

constexpr const char* kTurn = "circuit C(x: [1]) -> [1] { qubits q[1]\n RY(x) q\n return expval(Z(q)) }";
constexpr const char* kChain = R"(
circuit C(x: [8]) -> [4] {
  qubits q[4]
  for i in 0..4 { RY(x[i]) q[i] }
  for i in 0..3 { CNOT q[i], q[i + 1] }
  for i in 0..4 { RX(x[4 + i]) q[i] }
  return expval(Z(q))
})";
const graph::Shape kImage{1, 4, 6};

struct Source {
  Source(NoiseControl control, jit::Engine& engine) {
    const QuantumNoiseSettings settings{.shots = 20, .control = control};
    const graph::Graph raw = raw_draws(measured(kChain, {places_for(24, 4, control), 8}, 20), settings);
    noise.draw = whitened_noise(raw, kImage, control);
    values = parameter_values(noise.draw, calibrate(raw, settings, draw_moments(raw, settings, engine)), settings);
  }
  std::vector<float> images(std::int64_t count, jit::Engine& engine) const {
    jit::Executable program = jit::build(noise.draw, engine);
    for (const auto& port : program.program().params)
      std::ranges::copy(values.at(port.name), program.param(port.name).begin());
    program.run(count, 7);
    return program.output("noise");
  }
  NoiseSource noise;
  std::map<std::string, std::vector<float>> values;
};

}  // namespace

TEST_CASE("a turned qubit's draws have the moments of its cosine and its shots", "[noise]") {
  auto engine = engine_without_cache();
  constexpr std::int64_t shots = 8;
  const QuantumNoiseSettings settings{.shots = shots};
  const auto moments = draw_moments(raw_draws(measured(kTurn, {64, 1}, shots), settings), settings, engine);
  // cos(x) of uniform x has mean 0 and variance 1/2; a shot given x has variance sin(x)^2, 1/2 on average; a uniform
  // number in 2 / shots has the square of that over 12. 2^16 draws below 2 in square: five standard errors are 0.02.
  const double expected = 0.5 + 0.5 / shots + 4.0 / (shots * shots * 12);
  CHECK(moments.mean[0] == Approx(0).margin(0.015));
  CHECK(moments.covariance(0, 0) == Approx(expected).margin(0.01));
  QuantumNoiseSettings exact = settings;
  exact.shots = 0;
  CHECK(draw_moments(raw_draws(measured(kTurn, {64, 1}, 0), exact), exact, engine).covariance(0, 0) ==
        Approx(0.5).margin(0.01));
  // With fixed angles only shots and spread are left.
  QuantumNoiseSettings fixed = settings;
  fixed.fixed_angles = true;
  const auto still = draw_moments(raw_draws(measured(kTurn, {64, 1}, shots), fixed), fixed, engine);
  const double cosine = still.mean[0];
  CHECK(still.covariance(0, 0) == Approx((1 - cosine * cosine) / shots + 4.0 / (shots * shots * 12)).margin(0.005));
}

TEST_CASE("an image of quantum noise is white, and controls take apart what is left", "[noise]") {
  auto engine = engine_without_cache();
  constexpr std::int64_t count = 20000;
  std::map<NoiseControl, report::NoiseStatistics> all;
  for (NoiseControl control :
       {NoiseControl::none, NoiseControl::gaussian, NoiseControl::independent, NoiseControl::tiled}) {
    const Source source(control, engine);
    all[control] = report::noise_statistics(source.images(count, engine), 1, 4, 6);
    INFO(report::noise_text(all[control], std::to_string(static_cast<int>(control))));
    CHECK(all[control].mean == Approx(0).margin(0.02));
    CHECK(all[control].deviation == Approx(1).margin(0.02));
  }
  const double chance = 1 / std::sqrt(static_cast<double>(count));
  for (NoiseControl control : {NoiseControl::none, NoiseControl::gaussian, NoiseControl::independent}) {
    CHECK(all[control].rank == 24);
    CHECK(all[control].values.root_mean_square < 2 * chance);
    CHECK(all[control].values.largest < 0.04);
    for (double power : all[control].spectrum) CHECK(power == Approx(1).margin(0.05));
  }
  // The distribution of a pixel is the circuit's with and without the draws' correlations.
  const auto& quantum = all[NoiseControl::none];
  CHECK(quantum.distance > 1.63 * chance / std::sqrt(24.0));  // further than 1 in 100 normal samples would be
  CHECK(all[NoiseControl::independent].excess_kurtosis == Approx(quantum.excess_kurtosis).margin(0.05));
  CHECK(all[NoiseControl::gaussian].distance < 0.005);
  // Numbers of one draw are uncorrelated and yet not independent: their squares tell.
  CHECK(quantum.squares.largest > 0.1);
  CHECK(all[NoiseControl::independent].squares.largest < 0.04);
  CHECK(all[NoiseControl::gaussian].squares.largest < 0.04);
  CHECK(all[NoiseControl::tiled].rank == 4);
  CHECK(all[NoiseControl::tiled].values.largest > 0.99);
}

TEST_CASE("a circuit whose outputs do not all vary is no source of noise", "[noise]") {
  auto engine = engine_without_cache();
  const QuantumNoiseSettings settings{.shots = 50};
  const auto raw = raw_draws(
      measured("circuit C(x: [1]) -> [2] { qubits q[2]\n RY(x) q[0]\n return expval(Z(q)) }", {4, 1}, 50), settings);
  CHECK(mentions(error_of([&] { calibrate(raw, settings, draw_moments(raw, settings, engine)); }), "span 1 of their 2"));
}

TEST_CASE("noise that is new at each step keeps variance and fourth cumulant of the sum", "[noise]") {
  std::vector<double> levels{1};
  for (int t = 0; t < 50; ++t) levels.push_back(levels.back() * (1 - 0.001 - 0.001 * t));
  const NoiseSchedule schedule = discretise(levels);
  const NoiseSource source{.draw = {}, .share = 0.8, .markov = true};
  for (int t : {0, 1, 7, 49}) {
    double squares = 0, fourth = 0;
    for (int k = 0; k <= t; ++k) {
      double weight = std::sqrt(schedule.beta[k]);
      for (int j = k + 1; j <= t; ++j) weight *= std::sqrt(1 - schedule.beta[j]);
      squares += weight * weight;
      fourth += std::pow(weight, 4);
    }
    const NoiseFactors factors = noise_factors(source, schedule, t);
    CHECK(factors.source * factors.source + factors.gaussian * factors.gaussian == Approx(1));
    // Each step's draw has 0.8^2 of the source's fourth cumulant.
    CHECK(std::pow(factors.source, 4) == Approx(0.64 * fourth / (squares * squares)));
  }
  CHECK(noise_factors({.draw = {}, .share = 0.8, .markov = false}, schedule, 49).source == Approx(std::sqrt(0.8)));
}

TEST_CASE("training and sampling take quantum noise, the same at any number of threads", "[noise]") {
  auto engine = engine_without_cache();
  auto net = Elaborated::text("net N(x: [1, 4, 6], t: []) -> [1, 4, 6] { return x |> conv(4, 3) |> relu |> conv(1, 3) }");
  REQUIRE(net.graph);
  std::vector<double> levels;
  for (int i = 0; i <= 20; ++i) levels.push_back(std::exp(-6.0 * i / 20));
  const NoiseSchedule schedule = discretise(levels);
  const Source source(NoiseControl::none, engine);
  for (bool markov : {false, true}) {
    DenoisingOptions options;
    options.noise = source.noise;
    options.noise->markov = markov;
    std::vector<train::Checkpoint> ends;
    for (int threads : {1, 2}) {
      train::TrainerSettings settings;
      settings.batch = 19;
      train::Trainer trainer(denoising_objective(*net.graph, schedule, options), settings, engine, threads);
      trainer.set_values(source.values);
      const std::vector<float> images(19 * 24, 0.5f);
      for (int step = 0; step < 3; ++step) CHECK(std::isfinite(trainer.step(images)));
      trainer.save(ends.emplace_back());
    }
    for (std::size_t k = 0; k < ends[0].tensors.size(); ++k)
      CHECK(ends[0].tensors[k].bytes == ends[1].tensors[k].bytes);
    CHECK(ends[0].values("noise.mean", std::vector<std::int64_t>{4}).size() == 4);
    SamplerSettings sampling;
    sampling.method = markov ? Method::ddpm : Method::heun;
    sampling.steps = 5;
    const Denoiser denoiser{*net.graph, schedule, Prediction::noise, options.noise};
    const auto one = sample(denoiser, ends[0], true, 5, sampling, engine, {}, 1);
    CHECK(sample(denoiser, ends[0], true, 5, sampling, engine, {}, 2) == one);
    for (float x : one) CHECK(std::abs(x) <= 1.0f);
  }
}

TEST_CASE("channels, noise models and shots inside a network train and sample", "[noise]") {
  auto engine = engine_without_cache();
  auto net = Elaborated::text(R"(
circuit Gate(x: [2]) -> [2] {
  noise_model {
    after 1q: depolarize(0.01)
    after 2q: depolarize(0.05)
    before readout: readout_error(0.02, 0.05)
  }
  param w: [2] ~ uniform(0, 2 * pi)
  qubits q[2]
  RY(x) q
  CNOT q[0], q[1]
  RY(w) q
  phase_flip(0.1) q[0]
  return expval(Z(q), shots = 30)
}
net N(x: [1, 4, 4], t: []) -> [1, 4, 4] {
  h = x |> conv(4, 3) |> relu
  g = h |> mean(axes = [1, 2]) |> linear(2) |> Gate |> linear(4)
  return h * (1 + g) |> conv(1, 3)
})");
  INFO(net.messages());
  REQUIRE(net.graph);
  run_circuit_passes(*net.graph, true);
  std::vector<double> levels;
  for (int i = 0; i <= 20; ++i) levels.push_back(std::exp(-6.0 * i / 20));
  const Denoiser denoiser{*net.graph, discretise(levels)};
  std::vector<train::Checkpoint> ends;
  double first = 0, last = 0;
  for (int threads : {1, 2}) {
    train::TrainerSettings settings;
    settings.batch = 24;
    settings.optimiser.learning_rate = 1e-2;
    train::Trainer trainer(denoising_objective(denoiser.network, denoiser.schedule), settings, engine, threads);
    const std::vector<float> images(24 * 16, 0.8f);
    for (int step = 0; step < 60; ++step) {
      const double loss = trainer.step(images);
      if (step < 10) first += loss;
      if (step >= 50) last += loss;
    }
    trainer.save(ends.emplace_back());
  }
  CHECK(last < 0.9 * first);
  for (std::size_t k = 0; k < ends[0].tensors.size(); ++k) CHECK(ends[0].tensors[k].bytes == ends[1].tensors[k].bytes);
  SamplerSettings sampling;
  sampling.steps = 6;
  const auto one = sample(denoiser, ends[0], true, 5, sampling, engine, {}, 1);
  CHECK(sample(denoiser, ends[0], true, 5, sampling, engine, {}, 2) == one);
  for (float x : one) CHECK(std::isfinite(x));
}
