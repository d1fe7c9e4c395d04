#include "runtime/train/run_folder.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <charconv>
#include <vector>

#include "dsl/error.h"
#include "runtime/files.h"

namespace qiln::train {

namespace {
bool present(const std::filesystem::path& path) {
  std::error_code ignored;
  return std::filesystem::exists(path, ignored);
}
}  // namespace

RunFolder RunFolder::create(const std::filesystem::path& path, const std::string& model, const std::string& settings,
                            bool replace) {
  RunFolder run(path);
  if (present(run.latest()) && !replace)
    throw Error(fmt::format("`{}` already holds a run: continue it with `--resume`, or choose another folder with `-o`",
                            path.string()),
                1);
  make_folder(run.latest().parent_path());
  std::error_code ignored;
  for (const auto& old : std::filesystem::directory_iterator(run.latest().parent_path(), ignored))
    if (old.path().extension() == ".safetensors") std::filesystem::remove(old.path(), ignored);
  for (const auto& old : {run.log(), run.timing(), run.report(), run.samples(), run.events()})
    std::filesystem::remove_all(old, ignored);
  make_folder(run.samples());
  run.sweep();
  run.write_model(model, settings);
  return run;
}

RunFolder RunFolder::open(const std::filesystem::path& path) {
  RunFolder run(path);
  if (!present(path)) throw Error(fmt::format("there is no run folder `{}`", path.string()), 1);
  if (!run.has_checkpoint())
    throw Error(fmt::format("`{}` holds no checkpoint (`{}` is missing): train first, or name another run",
                            path.string(), run.latest().lexically_relative(path).string()),
                1);
  return run;
}

RunFolder RunFolder::resume(const std::filesystem::path& path) {
  RunFolder run(path);
  if (!present(run.model()))
    throw Error(fmt::format("there is no run in `{}` to go on with; leave out `--resume`", path.string()), 1);
  make_folder(run.latest().parent_path());
  make_folder(run.samples());
  run.sweep();
  return run;
}

void RunFolder::sweep() const {
  for (const auto& folder : {path_, latest().parent_path(), samples()}) remove_partial_files(folder);
}

void RunFolder::write_model(const std::string& model, const std::string& settings) const {
  write_file_atomic(this->settings(), settings);
  write_file_atomic(this->model(), model);
}

std::filesystem::path RunFolder::kept(std::int64_t step) const {
  return path_ / "checkpoints" / fmt::format("step{:06}.safetensors", step);
}

std::filesystem::path RunFolder::grid(std::int64_t step, bool raw) const {
  return samples() / fmt::format("step{:06}{}.png", step, raw ? ".raw" : "");
}

bool RunFolder::has_checkpoint() const { return present(latest()); }

void RunFolder::save(const Checkpoint& checkpoint, bool best, bool keep) const {
  // The latest comes last: a run that is killed in between goes on from the one before and writes the others again.
  std::vector<std::filesystem::path> paths;
  if (keep) paths.push_back(kept(checkpoint.step));
  if (best) paths.push_back(this->best());
  paths.push_back(latest());
  save_checkpoint(paths.front(), checkpoint);
  for (std::size_t i = 1; i < paths.size(); ++i) link_file_atomic(paths.front(), paths[i]);
}

Checkpoint RunFolder::load(const std::string& name) const {
  std::filesystem::path path = path_ / "checkpoints" / (name + ".safetensors");
  std::int64_t step = 0;
  if (std::from_chars(name.data(), name.data() + name.size(), step).ptr == name.data() + name.size()) path = kept(step);
  if (present(path)) return load_checkpoint(path);
  std::vector<std::string> names;
  std::error_code ignored;
  for (const auto& entry : std::filesystem::directory_iterator(path.parent_path(), ignored))
    if (entry.path().extension() == ".safetensors") names.push_back(entry.path().stem().string());
  std::sort(names.begin(), names.end());
  throw Error(fmt::format("`{}` has no checkpoint `{}`; it has `{}`", path_.string(), name, fmt::join(names, "`, `")),
              1);
}

}  // namespace qiln::train
