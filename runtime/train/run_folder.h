// The folder of one training run:
//   model.qiln                         a copy of the model file, so that a run explains itself
//   settings.json                      the resolved settings
//   log.jsonl                          one JSON object a line (runtime/report/json_log.h)
//   checkpoints/latest.safetensors     where training goes on
//   checkpoints/best.safetensors       the best so far
//   checkpoints/step002500.safetensors those kept every so many steps
//   samples/step002500.png             grids drawn on the way; step002500.raw.png by the last weights
//   tensorboard/                       event files (runtime/report/tensorboard.h)
//   timing.json                        what a step costs
//   report.html                        all of it on one page
//   lock                               held by the trainer (run_lock.h)
// Every file but the log is replaced atomically, and the log is cut back to the checkpoint on resuming, so a run that
// is killed at any moment can go on.
#pragma once

#include <filesystem>
#include <string>

#include "runtime/train/checkpoint.h"

namespace qiln::train {

class RunFolder {
 public:
  /// Starts a run: makes the folders, writes model and settings. A folder that already holds a checkpoint is an error
  /// that names `--resume`, unless `replace`, which drops the old checkpoints and log.
  static RunFolder create(const std::filesystem::path& path, const std::string& model, const std::string& settings,
                          bool replace = false);

  /// Opens a run to sample from it; an error when the folder holds no checkpoint.
  static RunFolder open(const std::filesystem::path& path);

  /// Opens a run to go on with it: sweeps away what a killed writer left, and is content with a folder that was left
  /// before its first checkpoint.
  static RunFolder resume(const std::filesystem::path& path);

  void write_model(const std::string& model, const std::string& settings) const;

  std::filesystem::path model() const { return path_ / "model.qiln"; }
  std::filesystem::path settings() const { return path_ / "settings.json"; }
  std::filesystem::path log() const { return path_ / "log.jsonl"; }
  std::filesystem::path latest() const { return path_ / "checkpoints" / "latest.safetensors"; }
  std::filesystem::path best() const { return path_ / "checkpoints" / "best.safetensors"; }
  std::filesystem::path samples() const { return path_ / "samples"; }
  std::filesystem::path grid(std::int64_t step, bool raw) const;
  std::filesystem::path events() const { return path_ / "tensorboard"; }
  std::filesystem::path timing() const { return path_ / "timing.json"; }
  std::filesystem::path report() const { return path_ / "report.html"; }
  const std::filesystem::path& path() const { return path_; }

  std::filesystem::path kept(std::int64_t step) const;
  bool has_checkpoint() const;

  /// Replaces the latest checkpoint; before that the best one, if `best`, and adds one to keep, if `keep`.
  void save(const Checkpoint& checkpoint, bool best = false, bool keep = false) const;
  Checkpoint load_latest() const { return load_checkpoint(latest()); }
  /// The checkpoint called "latest", "best", or by the number of its step; an error that lists them for another name.
  Checkpoint load(const std::string& name) const;

 private:
  explicit RunFolder(std::filesystem::path path) : path_(std::move(path)) {}
  void sweep() const;
  std::filesystem::path path_;
};

}  // namespace qiln::train
