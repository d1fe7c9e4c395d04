#include "dsl/settings.h"

#include "dsl/print.h"
#include "tests/catch.h"
#include "tests/dsl/language.h"

using namespace qiln::dsl;

namespace {

/// A text as a program of one file, with overrides, and its settings.
struct Read {
  Sources sources;
  Diagnostics diagnostics;
  ast::Program program;
  Settings settings;

  explicit Read(const std::string& text, const std::vector<std::string>& overrides = {}) {
    program = parse_program("test.qiln", sources, diagnostics, [&](const std::string&) { return text; });
    apply_overrides(program, overrides, sources, diagnostics);
    settings = read_settings(program, diagnostics);
  }
  std::string messages() const { return render(diagnostics, sources); }
};

}  // namespace

TEST_CASE("the settings of the whole-model example are read") {
  const Read read(R"(const HALF = 500
model  { network = UNet, objective = diffusion(steps = 2 * HALF, schedule = cosine(s = 0.008), predict = noise) }
data   { source = mnist(labels = [3, 5]), limit = 100 }
train  { steps = 2000, batch = 64, optimizer = adam(lr = 3e-4), ema = 0.999, seed = 7 }
sample { count = 16, sampler = ddim(steps = 20) })");
  REQUIRE(read.messages() == "");
  const Settings& s = read.settings;
  CHECK(s.model.network.value.name.text == "UNet");
  const auto& diffusion = std::get<settings::Diffusion>(s.model.objective.value);
  CHECK(diffusion.steps == 1000);
  CHECK(diffusion.schedule.value.name.text == "cosine");
  REQUIRE(diffusion.schedule.value.arguments.size() == 1);
  CHECK(std::get<settings::Mnist>(s.data.source.value).labels.value == std::vector<std::int64_t>{3, 5});
  CHECK(s.data.limit.value == 100);
  CHECK(s.data.seed.value == 7);
  CHECK(s.train.steps == 2000);
  CHECK(s.train.batch == 64);
  const auto& adam = std::get<settings::Adam>(s.train.optimizer.value);
  CHECK(adam.lr == 3e-4);
  CHECK(adam.beta2 == 0.999);
  CHECK(s.train.ema == 0.999);
  CHECK(std::get<settings::Ddim>(s.sample.sampler.value).steps == 20);
  CHECK(std::get<settings::Ddim>(s.sample.sampler.value).eta == 0.0);
}

TEST_CASE("defaults hold where nothing is said") {
  const Read read("");
  CHECK(std::holds_alternative<settings::Ddpm>(read.settings.sample.sampler.value));
  CHECK(std::get<settings::Diffusion>(read.settings.model.objective.value).schedule.value.name.text == "cosine");
  CHECK(read.settings.data.seed.value == 0);
  Diagnostics diagnostics;
  CHECK(!require_network(read.settings, read.program, diagnostics));
  CHECK(diagnostics.all().front().kind == DiagnosticKind::missing_setting);
}

TEST_CASE("wrong settings are shown where they stand") {
  const Read read(R"(train {
  stesp = 10
  batch = "many"
  ema = 1.5
  optimizer = adam(lr = 1e-3, beta3 = 0.9)
}
model { network = UNet, objective = diffusion(predict = speed) })");
  CHECK(read.messages() == R"(error[unknown-setting]: `train` has no setting `stesp`
 --> test.qiln:2:3
  |
2 |   stesp = 10
  |   ^^^^^
help: did you mean `steps`?

error[setting-type]: `train.batch` expects an integer, found a string
 --> test.qiln:3:11
  |
3 |   batch = "many"
  |           ^^^^^^

error[setting-range]: `train.ema` must be between 0 and 1, found 1.5
 --> test.qiln:4:9
  |
4 |   ema = 1.5
  |         ^^^

error[unknown-setting]: `adam` has no setting `beta3`
 --> test.qiln:5:31
  |
5 |   optimizer = adam(lr = 1e-3, beta3 = 0.9)
  |                               ^^^^^
help: did you mean `beta1`?

error[unknown-choice]: `diffusion.predict` cannot be `speed`
 --> test.qiln:7:57
  |
7 | model { network = UNet, objective = diffusion(predict = speed) }
  |                                                         ^^^^^
help: it is one of `noise`, `sample`, `velocity`, `previous`
)");
}

TEST_CASE("overrides replace constants, settings and arguments, and add what is not there") {
  const Read read(
      "const N = 4\ntrain { steps = N, optimizer = adam(lr = 1) }",
      {"N = 2 ^ 5", "train.batch=16", "train.optimizer.lr=1e-4", "sample.sampler=ddim", "sample.sampler.steps=5"});
  REQUIRE(read.messages() == "");
  CHECK(read.settings.train.steps == 32);
  CHECK(read.settings.train.batch == 16);
  CHECK(std::get<settings::Adam>(read.settings.train.optimizer.value).lr == 1e-4);
  CHECK(std::get<settings::Ddim>(read.settings.sample.sampler.value).steps == 5);
}

TEST_CASE("optimisers, learning rates and groups are read", "[settings]") {
  const Read read(R"(train {
  optimizer = sgd(lr = 0.1, momentum = 0.9, nesterov = true), lr_schedule = step(every = 20, factor = 0.5, warmup = 5)
  groups = [group("*.Bottleneck.*", lr = 1e-2), group(paths = "*.bias", weight_decay = 0)]
  clip = 1, accumulate = 4, patience = 3
})");
  REQUIRE(read.messages() == "");
  const settings::Train& train = read.settings.train;
  const auto& sgd = std::get<settings::Sgd>(train.optimizer.value);
  CHECK(sgd.lr == 0.1);
  CHECK(sgd.momentum == 0.9);
  CHECK(sgd.nesterov);
  const auto& step = std::get<settings::StepRate>(train.lr_schedule.value);
  CHECK(step.every == 20);
  CHECK(step.factor == 0.5);
  CHECK(step.warmup == 5);
  REQUIRE(train.groups.value.size() == 2);
  CHECK(train.groups.value[0].paths.value == "*.Bottleneck.*");
  CHECK(train.groups.value[0].lr.value == 1e-2);
  CHECK(!train.groups.value[0].weight_decay.value);
  CHECK(train.groups.value[1].weight_decay.value == 0.0);
  CHECK(train.clip.value == 1.0);
  CHECK(train.accumulate == 4);
  CHECK(train.patience.value == 3);
  CHECK(!train.keep_every.value);
  CHECK(Read("train { groups = group(\"*\") }").messages().find("expects a list of `group(…)`") != std::string::npos);
}

TEST_CASE("objectives, samplers and labels are read", "[settings]") {
  const Read read(R"(model {
  objective = diffusion(predict = velocity, loss = huber(delta = 0.5), weight = min_snr(5), time = weighted(late),
                        noise = quantum(C, shots = 20, path = markov, control = tiled), label_dropout = 0.2)
}
sample { sampler = dpm_solver(steps = 12), labels = [3, 4], guidance = 1.5 })");
  REQUIRE(read.messages() == "");
  const auto& diffusion = std::get<settings::Diffusion>(read.settings.model.objective.value);
  CHECK(diffusion.predict.value == settings::Prediction::velocity);
  CHECK(diffusion.loss.value.name.text == "huber");
  REQUIRE(diffusion.weight.value);
  CHECK(diffusion.weight.value->name.text == "min_snr");
  CHECK(std::get<settings::WeightedTime>(diffusion.time.value).density.value.name.text == "late");
  const auto& quantum = std::get<settings::QuantumNoise>(diffusion.noise.value);
  CHECK(quantum.circuit.value.name.text == "C");
  CHECK(quantum.shots == 20);
  CHECK(quantum.path.value == settings::NoisePath::markov);
  CHECK(quantum.control.value == settings::NoiseControl::tiled);
  CHECK(diffusion.label_dropout == 0.2);
  CHECK(std::get<settings::DpmSolver>(read.settings.sample.sampler.value).steps == 12);
  CHECK(read.settings.sample.labels.value == std::vector<std::int64_t>{3, 4});
  CHECK(read.settings.sample.guidance == 1.5);
  const Read supervised("model { objective = regression(target = label, loss = l1) }");
  REQUIRE(supervised.messages() == "");
  const auto& regression = std::get<settings::Regression>(supervised.settings.model.objective.value);
  CHECK(regression.target.value == settings::RegressionTarget::label);
  CHECK(regression.loss.value.name.text == "l1");
  const Read plain("model { objective = classification }");
  CHECK(std::get<settings::Classification>(plain.settings.model.objective.value).loss.value.name.text == "cross_entropy");
}

TEST_CASE("resolved settings name everything, defaults too", "[settings]") {
  const Read read(
      "model { network = UNet, objective = diffusion(schedule = cosine(s = 0.01)) }\n"
      "train { groups = [group(\"a.*\", lr = 0)] }");
  const auto blocks = resolved(read.settings);
  REQUIRE(blocks.size() == 5);
  CHECK(blocks[0].key == "model");
  CHECK(blocks[0].members[0].text == "UNet");
  const ResolvedSetting& objective = blocks[0].members[1];
  CHECK(objective.text == "diffusion");
  const auto member = [](const ResolvedSetting& of, const std::string& key) {
    for (const auto& m : of.members)
      if (m.key == key) return m;
    FAIL(key);
    return ResolvedSetting{};
  };
  CHECK(member(objective, "schedule").text == "cosine(s = 0.01)");
  CHECK(member(blocks[2], "steps").text == "1000");
  CHECK(member(blocks[2], "clip").text.empty());
  CHECK(member(blocks[2], "optimizer").text == "adam");
  CHECK(member(member(blocks[2], "optimizer"), "beta2").text == "0.999");
  const ResolvedSetting groups = member(blocks[2], "groups");
  REQUIRE(groups.members.size() == 1);
  CHECK(member(groups.members[0], "paths").text == "\"a.*\"");
  CHECK(member(groups.members[0], "lr").text == "0");
}

TEST_CASE("an override of nothing is an error with a suggestion") {
  CHECK(Read("const QUBITS = 4", {"QUBIT=3"}).messages() == R"(error[unknown-override]: nothing named `QUBIT` can be set
 --> --set:1:1
  |
1 | QUBIT=3
  | ^^^^^
help: did you mean `QUBITS`?
)");
  CHECK(Read("", {"train.setps=3"}).messages() == R"(error[unknown-override]: nothing named `train.setps` can be set
 --> --set:1:1
  |
1 | train.setps=3
  | ^^^^^^^^^^^
help: did you mean `train.steps`?
)");
  CHECK(Read("", {"train.steps"}).diagnostics.all().size() == 1);
  CHECK(Read("", {"train.steps=3 +"}).messages() == R"(error[syntax]: expected an expression, found the end of the file
 --> --set:1:16
  |
1 | train.steps=3 +
  |                ^
)");
}

TEST_CASE("every setting has a type, a default and a help text") {
  const std::vector<SettingInfo> table = setting_table();
  CHECK(table.size() >= 20);
  for (const SettingInfo& row : table) {
    INFO(row.owner << "." << row.key);
    CHECK(!row.type.empty());
    CHECK(!row.default_text.empty());
    CHECK(!row.help.empty());
  }
}
