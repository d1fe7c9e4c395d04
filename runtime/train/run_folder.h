// The folder of one training run:
//   model.qiln                         a copy of the model file, so that a run explains itself
//   settings.json                      the resolved settings
//   log.jsonl                          one JSON object a line (runtime/report/json_log.h)
//   checkpoints/latest.safetensors     where training goes on
//   checkpoints/best.safetensors       the best so far, when the trainer keeps one
//   samples/                           grids drawn on the way
// Every file but the log is replaced atomically, and the log is cut back to the checkpoint on resuming, so a run that
// is killed at any moment can go on.
#pragma once

#include <filesystem>
#include <optional>
#include <string>

#include "runtime/train/checkpoint.h"

namespace qiln::train {

class RunFolder {
 public:
  /// Starts a run: makes the folders, writes model and settings. A folder that already holds a checkpoint is an error
  /// that names `--resume`, unless `replace`, which drops the old checkpoints and log.
  static RunFolder create(const std::filesystem::path& path, const std::string& model, const std::string& settings,
                          bool replace = false);

  /// Opens a run to resume it or sample from it; an error when the folder holds no checkpoint. Only the trainer, who
  /// writes, sweeps away what a killed writer left.
  static RunFolder open(const std::filesystem::path& path, bool sweep = false);

  std::filesystem::path model() const { return path_ / "model.qiln"; }
  std::filesystem::path settings() const { return path_ / "settings.json"; }
  std::filesystem::path log() const { return path_ / "log.jsonl"; }
  std::filesystem::path latest() const { return path_ / "checkpoints" / "latest.safetensors"; }
  std::filesystem::path best() const { return path_ / "checkpoints" / "best.safetensors"; }
  std::filesystem::path samples() const { return path_ / "samples"; }
  const std::filesystem::path& path() const { return path_; }

  void save_latest(const Checkpoint& checkpoint) const { save_checkpoint(latest(), checkpoint); }
  void save_best(const Checkpoint& checkpoint) const { save_checkpoint(best(), checkpoint); }
  Checkpoint load_latest() const { return load_checkpoint(latest()); }
  /// None when the run keeps no best checkpoint.
  std::optional<Checkpoint> load_best() const;

 private:
  explicit RunFolder(std::filesystem::path path) : path_(std::move(path)) {}
  std::filesystem::path path_;
};

}  // namespace qiln::train
