// The optimisers' update and the learning rates against torch.optim (tests/reference/optimisers.json).
#include "runtime/train/optimiser.h"

#include <cmath>
#include <fstream>
#include <limits>
#include <nlohmann/json.hpp>

#include "runtime/jit/build.h"
#include "runtime/train/learning_rate.h"
#include "runtime/train/parameter_groups.h"
#include "tests/catch.h"
#include "tests/reference/formula.h"
#include "tests/runtime/scratch.h"

using namespace qiln;
using namespace qiln::train;
using test::error_of;
using test::mentions;

namespace {

const nlohmann::json& reference() {
  static const nlohmann::json values = [] {
    std::ifstream in(QILN_SOURCE_DIR "/tests/reference/optimisers.json");
    return nlohmann::json::parse(in);
  }();
  return values;
}

OptimiserSettings settings_of(const nlohmann::json& run) {
  const std::string rule = run.at("rule");
  OptimiserSettings s{.rule = rule == "adam" ? Rule::adam : rule == "adamw" ? Rule::adamw : Rule::sgd};
  s.learning_rate = run.at("lr");
  if (run.contains("betas")) s.beta1 = run.at("betas")[0], s.beta2 = run.at("betas")[1], s.epsilon = run.at("eps");
  s.momentum = run.value("momentum", 0.0);
  s.nesterov = run.value("nesterov", false);
  s.weight_decay = run.value("weight_decay", 0.0);
  s.clip = run.at("clip");
  return s;
}

jit::Engine& engine() {
  static jit::Engine made(codegen::host_target(), {.enabled = false, .folder = {}});
  return made;
}

/// An update that writes into its inputs, as the trainer binds it.
struct Update {
  Update(std::int64_t count, const OptimiserSettings& settings, bool grouped = false)
      : settings(settings), program(jit::build(update_graph(count, settings, grouped), engine())) {
    for (const char* name : {"weight", "average"}) bind(name, count);
    for (const StateArena& state : state_arenas(settings)) bind(state.name, count);
  }
  void bind(const char* name, std::int64_t count) {
    memory.push_back(jit::Floats(count));
    program.bind(name, memory.back().span());
  }
  void fill(const char* name, std::span<const float> values) {
    std::ranges::copy(values, program.uniform_input(name).begin());
  }
  void run(std::int64_t step, double average_decay) {
    for (const auto& [name, value] : update_scalars(settings, step, settings.learning_rate, average_decay))
      program.uniform_input(name)[0] = static_cast<float>(value);
    program.run(1);
  }
  std::vector<float> values(const char* name) const { return program.output(name); }

  OptimiserSettings settings;
  std::vector<jit::Floats> memory;
  jit::Executable program;
};

}  // namespace

TEST_CASE("the compiled updates follow torch.optim", "[optimiser]") {
  constexpr std::size_t count = 19;
  for (const auto& run : reference().at("runs")) {
    INFO(run.at("rule") << " " << run.at("group").dump() << " clip " << run.at("clip"));
    const OptimiserSettings settings = settings_of(run);
    const bool grouped = !run.at("group").empty();
    Update update(count, settings, grouped);
    const auto start = test::formula_vector(0, count);
    update.fill("weight", start);
    update.fill("average", start);
    if (grouped) {
      std::vector<float> rates(count, 1), decays(count, static_cast<float>(settings.weight_decay));
      for (std::size_t i = reference().at("second_group"); i < count; ++i) {
        rates[i] = static_cast<float>(run.at("group").at("lr").get<double>() / settings.learning_rate);
        decays[i] = run.at("group").at("weight_decay");
      }
      update.fill("rate", rates);
      update.fill("decay", decays);
    }
    std::vector<double> average(start.begin(), start.end());
    for (std::size_t step = 1; step <= run.at("parameters").size(); ++step) {
      std::vector<float> gradient = test::formula_vector(static_cast<std::uint32_t>(step), count);
      for (std::size_t i = 0; i < count; ++i)
        gradient[i] = static_cast<float>(gradient[i] * std::pow(10.0, -static_cast<double>(i % 9)));
      update.fill("gradient", gradient);
      update.run(static_cast<std::int64_t>(step), 0.5);
      CHECK(update.values("norm")[0] == Approx(run.at("norms")[step - 1].get<double>()).epsilon(1e-6));
      // Twelve steps, each rounding a weight below 3 once (2^-24 of it) and a step below 0.9 some eight times.
      constexpr double tolerance = 12 * (3 + 8 * 0.9) / (1 << 24);
      const double decay = std::min(0.5, (1.0 + static_cast<double>(step)) / (10.0 + static_cast<double>(step)));
      for (std::size_t i = 0; i < count; ++i) {
        INFO("step " << step << " element " << i);
        const double expected = run.at("parameters")[step - 1][i];
        CHECK(std::abs(update.values("weight")[i] - expected) <= tolerance);
        average[i] = decay * average[i] + (1 - decay) * expected;
        CHECK(std::abs(update.values("average")[i] - average[i]) <= tolerance);
      }
    }
  }
}

TEST_CASE("the norm is of the whole arena, and one that is not finite changes nothing", "[optimiser]") {
  for (const std::int64_t count : {16, 1024, 3088, 10240}) {
    Update update(count, {.clip = 1});
    const auto start = test::formula_vector(0, count), gradient = test::formula_vector(1, count);
    for (const char* name : {"weight", "average", "mean", "variance"}) update.fill(name, start);
    double square = 0;
    for (float v : gradient) square += static_cast<double>(v) * v;
    for (const float bad : {std::numeric_limits<float>::quiet_NaN(), std::numeric_limits<float>::infinity()}) {
      auto broken = gradient;
      broken[count / 2] = bad;
      update.fill("gradient", broken);
      update.run(1, 0.5);
      CHECK(!std::isfinite(update.values("norm")[0]));
      for (const char* name : {"weight", "average", "mean", "variance"}) CHECK(update.values(name) == start);
    }
    update.fill("gradient", gradient);
    update.run(1, 0.5);
    CHECK(update.values("norm")[0] == Approx(std::sqrt(square)).epsilon(1e-6));
    CHECK(update.values("weight") != start);
  }
}

TEST_CASE("learning rates follow torch.optim.lr_scheduler", "[optimiser]") {
  for (const auto& s : reference().at("schedules")) {
    const std::string shape = s.at("shape");
    const RateSchedule schedule{.shape = shape == "cosine" ? RateShape::cosine
                                         : shape == "step" ? RateShape::step
                                                           : RateShape::constant,
                                .warmup = s.at("warmup"),
                                .floor = s.value("floor", 0.0),
                                .steps = s.value("steps", 1),
                                .every = s.value("every", 1),
                                .factor = s.value("factor", 1.0)};
    INFO(s.dump());
    for (std::size_t step = 0; step < s.at("factors").size(); ++step)
      CHECK(rate_factor(schedule, static_cast<std::int64_t>(step)) ==
            Approx(s.at("factors")[step].get<double>()).epsilon(1e-12));
  }
  CHECK(rate_factor({.shape = RateShape::cosine, .floor = 0.25, .steps = 10}, 1000) == 0.25);
}

TEST_CASE("groups are found by pattern, the first that fits", "[optimiser]") {
  const std::vector<std::string> paths = {"e1.conv.weight", "e1.conv.bias", "g.Bottleneck.w"};
  const std::vector<ParameterGroup> groups = {{"g.*", 1.0, {}}, {"*.bias", {}, 0.0}};
  CHECK(group_of(groups, paths[0]) == nullptr);
  CHECK(group_of(groups, paths[1]) == &groups[1]);
  CHECK(group_of(groups, paths[2]) == &groups[0]);
  CHECK(error_of([&] { check_groups(groups, paths); }).empty());
  const std::vector<ParameterGroup> none = {{"e2.*", 1.0, {}}}, taken = {{"*", 1.0, {}}, {"g.*", 2.0, {}}};
  CHECK(mentions(error_of([&] { check_groups(none, paths); }), "`e2.*`", "`g.Bottleneck.w`"));
  CHECK(mentions(error_of([&] { check_groups(taken, paths); }), "`group(\"g.*\")`", "put it before"));
}
