#include "runtime/train/run_folder.h"

#include <fmt/format.h>

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
  make_folder(run.samples());
  std::error_code ignored;
  for (const auto& old : {run.latest(), run.best(), run.log()}) std::filesystem::remove(old, ignored);
  remove_partial_files(run.path());
  remove_partial_files(run.latest().parent_path());
  write_file_atomic(run.model(), model);
  write_file_atomic(run.settings(), settings);
  return run;
}

RunFolder RunFolder::open(const std::filesystem::path& path, bool sweep) {
  RunFolder run(path);
  if (!present(path)) throw Error(fmt::format("there is no run folder `{}`", path.string()), 1);
  if (!present(run.latest()))
    throw Error(fmt::format("`{}` holds no checkpoint (`{}` is missing): train first, or name another run",
                            path.string(), run.latest().lexically_relative(path).string()),
                1);
  if (sweep) {
    remove_partial_files(run.path());
    remove_partial_files(run.latest().parent_path());
  }
  return run;
}

std::optional<Checkpoint> RunFolder::load_best() const {
  if (!present(best())) return std::nullopt;
  return load_checkpoint(best());
}

}  // namespace qiln::train
