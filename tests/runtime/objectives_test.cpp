// Training objectives: schedules and targets against tests/reference/diffusion.py, draws against their distribution.
#include <cmath>
#include <fstream>
#include <nlohmann/json.hpp>

#include "compiler/elaborate.h"
#include "runtime/diffusion/objective.h"
#include "runtime/random/philox.h"
#include "runtime/reference/evaluate.h"
#include "tests/compiler/elaborated.h"
#include "tests/reference/formula.h"
#include "tests/runtime/scratch.h"

using namespace qiln;
using namespace qiln::diffusion;
using test::error_of;
using test::mentions;

namespace {

nlohmann::json from_papers() {
  std::ifstream in(QILN_SOURCE_DIR "/tests/reference/diffusion.json");
  return nlohmann::json::parse(in);
}

constexpr int kSteps = 60;
NoiseSchedule exponential() {
  std::vector<double> levels;
  for (int i = 0; i <= kSteps; ++i) levels.push_back(std::exp(-8.0 * i / kSteps));
  return discretise(levels);
}

dsl::ast::Expr expression(const std::string& text, dsl::Diagnostics& diagnostics, dsl::Sources& sources) {
  const dsl::FileId id = sources.add("setting", "const it = " + text);
  const dsl::ast::File file = dsl::parse(sources[id], diagnostics);
  return std::get<dsl::ast::Const>(file.items.at(0).node).value;
}

/// A net N and functions of `text`.
struct Model {
  explicit Model(const std::string& text) : elaborated(Elaborated::text(text)) {
    INFO(elaborated.messages());
    REQUIRE(elaborated.graph);
  }
  Distance distance(const std::string& function) {
    const graph::Shape shape = elaborated.graph->shape(elaborated.graph->outputs[0].value), both[] = {shape, shape};
    auto& diagnostics = elaborated.diagnostics;
    auto graph = elaborate_function({elaborated.program, elaborated.prelude},
                                    expression(function, diagnostics, elaborated.sources), both, diagnostics);
    INFO(elaborated.messages());
    REQUIRE(graph);
    return graph;
  }
  std::vector<double> table(const std::string& function, const std::vector<double>& points) {
    auto& diagnostics = elaborated.diagnostics;
    const auto values = tabulate({elaborated.program, elaborated.prelude},
                                 expression(function, diagnostics, elaborated.sources), points, diagnostics);
    INFO(elaborated.messages());
    REQUIRE(values);
    return *values;
  }
  Elaborated elaborated;
};

reference::Array<double> row(std::span<const float> values) {
  reference::Array<double> array(1, static_cast<Eigen::Index>(values.size()));
  for (std::size_t i = 0; i < values.size(); ++i) array(0, static_cast<Eigen::Index>(i)) = values[i];
  return array;
}

/// Outputs of an objective for `batch` copies of an image, and of a label where it takes one.
std::map<std::string, double> outputs(const graph::Graph& objective, std::span<const float> image, std::int64_t batch,
                                      std::uint32_t step = 0, double label = 0) {
  reference::Feed<double> feed;
  feed.batch = batch;
  feed.step = step;
  feed.inputs[port::image] = row(image).replicate(batch, 1);
  feed.inputs[port::label] = reference::Array<double>::Constant(batch, 1, label);
  feed.inputs[port::inverse_batch] = reference::Array<double>::Constant(1, 1, 1.0 / static_cast<double>(batch));
  const auto values = reference::evaluate(objective, feed);
  std::map<std::string, double> result;
  for (const auto& output : objective.outputs) result[output.name] = values[output.value].value(0, 0);
  return result;
}

constexpr const char* kNothing = R"(
net N(x: [1, 2, 2], t: []) -> [1, 2, 2] { return 0 * x + t }
fn of_target(x, target) = mean(target, axes = all_axes(x))
fn of_time(x, target) = mean(x, axes = all_axes(x))
fn one(x, target) = 1 + 0 * mean(x, axes = all_axes(x))
fn half(u) = if u > 0.5 then 1 else 0
)";

}  // namespace

TEST_CASE("schedules of the prelude are those of their papers", "[objectives]") {
  Model model(kNothing);
  const auto schedules = from_papers().at("schedules");
  const std::vector<double> u = schedules.at("u");
  auto check = [&](const std::string& function, const nlohmann::json& expected) {
    INFO(function);
    const auto levels = model.table(function, u);
    for (std::size_t i = 0; i < u.size(); ++i) CHECK(levels[i] == Approx(expected[i].get<double>()).epsilon(1e-5).margin(1e-9));
  };
  check("cosine", schedules.at("cosine"));
  check("sigmoid_schedule", schedules.at("sigmoid"));
  for (const auto& by_hand : schedules.at("by_hand")) {
    std::string points;
    for (const auto& p : by_hand.at("points"))
      points += fmt::format("{}({}, {})", points.empty() ? "" : ", ", p[0].get<double>(), p[1].get<double>());
    const std::string function = "tailored([" + points + "])";
    check(function, by_hand.at("levels"));
    CHECK(!fault_of(model.table(function, u)));
  }
  // The levels of the betas themselves differ from their continuous form by the curvature of log(1 - b), 1e-4 or so.
  const auto linear = model.table("linear_schedule", u);
  for (std::size_t i = 0; i < u.size(); ++i)
    CHECK(linear[i] == Approx(schedules.at("linear")[i].get<double>()).epsilon(1e-3));
}

TEST_CASE("points set by hand have to make a schedule", "[objectives]") {
  auto said = [](const std::string& points) {
    Model model(kNothing);
    auto& e = model.elaborated;
    const double u[] = {0.5};
    const auto function = expression("tailored(" + points + ")", e.diagnostics, e.sources);
    CHECK(!tabulate({e.program, e.prelude}, function, u, e.diagnostics));
    return e.messages();
  };
  CHECK(mentions(said("[(0, 1)]"), "begin with (0, 1)"));
  CHECK(mentions(said("[(0.1, 1), (1, 0.2)]"), "begin with (0, 1)"));
  CHECK(mentions(said("[(0, 1), (0.9, 0.2)]"), "end at u = 1"));
  CHECK(mentions(said("[(0, 1), (0.5, 0.4), (0.4, 0.3), (1, 0.1)]"), "u of `tailored` points must rise"));
  CHECK(mentions(said("[(0, 1), (0.4, 0.4), (0.5, 0.4), (1, 0.1)]"), "must fall"));
}

TEST_CASE("a schedule tells what clipping did to it", "[objectives]") {
  Model model(kNothing);
  std::vector<double> u;
  for (int i = 0; i <= 1000; ++i) u.push_back(i / 1000.0);
  const NoiseSchedule cosine = discretise(model.table("cosine", u));
  // See the cosine schedule of diffusion_test.cpp: 13 first betas short of 1e-4, the last one 1.
  CHECK(cosine.raised == 13);
  CHECK(cosine.lowered == 1);
  CHECK(mentions(describe(cosine), "1000 steps", "13 raised to 0.0001", "1 lowered to 0.999"));
  CHECK(mentions(describe(exponential()), "terminal SNR 0.00034 (-34.7 dB)", "no beta is clipped"));
}

TEST_CASE("targets are those of the papers, and give the clean image back", "[objectives]") {
  const auto targets = from_papers().at("targets");
  const auto clean = test::formula_vector(1, 12), noise = test::formula_vector(2, 12);
  const NoiseSchedule schedule = exponential();
  const std::pair<const char*, Prediction> kinds[] = {{"noise", Prediction::noise},
                                                      {"sample", Prediction::sample},
                                                      {"velocity", Prediction::velocity},
                                                      {"previous", Prediction::previous}};
  for (const auto& [name, kind] : kinds)
    for (int t = 0; t < kSteps; ++t) {
      const Parametrisation p = parametrisation(schedule, kind, t);
      for (int i = 0; i < 4; ++i) {
        INFO(name << " " << t);
        const double target = p.target_clean * clean[i] + p.target_noise * noise[i];
        CHECK(target == Approx(targets.at("by_time").at(name)[t][i].get<double>()).epsilon(1e-9).margin(1e-11));
        const double noisy = schedule.signal(t) * clean[i] + schedule.noise(t) * noise[i];
        CHECK(p.clean_noisy * noisy + p.clean_prediction * target == Approx(clean[i]).epsilon(1e-8));
      }
      if (targets.at("min_snr_5").contains(name)) {
        const double weight = std::min(schedule.snr(t), 5.0) * p.clean_prediction * p.clean_prediction;
        CHECK(weight == Approx(targets.at("min_snr_5").at(name)[t].get<double>()).epsilon(1e-9));
      }
    }
}

TEST_CASE("the objective draws times and noise, and forms target and weight of the time", "[objectives]") {
  Model model(kNothing);
  const NoiseSchedule schedule = exponential();
  const auto image = test::formula_vector(5, 4);
  for (Prediction kind : {Prediction::noise, Prediction::sample, Prediction::velocity, Prediction::previous}) {
    DenoisingOptions options{.prediction = kind, .distance = model.distance("of_target")};
    for (int t = 0; t < kSteps; ++t) options.clean_weights.push_back(1 + t);
    for (std::uint32_t step = 0; step < 5; ++step) {
      const random::Stream times{0, step, 0, random::site_hash("diffusion.t")};
      const random::Stream noises{0, step, 0, random::site_hash("diffusion.noise")};
      const int t = static_cast<int>(times.integer<float>(0, kSteps));
      const Parametrisation p = parametrisation(schedule, kind, t);
      double expected = 0;
      for (std::uint64_t i = 0; i < 4; ++i)
        expected += (p.target_clean * image[i] + p.target_noise * noises.normal<double>(i)) / 4;
      expected *= (1 + t) * p.clean_prediction * p.clean_prediction;
      const auto loss = outputs(denoising_objective(*model.elaborated.graph, schedule, options), image, 1, step);
      CHECK(loss.at("loss") == Approx(expected).epsilon(1e-9));
    }
  }
}

TEST_CASE("weighted times are drawn as often as their function says", "[objectives]") {
  Model model(kNothing);
  DenoisingOptions options{.distance = model.distance("of_time")};
  std::vector<double> u;
  for (int t = 0; t < kSteps; ++t) u.push_back((t + 1.0) / kSteps);
  constexpr std::int64_t batch = 20000;
  const auto image = test::formula_vector(5, 4);
  auto mean_time = [&] {
    return outputs(denoising_objective(*model.elaborated.graph, exponential(), options), image, batch).at("loss");
  };
  // A uniform draw of 0 .. 59 has mean 29.5 and deviation 17.3; of 30 .. 59, 44.5 and 8.7. Five standard errors.
  CHECK(std::abs(mean_time() - 29.5) < 5 * 17.4 / std::sqrt(batch));
  options.densities = model.table("half", u);
  CHECK(std::abs(mean_time() - 44.5) < 5 * 8.7 / std::sqrt(batch));
}

TEST_CASE("a label is left out as often as asked", "[objectives]") {
  Model model(R"(
net N(x: [1, 2, 2], t: [], y: label[3]) -> [1, 2, 2] { return 0 * x + index(y) }
fn of_label(x, target) = mean(x, axes = all_axes(x)))");
  DenoisingOptions options{.distance = model.distance("of_label"), .label_dropout = 0.2};
  const auto objective = denoising_objective(*model.elaborated.graph, exponential(), options);
  CHECK(label_classes(objective) == 3);
  constexpr std::int64_t batch = 20000;
  const double mean = outputs(objective, test::formula_vector(5, 4), batch, 0, 1).at("loss");
  // 1 with probability 0.8, else -1.
  CHECK(std::abs(mean - 0.6) < 5 * 0.8 / std::sqrt(batch));
}

TEST_CASE("a classifier's loss and accuracy", "[objectives]") {
  Model model("net N(x: [1, 1, 4]) -> [4] { return 2 * reshape(x, [4]) }");
  const float image[] = {0.1f, 0.9f, -0.5f, 0.3f};
  const auto objective = supervised_objective(*model.elaborated.graph, Target::one_hot, model.distance("cross_entropy"));
  CHECK(label_classes(objective) == 4);
  double total = 0;
  for (double x : image) total += std::exp(2 * x);
  for (int label = 0; label < 4; ++label) {
    const auto out = outputs(objective, image, 3, 0, label);
    CHECK(out.at("loss") == Approx(std::log(total) - 2 * image[label]).epsilon(1e-9));
    CHECK(out.at("accuracy") == Approx(label == 1 ? 1 : 0));
  }
  const auto squares = supervised_objective(*model.elaborated.graph, Target::one_hot, model.distance("mse"));
  CHECK(outputs(squares, image, 1, 0, 1).at("loss") ==
        Approx((0.2 * 0.2 + 0.8 * 0.8 + 1 + 0.6 * 0.6) / 4).epsilon(1e-6));
}

TEST_CASE("an encoder is trained towards its image, a regressor towards the label", "[objectives]") {
  const float image[] = {0.5f, -0.25f};
  Model encoder("net N(x: [1, 1, 2]) -> [1, 1, 2] { return 0.5 * x }");
  const auto onto_itself = supervised_objective(*encoder.elaborated.graph, Target::image, encoder.distance("l1"));
  CHECK(!label_classes(onto_itself));
  CHECK(outputs(onto_itself, image, 2).at("loss") == Approx((0.25 + 0.125) / 2).epsilon(1e-9));
  Model regressor("net N(x: [1, 1, 2]) -> [1] { return [8 * x[0, 0, 0]] }");
  const auto onto_label = supervised_objective(*regressor.elaborated.graph, Target::label, regressor.distance("huber"));
  CHECK(label_classes(onto_label) == 0);
  CHECK(outputs(onto_label, image, 2, 0, 7).at("loss") == Approx(3 - 0.5).epsilon(1e-9));
}

TEST_CASE("objectives say what network they take", "[objectives]") {
  Model image("net N(x: [1, 1, 4]) -> [4] { return reshape(x, [4]) }");
  const graph::Graph& network = *image.elaborated.graph;
  CHECK(mentions(error_of([&] { denoising_objective(network, exponential()); }), "t: []", "label[10]"));
  CHECK(mentions(error_of([&] { supervised_objective(network, Target::image, {}); }), "the shape it takes"));
  CHECK(mentions(error_of([&] { supervised_objective(network, Target::label, {}); }), "one number"));
  Model two("net N(x: [1, 1, 4], t: []) -> [1, 1, 4] { return x + t }");
  CHECK(mentions(error_of([&] { supervised_objective(*two.elaborated.graph, Target::image, {}); }), "one argument"));
}
