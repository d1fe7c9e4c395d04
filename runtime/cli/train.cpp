// qiln train: a run folder from a model file.
#include <fmt/format.h>

#include <filesystem>
#include <memory>

#include "runtime/cli/commands.h"
#include "runtime/cli/objective.h"
#include "runtime/cli/run_report.h"
#include "runtime/cli/training.h"
#include "runtime/train/run.h"

namespace qiln::cli {
namespace {

struct Options {
  ModelOptions model;
  CompileOptions compile;
  std::string run, init;
  bool resume = false, replace = false, no_samples = false, partial = false;
  std::int64_t steps = 0;
};

void run(Options options) {
  if (options.steps > 0) options.model.overrides.push_back(fmt::format("train.steps={}", options.steps));
  namespace fs = std::filesystem;
  if (options.run.empty()) options.run = (fs::path("runs") / fs::path(options.model.file).stem()).string();
  ModelFile file(options.model.file, options.model.overrides);
  train::Task task = load_task(file, options.compile);
  if (const std::string line = schedule_line(file); !line.empty()) fmt::print("{}\n", line);
  train::RunOptions run_options{options.run, options.resume, options.replace};
  run_options.draw = !options.no_samples;
  run_options.init = options.init;
  run_options.partial = options.partial;
  train::run(task, run_options, file.text(), settings_json(file.settings()));
  fmt::print("report: {}\n", write_run_report(options.run).string());
}

}  // namespace

void add_train(CLI::App& app) {
  auto* command =
      app.add_subcommand("train", "Train a model and keep its weights, log and sample grids in a run folder");
  auto options = std::make_shared<Options>();
  options->model.add_to(*command);
  options->compile.add_to(*command);
  command->add_option("-o,--output", options->run, "run folder; runs/NAME of the model file by default")
      ->type_name("RUN");
  command->add_flag("--resume", options->resume, "go on from the last checkpoint in the run folder");
  command->add_flag("--replace", options->replace, "drop the checkpoints and log of an earlier run in the folder");
  auto* init = command
                   ->add_option("--init", options->init,
                                "start from the weights in this file, of PyTorch or of another run's checkpoint")
                   ->type_name("FILE.safetensors");
  command->add_flag("--init-partial", options->partial, "take what fits of --init, leave the rest as initialised")
      ->needs(init);
  command->add_flag("--no-samples", options->no_samples, "draw no grids of samples");
  command
      ->add_option("--steps", options->steps,
                   "steps in all, those before --resume included; the same as --set train.steps=N")
      ->check(CLI::PositiveNumber);
  command->footer(
      "Example:\n  qiln train models/v7_quantum.qiln --set train.batch=16 --set train.optimizer.lr=3e-4 -o "
      "runs/quantum\n"
      "Ctrl-C saves a checkpoint and stops; a run resumed with --resume ends at the same bits as one never stopped.");
  command->callback([=] { run(*options); });
}

}  // namespace qiln::cli
