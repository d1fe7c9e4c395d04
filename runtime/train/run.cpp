#include "runtime/train/run.h"

#include <fmt/format.h>
#include <zlib.h>

#include <chrono>
#include <cstdlib>
#include <nlohmann/json.hpp>

#include "dsl/error.h"
#include "runtime/data/png.h"
#include "runtime/diffusion/objective.h"
#include "runtime/files.h"
#include "runtime/interrupt.h"
#include "runtime/jit/machine_rates.h"
#include "runtime/jit/step_work.h"
#include "runtime/report/json_log.h"
#include "runtime/report/progress.h"
#include "runtime/report/tensorboard.h"
#include "runtime/train/batches.h"
#include "runtime/train/best_loss.h"
#include "runtime/train/held_out.h"
#include "runtime/train/run_folder.h"
#include "runtime/train/run_lock.h"

namespace qiln::train {
namespace {

using Clock = std::chrono::steady_clock;
double seconds_since(Clock::time_point start) { return std::chrono::duration<double>(Clock::now() - start).count(); }

void check_images(const Task& task) {
  const graph::Node* input = nullptr;
  for (const auto& node : task.objective.nodes)
    if (node.op == Primitive::input && node.as<graph::InputAttributes>().name == diffusion::port::image) input = &node;
  auto at = [](std::size_t n) { return static_cast<std::int64_t>(n); };
  graph::Shape images{at(task.images.channels), at(task.images.height), at(task.images.width)};
  if (input && input->type.shape != images)
    throw Error(
        fmt::format("the data's images are {} x {} x {} and the network takes another shape; change `data.source` "
                    "or the network's first argument",
                    images[0], images[1], images[2]),
        1);
  const auto classes = diffusion::label_classes(task.objective);
  if (!classes) return;
  if (task.images.labels.empty() || (task.held_out.count > 0 && task.held_out.labels.empty()))
    throw Error("the network needs labels and the data has none; change `data.source` or the objective", 1);
  if (*classes > 0 && at(task.images.classes.size()) > *classes)
    throw Error(fmt::format("the data has {} classes and the network {}; change the network's, as in `y: label[{}]`",
                            task.images.classes.size(), *classes, task.images.classes.size()),
                1);
}

/// Tells one set of images from another.
std::string fingerprint(const data::Images& images) {
  const auto sum = ::crc32_z(0, images.pixels.data(), images.pixels.size());
  return fmt::format("{} images of {} x {} x {}, CRC-32 {:08x}", images.count, images.channels, images.height,
                     images.width, sum);
}

/// The folder for the run, which nobody else trains in.
RunFolder open_folder(const RunOptions& options, const std::string& model_text, const std::string& settings_json,
                      std::optional<RunLock>& lock) {
  if (!options.resume) make_folder(options.folder);
  std::error_code ignored;
  if (std::filesystem::is_directory(options.folder, ignored)) lock.emplace(options.folder);
  return options.resume ? RunFolder::resume(options.folder)
                        : RunFolder::create(options.folder, model_text, settings_json, options.replace);
}

/// One run under way.
class Run {
 public:
  Run(const Task& task, const RunOptions& options, const std::string& model_text, const std::string& settings_json)
      : task_(task),
        model_text_(model_text),
        settings_json_(settings_json),
        draw_(options.draw && task.denoiser),
        started_(Clock::now()),
        folder_(open_folder(options, model_text, settings_json, lock_)),
        engine_(task.target, task.cache),
        trainer_(task.objective, task.trainer, engine_, task.threads),
        images_(fingerprint(task.images)) {
    if (task.held_out.count > 0)
      held_out_.emplace(task.evaluation, task.held_out, task.trainer.batch, task.trainer.seed, engine_, task.threads);
    trainer_.set_values(task.values);
    if (options.resume) resume();
    if (!options.init.empty()) start_from(options.init, options.partial);
  }

  void train() {
    const InterruptGuard guard;
    report::Progress progress({task_.steps, trainer_.steps(), "train"});
    try {
      report::JsonLog log(folder_.log(), trainer_.steps());
      events_.emplace(folder_.events(), trainer_.steps() + 1);
      while (!done() && !interrupted()) step(log, progress);
      progress.finish();
      if (saved_ != trainer_.steps()) save(log);
    } catch (const Error& error) {
      progress.finish();
      throw Error(fmt::format("{}; {}", error.what(), way_on()), error.exit_code());
    }
    if (interrupted() && !done())
      throw Error(
          fmt::format("stopped at step {}; the checkpoint is saved, `--resume` goes on from it", trainer_.steps()), 2);
    if (out_of_patience())
      fmt::print("no better held-out loss than {:.4g} in {} evaluations: stopped at step {}\n", best_.best(),
                 best_.worse(), trainer_.steps());
  }

  void say_scores() {
    if (!held_out_) return;
    const Scores scores = held_out_->scores(trainer_);
    fmt::print("held-out loss {:.4g}", scores.loss);
    if (scores.accuracy) fmt::print(", accuracy {:.2f} %", 100 * *scores.accuracy);
    fmt::print(" on {} images\n", task_.held_out.count);
  }

  void draw_at_end() {
    if (grid_step_ == trainer_.steps()) return;
    const auto path = draw_grid(true);
    if (task_.sample_every > 0) draw_grid(false);
    if (!path.empty()) fmt::print("samples: {}\n", path.string());
  }

 private:
  bool out_of_patience() const { return held_out_ && task_.patience > 0 && best_.worse() >= task_.patience; }
  bool done() const { return trainer_.steps() >= task_.steps || out_of_patience(); }
  bool due(std::int64_t every) const { return every > 0 && trainer_.steps() % every == 0; }

  void resume() {
    if (!folder_.has_checkpoint()) {
      fmt::print("the run was stopped before its first checkpoint: it starts from step 1\n");
      return folder_.write_model(model_text_, settings_json_);
    }
    const Checkpoint checkpoint = folder_.load_latest();
    trainer_.restore(checkpoint);
    saved_ = trainer_.steps();
    const auto extra = [&](const char* key) {
      const auto found = checkpoint.extra.find(key);
      return found == checkpoint.extra.end() ? std::string() : found->second;
    };
    cursor_ = std::strtoll(extra("cursor").c_str(), nullptr, 10);
    best_.restore(checkpoint.extra);
    if (extra("images") != images_)
      fmt::print("the data are no longer those of the run ({}): from here on it trains on {}\n", extra("images"),
                 images_);
    if (checkpoint.model == model_text_ && checkpoint.settings == settings_json_) return;
    fmt::print(
        "model or settings are no longer those of the checkpoint of step {}: the run goes on with the new ones\n",
        *saved_);
    folder_.write_model(model_text_, settings_json_);
  }

  void start_from(const std::filesystem::path& path, bool partial) {
    if (saved_) return fmt::print("the run has a checkpoint: `{}` is left aside\n", path.string());
    const Weights weights = read_weights(path, task_.trainer.declared);
    if (!weights.whole() && (!partial || weights.values.empty()))
      throw Error(fmt::format("`{}` does not fit the model:\n{}{}", path.string(), describe(weights),
                              partial ? "nothing of it fits" : "`--init-partial` takes what fits"),
                  1);
    trainer_.start_from(weights);
    fmt::print("{} of {} parameters from {}\n{}", weights.values.size(), task_.trainer.declared.size(), path.string(),
               describe(weights));
    // The file may be gone when the run is resumed.
    report::JsonLog log(folder_.log(), 0);
    save(log);
  }

  /// A grid of samples by the averaged weights or the last ones; its file, or nothing when Ctrl-C stopped it.
  std::filesystem::path draw_grid(bool averaged) {
    Checkpoint weights;
    trainer_.save(weights);
    const auto samples = diffusion::sample(
        *task_.denoiser, weights, averaged, task_.samples, task_.sampler, engine_,
        [](auto, auto) { return !interrupted(); }, task_.threads);
    if (samples.empty()) return {};
    const data::Raster grid = data::draw_grid(samples, task_.images.channels, task_.images.height, task_.images.width);
    const std::string png = data::encode_png(grid);
    const auto path = folder_.grid(trainer_.steps(), !averaged);
    write_file_atomic(path, png);
    events_->image(trainer_.steps(), averaged ? "samples/averaged weights" : "samples/last weights", png,
                   static_cast<std::int64_t>(grid.height), static_cast<std::int64_t>(grid.width),
                   static_cast<std::int64_t>(grid.channels));
    return path;
  }

  void write_events(const report::LogRecord& record) {
    for (const auto& [key, value] : record)
      if (const auto* number = std::get_if<double>(&value); number && key != "seconds")
        events_->scalar(trainer_.steps(), "train/" + key, *number);
  }

  void step(report::JsonLog& log, report::Progress& progress) {
    gather();
    const auto before = Clock::now();
    const double loss = trainer_.step(batch_, labels_);
    cursor_ += task_.trainer.samples();
    best_.add(loss);
    report::LogRecord record = {{"step", trainer_.steps()},
                                {"loss", loss},
                                {"seconds", seconds_since(before)},
                                {"gradient_norm", trainer_.gradient_norm()},
                                {"learning_rate", trainer_.learning_rate()}};
    if (!said_start_) say_start(progress);
    const bool best = due(task_.evaluate_every) && evaluate(record);
    log.write(record);
    write_events(record);
    progress.update(trainer_.steps(), loss, task_.trainer.samples());
    const bool keep = due(task_.keep_every);
    if (best || keep || due(task_.checkpoint_every)) save(log, best, keep);
    if (!draw_ || !due(task_.sample_every)) return;
    draw_grid(false);
    draw_grid(true);
    grid_step_ = trainer_.steps();
  }

  /// Whether the weights are the best so far.
  bool evaluate(report::LogRecord& record) {
    if (!held_out_) return best_.offer(best_.mean());
    const Scores scores = held_out_->scores(trainer_);
    record.emplace_back("held_out", scores.loss);
    if (scores.accuracy) record.emplace_back("accuracy", *scores.accuracy);
    return best_.offer(scores.loss);
  }

  void gather() {
    const std::size_t size = task_.images.image_size();
    batch_.resize(static_cast<std::size_t>(task_.trainer.samples()) * size);
    const auto chosen = next_images(task_.trainer.seed, cursor_, task_.trainer.samples(),
                                    static_cast<std::uint32_t>(task_.images.count));
    for (std::size_t i = 0; i < chosen.size(); ++i)
      data::write_sample(
          task_.images, chosen[i], task_.augmentation,
          {task_.trainer.seed, static_cast<std::uint32_t>(trainer_.steps()), static_cast<std::uint32_t>(i)},
          std::span(batch_).subspan(i * size, size));
    labels_.clear();
    if (trainer_.takes_labels())
      for (const std::uint32_t image : chosen) labels_.push_back(static_cast<float>(task_.images.labels[image]));
  }

  void say_start(report::Progress& progress) {
    said_start_ = true;
    auto counts = engine_.counts();
    progress.message(fmt::format(
        "{} trained parameters; first step after {:.2f} s ({} kernels compiled, {} from the cache, {} shared)",
        trainer_.parameters(), seconds_since(started_), counts.compiled, counts.loaded, counts.shared));
    const double ready = seconds_since(started_), peak = jit::multiply_add_rate(engine_, task_.threads);
    const double flops =
        static_cast<double>(task_.trainer.accumulate) * jit::flops_of_run(trainer_.step_program(), task_.target) +
        jit::flops_of_run(trainer_.update_program(), task_.target);
    progress.set_work(flops, peak);
    nlohmann::ordered_json timing = {{"first_step_seconds", ready},         {"flops_a_step", flops},
                                     {"peak_flops_a_second", peak},         {"lanes", task_.target.lanes},
                                     {"kernels_compiled", counts.compiled}, {"kernels_from_cache", counts.loaded}};
    write_file_atomic(folder_.timing(), timing.dump(2) + "\n");
  }

  void save(report::JsonLog& log, bool best = false, bool keep = false) {
    Checkpoint checkpoint;
    checkpoint.model = model_text_;
    checkpoint.settings = settings_json_;
    checkpoint.extra = {{"cursor", std::to_string(cursor_)}, {"images", images_}};
    best_.save(checkpoint.extra);
    trainer_.lend(checkpoint);
    log.sync();
    folder_.save(checkpoint, best, keep);
    saved_ = trainer_.steps();
  }

  std::string way_on() const {
    if (!saved_) return "no checkpoint had been written yet";
    return fmt::format("the checkpoint of step {} is whole, `--resume` goes on from it", *saved_);
  }

  const Task& task_;
  const std::string &model_text_, &settings_json_;
  bool draw_;
  Clock::time_point started_;
  std::optional<RunLock> lock_;
  RunFolder folder_;
  jit::Engine engine_;
  Trainer trainer_;
  std::optional<HeldOut> held_out_;
  std::optional<report::EventFile> events_;
  BestLoss best_;
  std::string images_;  // which they are
  std::vector<float> batch_, labels_;
  std::int64_t cursor_ = 0;            // images seen
  std::optional<std::int64_t> saved_;  // the last checkpoint's step
  std::int64_t grid_step_ = -1;        // the last grid's step
  bool said_start_ = false;
};

}  // namespace

void run(const Task& task, const RunOptions& options, const std::string& model_text, const std::string& settings_json) {
  check_images(task);
  Run run(task, options, model_text, settings_json);
  run.train();
  if (!task.denoiser) run.say_scores();
  if (options.draw && task.denoiser) run.draw_at_end();
}

}  // namespace qiln::train
