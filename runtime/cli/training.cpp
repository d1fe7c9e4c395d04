#include "runtime/cli/training.h"

#include <fmt/format.h>

#include <future>

#include <nlohmann/json.hpp>

#include "compiler/findings.h"
#include "compiler/graph/origin.h"
#include "compiler/pipeline.h"
#include "dsl/error.h"
#include "runtime/cli/objective.h"
#include "runtime/cli/quantum_noise.h"
#include "runtime/data/hold_out.h"
#include "runtime/data/source.h"
#include "runtime/diffusion/sampling_step.h"

namespace qiln::cli {
namespace {

namespace s = dsl::settings;

std::uint64_t data_seed(const dsl::Settings& settings) {
  return static_cast<std::uint64_t>(settings.data.seed.value.value_or(settings.train.seed.value));
}

train::OptimiserSettings optimiser_settings(const s::Train& train) {
  train::OptimiserSettings out;
  if (const auto* adam = std::get_if<s::Adam>(&train.optimizer.value)) {
    out = {train::Rule::adam, adam->lr, adam->beta1, adam->beta2, adam->eps};
    out.weight_decay = adam->weight_decay;
  } else if (const auto* adamw = std::get_if<s::AdamW>(&train.optimizer.value)) {
    out = {train::Rule::adamw, adamw->lr, adamw->beta1, adamw->beta2, adamw->eps};
    out.weight_decay = adamw->weight_decay;
  } else {
    const auto& sgd = std::get<s::Sgd>(train.optimizer.value);
    out.rule = train::Rule::sgd;
    out.learning_rate = sgd.lr;
    out.momentum = sgd.momentum;
    out.nesterov = sgd.nesterov;
    out.weight_decay = sgd.weight_decay;
    if (out.nesterov && out.momentum == 0) throw Error("`sgd(nesterov = true)` needs a `momentum` above 0", 1);
  }
  out.clip = train.clip.value.value_or(0);
  return out;
}

train::RateSchedule rate_schedule(const s::Train& train) {
  if (const auto* cosine = std::get_if<s::CosineRate>(&train.lr_schedule.value))
    return {.shape = train::RateShape::cosine,
            .warmup = cosine->warmup,
            .floor = cosine->floor,
            .steps = cosine->steps.value.value_or(train.steps)};
  if (const auto* step = std::get_if<s::StepRate>(&train.lr_schedule.value))
    return {.shape = train::RateShape::step, .warmup = step->warmup, .every = step->every, .factor = step->factor};
  return {.warmup = std::get<s::ConstantRate>(train.lr_schedule.value).warmup};
}

train::TrainerSettings trainer_settings(const s::Train& train) {
  train::TrainerSettings out;
  out.batch = train.batch;
  out.accumulate = train.accumulate;
  out.optimiser = optimiser_settings(train);
  out.rates = rate_schedule(train);
  for (const s::Group& group : train.groups.value) out.groups.push_back({group.paths, group.lr, group.weight_decay});
  out.average_decay = train.ema;
  out.seed = static_cast<std::uint64_t>(train.seed.value);
  return out;
}

nlohmann::ordered_json members_json(const std::vector<dsl::ResolvedSetting>& members);

/// Numbers, strings, truths and lists of the language are JSON's; names are strings, calls objects of their arguments.
nlohmann::ordered_json setting_json(const dsl::ResolvedSetting& setting) {
  if (setting.text == "[]") {
    auto list = nlohmann::ordered_json::array();
    for (const auto& member : setting.members) list.push_back(setting_json(member));
    return list;
  }
  if (!setting.members.empty()) return {{setting.text, members_json(setting.members)}};
  if (setting.text.empty()) return nullptr;
  const auto value = nlohmann::ordered_json::parse(setting.text, nullptr, false);
  return value.is_discarded() ? nlohmann::ordered_json(setting.text) : value;
}

nlohmann::ordered_json members_json(const std::vector<dsl::ResolvedSetting>& members) {
  nlohmann::ordered_json json = nlohmann::ordered_json::object();
  for (const auto& member : members) json[member.key] = setting_json(member);
  return json;
}

}  // namespace

void CompileOptions::add_to(CLI::App& command) {
  command.add_option("--lanes", lanes, "samples computed in one vector; the machine's own width by default")
      ->check(CLI::IsMember({4, 8, 16}));
  command.add_option("--threads", threads, "threads to use; all cores by default")->check(CLI::PositiveNumber);
  command.add_flag("--no-closed-form", no_closed_form,
                   "run every circuit as a state vector, even where it is a product of cosines");
  command.add_flag("--no-cache", no_cache, "compile everything afresh, and keep nothing for the next time");
}

codegen::Target CompileOptions::target() const { return codegen::host_target(lanes); }

jit::CacheOptions CompileOptions::cache() const {
  jit::CacheOptions cache;
  cache.enabled = !no_cache;
  return cache;
}

graph::Graph load_network(ModelFile& file, const CompileOptions& options, const std::string& name, bool training,
                          std::vector<train::Declared>* declared) {
  std::optional<graph::Graph> network;
  if (!file.diagnostics().has_errors()) network = file.elaborate(name, training);
  if (network && training) report_findings(*network, file.diagnostics(), Doubts::left);
  file.report(training);
  if (declared) *declared = train::declared_parameters(*network);
  run_circuit_passes(*network, !options.no_closed_form, training);
  return std::move(*network);
}

graph::Graph load_objective(ModelFile& file, const graph::Graph& network) {
  auto objective = objective_of(file, network);
  if (!objective) file.report();
  graph::place(*objective, file.origin_of("model", "objective"), "objective");
  return std::move(*objective);
}

namespace {

data::Images load_split(const dsl::Settings& settings, bool train) {
  const auto& mnist = std::get<s::Mnist>(settings.data.source.value);
  data::Selection selection;
  for (auto label : mnist.labels.value) selection.labels.push_back(static_cast<std::int32_t>(label));
  if (settings.data.limit.value) selection.limit = static_cast<std::size_t>(*settings.data.limit.value);
  selection.seed = data_seed(settings);
  return data::select(
      data::load_source(data::KnownSource{"mnist"}, train ? data::Split::train : data::Split::test).images, selection);
}

bool trains_on_training_half(const dsl::Settings& settings) {
  return std::get<s::Mnist>(settings.data.source.value).split.value == s::Split::train;
}

}  // namespace

graph::Graph load_sampling_step(const ModelFile& file, const graph::Graph& network) {
  graph::Graph step = diffusion::sampling_step(network);
  graph::place(step, file.origin_of("sample", "sampler"), "sampler");
  return step;
}

data::Images load_images(const dsl::Settings& settings) {
  return load_split(settings, trains_on_training_half(settings));
}

diffusion::Denoiser load_denoiser(ModelFile& file, const CompileOptions& options) {
  auto denoiser = denoiser_of(file, load_network(file, options, {}, false));
  if (!denoiser) {
    file.report();
    throw Error("the model's objective is none of diffusion: there is nothing to sample", 1);
  }
  return std::move(*denoiser);
}

diffusion::SamplerSettings sampler_settings(const dsl::Settings& settings) {
  using diffusion::Method;
  diffusion::SamplerSettings out;
  std::visit(
      [&]<typename Sampler>(const Sampler& sampler) {
        if constexpr (requires { sampler.steps; }) out.steps = static_cast<int>(sampler.steps.value);
        if constexpr (requires { sampler.eta; }) out.eta = sampler.eta;
        out.clip = sampler.clip;
      },
      settings.sample.sampler.value);
  constexpr Method methods[] = {Method::ddpm, Method::ddim, Method::dpm_solver, Method::heun};
  out.method = methods[settings.sample.sampler.value.index()];
  out.labels = settings.sample.labels;
  out.guidance = settings.sample.guidance;
  out.seed = static_cast<std::uint64_t>(settings.sample.seed.value.value_or(settings.train.seed.value));
  return out;
}

namespace {

std::map<std::string, std::vector<float>> noise_values(ModelFile& file, const diffusion::Denoiser& denoiser,
                                                       const CompileOptions& options) {
  const auto noise = quantum_noise(file, diffusion::denoiser_signature(denoiser.network).image);
  jit::Engine engine(options.target(), options.cache());
  return calibrated(*noise, engine, options.threads).values;
}

}  // namespace

train::Task load_task(ModelFile& file, const CompileOptions& options) {
  train::Task task;
  std::vector<train::Declared> declared;
  const auto& settings = file.settings();
  std::future<data::Images> images;
  if (!file.diagnostics().has_errors()) images = std::async(std::launch::async, [&] { return load_images(settings); });
  task.objective = load_objective(file, load_network(file, options, {}, true, &declared));
  graph::Graph tested = load_network(file, options, {}, false);
  task.evaluation = load_objective(file, tested);
  task.denoiser = denoiser_of(file, std::move(tested));
  file.report(false);
  if (task.denoiser && task.denoiser->noise) task.values = noise_values(file, *task.denoiser, options);
  task.images = images.get();
  if (settings.data.held_out.value)
    task.held_out =
        data::hold_out(task.images, static_cast<std::size_t>(*settings.data.held_out.value), data_seed(settings));
  else if (!task.denoiser)
    task.held_out = load_split(settings, !trains_on_training_half(settings));
  else if (settings.train.patience.value)
    throw Error("`train.patience` needs `data { held_out = … }`, the images that decide", 1);
  task.trainer = trainer_settings(settings.train);
  task.trainer.declared = std::move(declared);
  task.trainer.update = file.origin_of("train", "optimizer");
  task.trainer.place = [sources = file.sources()](const graph::Origin& origin) {
    return graph::place_of(origin, sources);
  };
  task.steps = settings.train.steps;
  task.checkpoint_every = settings.train.checkpoint_every;
  task.keep_every = settings.train.keep_every.value.value_or(0);
  task.evaluate_every = settings.train.evaluate_every;
  task.sample_every = settings.train.sample_every.value.value_or(0);
  task.patience = settings.train.patience.value.value_or(0);
  task.sampler = sampler_settings(settings);
  task.samples = settings.sample.count;
  if (task.denoiser) diffusion::labels_of(task.denoiser->network, task.sampler, task.samples);
  task.target = options.target();
  task.cache = options.cache();
  task.threads = options.threads;
  return task;
}

std::string settings_json(const dsl::Settings& settings) {
  nlohmann::ordered_json json;
  for (const dsl::ResolvedSetting& block : dsl::resolved(settings)) json[block.key] = members_json(block.members);
  return json.dump(2) + "\n";
}

}  // namespace qiln::cli
