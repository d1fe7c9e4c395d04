// qiln export: a run's weights for other software.
#include <fmt/format.h>

#include <memory>

#include "runtime/cli/commands.h"
#include "runtime/train/run_folder.h"
#include "runtime/train/weights.h"

namespace qiln::cli {
namespace {

struct Options {
  std::string run, output = "weights.safetensors", checkpoint = "latest";
  bool raw = false;
};

void run(const Options& options) {
  const train::Checkpoint checkpoint = train::RunFolder::open(options.run).load(options.checkpoint);
  train::write_weights(options.output, checkpoint, !options.raw);
  fmt::print("{} weights after {} training steps: {}\n", options.raw ? "last" : "averaged", checkpoint.step,
             options.output);
}

}  // namespace

void add_export(CLI::App& app) {
  auto* command = app.add_subcommand("export", "Write a run's weights as safetensors, by the names of parameters");
  auto options = std::make_shared<Options>();
  command->add_option("run", options->run, "run folder, as `qiln train` made it")->required()->type_name("RUN");
  command->add_option("-o,--output", options->output, "file to write")
      ->type_name("FILE.safetensors")
      ->capture_default_str();
  command->add_option("--checkpoint", options->checkpoint, "latest, best, or the step of one that was kept")
      ->type_name("NAME")
      ->capture_default_str();
  command->add_flag("--raw", options->raw, "the last weights instead of the averaged ones");
  command->footer(
      "PyTorch: module.load_state_dict(safetensors.torch.load_file(\"weights.safetensors\")), where the module's\n"
      "parameters have the model's paths (`e1.conv.weight`). The way back is `qiln train --init`.\n\n"
      "Example:\n  qiln export runs/v7_quantum -o v7.safetensors");
  command->callback([=] { run(*options); });
}

}  // namespace qiln::cli
