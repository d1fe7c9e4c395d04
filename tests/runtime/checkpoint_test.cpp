#include "runtime/train/checkpoint.h"

#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <limits>

#include "runtime/files.h"
#include "runtime/train/run_folder.h"
#include "tests/catch.h"
#include "tests/runtime/scratch.h"

using namespace qiln;
using namespace qiln::train;
using qiln::test::error_of;
using qiln::test::mentions;
using qiln::test::Scratch;

namespace {

const std::vector<std::int64_t> shape = {2, 2}, other = {4};

Checkpoint example(std::int64_t step, float value = 1) {
  Checkpoint c{.step = step, .seed = std::numeric_limits<std::uint64_t>::max(), .model = "net N", .settings = "{}"};
  c.extra["step"] = "not the step";
  for (const char* name : {"e1.conv.weight", "ema.e1.conv.weight", "adam.m.e1.conv.weight", "adam.v.e1.conv.weight"})
    c.add(name, shape, std::vector<float>(4, value));
  return c;
}

}  // namespace

TEST_CASE("a checkpoint comes back as it was") {
  Scratch scratch;
  const Checkpoint saved = example(1234, 0.1f);
  save_checkpoint(scratch / "c", saved);
  const Checkpoint loaded = load_checkpoint(scratch / "c");
  CHECK(loaded.step == 1234);
  CHECK(loaded.seed == saved.seed);
  CHECK(loaded.model == "net N");
  CHECK(loaded.settings == "{}");
  CHECK(loaded.extra == saved.extra);
  REQUIRE(loaded.tensors.size() == 4);
  CHECK(loaded.values("adam.v.e1.conv.weight", shape)[3] == 0.1f);
}

TEST_CASE("a checkpoint of another model says what differs") {
  const Checkpoint c = example(1);
  CHECK(mentions(error_of([&] { c.values("e2.conv.weight", shape); }), "`e2.conv.weight`", "another model"));
  CHECK(mentions(error_of([&] { c.values("e1.conv.weight", other); }), "[2, 2]", "[4]"));
}

TEST_CASE("files that are no checkpoints are errors") {
  Scratch scratch;
  const auto with = [&](const std::string& key, const std::string& value) {
    save_checkpoint(scratch / "c", example(1));
    TensorFile file = read_safetensors(scratch / "c");
    file.metadata[key] = value;
    write_safetensors(scratch / "c", file);
    return error_of([&] { load_checkpoint(scratch / "c"); });
  };
  CHECK(with("other", "kept out").empty());
  CHECK(mentions(with("format", "pt"), "`pt`"));
  CHECK(mentions(with("step", "12x"), "`step`", "12x"));
  CHECK(mentions(with("step", "-1"), "`step`"));
  CHECK(mentions(with("seed", "99999999999999999999"), "`seed`"));
  write_safetensors(scratch / "plain", {});
  CHECK(mentions(error_of([&] { load_checkpoint(scratch / "plain"); }), "no `format`", "no checkpoint"));
  CHECK(mentions(error_of([&] { load_checkpoint(scratch / "none"); }), "none", "No such file"));
}

TEST_CASE("a run folder is made once and opened again") {
  Scratch scratch;
  const auto path = scratch / "runs/one";
  const RunFolder run = RunFolder::create(path, "net N", "{\"a\": 1}");
  CHECK(read_file(run.model()) == "net N");
  CHECK(read_file(run.settings()) == "{\"a\": 1}");
  CHECK(mentions(error_of([&] { RunFolder::open(path); }), "holds no checkpoint", "latest.safetensors"));
  run.save(example(5), true, true);
  run.save(example(7));
  CHECK(RunFolder::open(path).load_latest().step == 7);
  CHECK(RunFolder::open(path).load("best").step == 5);
  CHECK(RunFolder::open(path).load("5").step == 5);
  CHECK(mentions(error_of([&] { RunFolder::open(path).load("6"); }), "no checkpoint `6`", "`best`", "`step000005`"));
  CHECK(mentions(error_of([&] { RunFolder::create(path, "", ""); }), "already holds a run", "--resume"));
  CHECK(mentions(error_of([&] { RunFolder::open(scratch / "no"); }), "no run folder"));
  CHECK(!RunFolder::create(path, "net M", "{}", true).has_checkpoint());
  CHECK(!RunFolder::resume(path).has_checkpoint());
}

TEST_CASE("a run killed while it saves goes on from a whole checkpoint") {
  Scratch scratch;
  const RunFolder run = RunFolder::create(scratch / "run", "net N", "{}");
  run.save(example(0, 0));
  const pid_t child = ::fork();
  if (child == 0)
    for (std::int64_t step = 1;; ++step) run.save(example(step, static_cast<float>(step)));
  ::usleep(20000);
  ::kill(child, SIGKILL);
  ::waitpid(child, nullptr, 0);
  const Checkpoint last = RunFolder::resume(scratch / "run").load_latest();
  CHECK(last.values("ema.e1.conv.weight", shape)[0] == static_cast<float>(last.step));
  for (const auto& file : std::filesystem::directory_iterator(run.latest().parent_path()))
    CHECK(file.path().filename() == "latest.safetensors");
}
