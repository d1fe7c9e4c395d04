#include "runtime/train/run.h"

#include <fmt/format.h>

#include <chrono>
#include <cmath>

#include "dsl/error.h"
#include "runtime/data/png.h"
#include "runtime/interrupt.h"
#include "runtime/report/json_log.h"
#include "runtime/report/progress.h"
#include "runtime/train/batches.h"
#include "runtime/train/run_folder.h"

namespace qiln::train {
namespace {

using Clock = std::chrono::steady_clock;
double seconds_since(Clock::time_point start) { return std::chrono::duration<double>(Clock::now() - start).count(); }

void check_images(const Task& task) {
  const graph::Node* input = nullptr;
  for (const auto& node : task.network.nodes)
    if (node.op == Primitive::input && !input) input = &node;
  auto at = [](std::size_t n) { return static_cast<std::int64_t>(n); };
  graph::Shape images{at(task.images.channels), at(task.images.height), at(task.images.width)};
  if (input && input->type.shape != images)
    throw Error(
        fmt::format("the data's images are {} x {} x {} and the network takes another shape; change `data.source` "
                    "or the network's first argument",
                    images[0], images[1], images[2]),
        1);
}

/// One run under way.
class Run {
 public:
  Run(const Task& task, const RunOptions& options, const std::string& model_text, const std::string& settings_json)
      : task_(task),
        options_(options),
        model_text_(model_text),
        settings_json_(settings_json),
        started_(Clock::now()),
        folder_(options.resume ? RunFolder::open(options.folder, true)
                               : RunFolder::create(options.folder, model_text, settings_json, options.replace)),
        engine_(task.target, task.cache),
        trainer_(task.network, task.schedule, task.trainer, engine_, task.threads) {
    if (options.resume) trainer_.restore(folder_.load_latest());
  }

  void train() {
    InterruptGuard guard;
    report::JsonLog log(folder_.log(), trainer_.steps());
    report::Progress progress({task_.steps, trainer_.steps(), "train"});
    std::vector<float> batch(static_cast<std::size_t>(task_.trainer.batch) * task_.images.image_size());
    while (trainer_.steps() < task_.steps) {
      gather(batch);
      auto before = Clock::now();
      double loss = trainer_.step(batch);
      log.write({{"step", trainer_.steps()}, {"loss", loss}, {"seconds", seconds_since(before)}});
      if (!said_start_) say_start(progress);
      progress.update(trainer_.steps(), loss, task_.trainer.batch);
      if (interrupted()) {
        save();
        progress.finish();
        throw Error(
            fmt::format("stopped at step {}; the checkpoint is saved, `--resume` goes on from it", trainer_.steps()),
            2);
      }
      if (trainer_.steps() % options_.checkpoint_every == 0) save();
    }
    progress.finish();
    save();
  }

  void draw_grid() {
    Checkpoint weights;
    trainer_.save(weights);
    auto samples = diffusion::sample(task_.sampled_network.value_or(task_.network), task_.schedule, weights, true,
                                     task_.samples, task_.sampler, engine_, {}, task_.threads);
    auto path = folder_.samples() / fmt::format("step{:06}.png", trainer_.steps());
    data::write_png(path, data::draw_grid(samples, task_.images.channels, task_.images.height, task_.images.width));
    fmt::print("samples: {}\n", path.string());
  }

 private:
  void gather(std::vector<float>& batch) const {
    auto chosen = batch_of_step(task_.trainer.seed, trainer_.steps(), task_.trainer.batch,
                                static_cast<std::uint32_t>(task_.images.count));
    std::size_t size = task_.images.image_size();
    for (std::size_t i = 0; i < chosen.size(); ++i)
      data::write_sample(
          task_.images, chosen[i], task_.augmentation,
          {task_.trainer.seed, static_cast<std::uint32_t>(trainer_.steps()), static_cast<std::uint32_t>(i)},
          std::span(batch).subspan(i * size, size));
  }

  void say_start(report::Progress& progress) {
    said_start_ = true;
    auto counts = engine_.counts();
    progress.message(fmt::format(
        "{} trained parameters; first step after {:.2f} s ({} kernels compiled, {} from the cache, {} shared)",
        trainer_.parameters(), seconds_since(started_), counts.compiled, counts.loaded, counts.shared));
  }

  void save() const {
    Checkpoint checkpoint;
    checkpoint.model = model_text_;
    checkpoint.settings = settings_json_;
    trainer_.save(checkpoint);
    folder_.save_latest(checkpoint);
  }

  const Task& task_;
  const RunOptions& options_;
  const std::string &model_text_, &settings_json_;
  Clock::time_point started_;
  RunFolder folder_;
  jit::Engine engine_;
  Trainer trainer_;
  bool said_start_ = false;
};

}  // namespace

void run(const Task& task, const RunOptions& options, const std::string& model_text, const std::string& settings_json) {
  check_images(task);
  Run run(task, options, model_text, settings_json);
  run.train();
  if (options.draw) run.draw_grid();
}

}  // namespace qiln::train
