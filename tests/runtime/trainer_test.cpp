// Training runs: the same bits whatever the threads and interruptions, and a loss that falls.
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <fstream>
#include <nlohmann/json.hpp>
#include <set>
#include <thread>

#include <fmt/format.h>

#include "compiler/graph/origin.h"
#include "compiler/pipeline.h"
#include "runtime/data/hold_out.h"
#include "runtime/data/png.h"
#include "runtime/diffusion/objective.h"
#include "runtime/files.h"
#include "runtime/train/run.h"
#include "runtime/train/run_folder.h"
#include "runtime/train/run_lock.h"
#include "tests/compiler/elaborated.h"
#include "tests/reference/formula.h"
#include "tests/runtime/scratch.h"

using namespace qiln;
using test::error_of;
using test::mentions;
using test::Scratch;
namespace fs = std::filesystem;

namespace {

constexpr const char* kDenoiser = R"(
circuit Gate(x: [2]) -> [2] {
  param w: [2] ~ uniform(0, 2 * pi)
  qubits q[2]
  RY(x) q
  CNOT q[0], q[1]
  RY(w) q
  return expval(Z(q))
}
net N(x: [1, 4, 4], t: []) -> [1, 4, 4] {
  h = x |> conv(4, 3) |> relu
  h = h + linear(sinusoidal(t, 8), 4)
  g = h |> mean(axes = [1, 2]) |> freeze linear(2) |> Gate |> linear(4)
  return h * (1 + g) |> conv(1, 3)
}
)";

/// Its circuit as a state vector.
graph::Graph denoiser() {
  auto net = Elaborated::text(kDenoiser);
  INFO(net.messages());
  REQUIRE(net.graph);
  run_circuit_passes(*net.graph, false);
  return std::move(*net.graph);
}

/// Twenty steps; the levels fall evenly in the square root.
diffusion::NoiseSchedule schedule() {
  std::vector<double> levels;
  for (int i = 0; i <= 20; ++i) levels.push_back((1 - i / 20.0) * (1 - i / 20.0));
  return diffusion::discretise(levels);
}

data::Images images() {
  data::Images images{.count = 11, .channels = 1, .height = 4, .width = 4};
  for (std::uint32_t i = 0; i < images.count * images.image_size(); ++i)
    images.pixels.push_back(static_cast<std::uint8_t>(i % 16 < 8 ? 255 : test::formula_bits(1, i) >> 28));
  return images;
}

train::Task task(std::int64_t steps) {
  train::Task task;
  task.denoiser = diffusion::Denoiser{denoiser(), schedule()};
  task.objective = task.evaluation = diffusion::denoising_objective(task.denoiser->network, task.denoiser->schedule);
  task.images = images();
  task.trainer.batch = 19;
  task.trainer.optimiser.learning_rate = 1e-2;
  task.trainer.average_decay = 0.9;
  task.trainer.seed = 5;
  task.steps = steps;
  task.sampler.steps = 4;
  task.samples = 4;
  task.target = codegen::host_target();
  task.cache.enabled = false;
  return task;
}

std::vector<float> batch_of(const train::Task& task, std::int64_t step) {
  const auto all = data::scale_images(task.images);
  const auto size = static_cast<std::int64_t>(task.images.image_size());
  std::vector<float> batch;
  for (std::int64_t k = 0; k < task.trainer.batch; ++k) {
    const auto image = (step * task.trainer.batch + k) % static_cast<std::int64_t>(task.images.count);
    batch.insert(batch.end(), all.begin() + image * size, all.begin() + (image + 1) * size);
  }
  return batch;
}

train::Trainer trainer_of(const train::Task& task, jit::Engine& engine, int threads = 0) {
  return {task.objective, task.trainer, engine, threads};
}

bool same_bits(const train::Checkpoint& a, const train::Checkpoint& b) {
  return a.step == b.step && std::equal(a.tensors.begin(), a.tensors.end(), b.tensors.begin(), b.tensors.end(),
                                        [](const train::Tensor& x, const train::Tensor& y) {
                                          return x.name == y.name && x.shape == y.shape && x.bytes == y.bytes;
                                        });
}

fs::path latest(const fs::path& run) { return run / "checkpoints" / "latest.safetensors"; }

/// The losses of a run's log, in order of their steps.
std::vector<double> losses_of(const fs::path& run) {
  std::vector<double> losses;
  std::ifstream in(run / "log.jsonl");
  for (std::string line; std::getline(in, line);) {
    const auto record = nlohmann::json::parse(line);
    CHECK(record.at("step") == static_cast<std::int64_t>(losses.size()) + 1);
    losses.push_back(record.at("loss"));
  }
  return losses;
}

/// Raises SIGINT as soon as `log` has a line, unless told to give up first.
class Interrupter {
 public:
  explicit Interrupter(fs::path log)
      : thread_([this, log = std::move(log)] {
          while (!done_) {
            std::error_code missing;
            const auto size = fs::file_size(log, missing);
            if (!missing && size > 0) {
              ::kill(::getpid(), SIGINT);
              return;
            }
            std::this_thread::sleep_for(std::chrono::milliseconds(1));
          }
        }) {}
  ~Interrupter() {
    done_ = true;
    thread_.join();
  }

 private:
  std::atomic<bool> done_ = false;
  std::thread thread_;
};

}  // namespace

TEST_CASE("training gives the same bits with 1, 2 and 7 threads", "[train]") {
  const train::Task small = task(3);
  jit::Engine engine(small.target, small.cache);
  std::vector<train::Checkpoint> ends;
  std::vector<double> losses;
  for (int threads : {1, 2, 7}) {
    auto trainer = trainer_of(small, engine, threads);
    for (std::int64_t step = 0; step < 3; ++step) losses.push_back(trainer.step(batch_of(small, step)));
    trainer.save(ends.emplace_back());
  }
  CHECK(same_bits(ends[0], ends[1]));
  CHECK(same_bits(ends[0], ends[2]));
  for (int k = 0; k < 3; ++k) {
    CHECK(losses[k] == losses[3 + k]);
    CHECK(losses[k] == losses[6 + k]);
  }
}

TEST_CASE("a frozen layer keeps its first values, others move", "[train]") {
  const train::Task small = task(2);
  jit::Engine engine(small.target, small.cache);
  auto trainer = trainer_of(small, engine);
  train::Checkpoint before, after;
  trainer.save(before);
  for (std::int64_t step = 0; step < 2; ++step) trainer.step(batch_of(small, step));
  trainer.save(after);
  REQUIRE(before.tensors.size() == after.tensors.size());
  for (std::size_t i = 0; i < before.tensors.size(); ++i) {
    INFO(before.tensors[i].name);
    const bool frozen = before.tensors[i].name.starts_with("g.linear.");
    CHECK((before.tensors[i].bytes == after.tensors[i].bytes) == frozen);
  }
}

TEST_CASE("the loss falls on a small set", "[train]") {
  const train::Task small = task(200);
  jit::Engine engine(small.target, small.cache);
  auto trainer = trainer_of(small, engine);
  double first = 0, last = 0;
  for (std::int64_t step = 0; step < 200; ++step) {
    const double loss = trainer.step(batch_of(small, step));
    if (step < 20) first += loss / 20;
    if (step >= 180) last += loss / 20;
  }
  CHECK(last < 0.7 * first);
}

TEST_CASE("a run that stops and resumes ends in the bits of one that did not", "[train]") {
  const Scratch scratch;
  train::run(task(6), {.folder = scratch / "whole"}, "net", "{}");
  train::run(task(2), {.folder = scratch / "parts"}, "net", "{}");
  train::run(task(6), {.folder = scratch / "parts", .resume = true}, "net", "{}");
  CHECK(read_file(latest(scratch / "whole")) == read_file(latest(scratch / "parts")));
  CHECK(losses_of(scratch / "whole").size() == 6);
  CHECK(losses_of(scratch / "whole") == losses_of(scratch / "parts"));
  const auto grid = fs::path("samples") / "step000006.png";
  CHECK(read_file(scratch / "whole" / grid) == read_file(scratch / "parts" / grid));
}

TEST_CASE("Ctrl-C saves, and a resume goes on to the same bits", "[train]") {
  const Scratch scratch;
  const fs::path run = scratch / "stopped";
  {
    const Interrupter interrupter(run / "log.jsonl");
    const std::string said = error_of([&] { train::run(task(1000000), {.folder = run}, "net", "{}"); });
    CHECK(mentions(said, "stopped at step", "--resume"));
  }
  const std::int64_t stopped = train::load_checkpoint(latest(run)).step;
  CHECK(static_cast<std::int64_t>(losses_of(run).size()) == stopped);
  train::run(task(stopped + 2), {.folder = run, .resume = true}, "net", "{}");
  train::run(task(stopped + 2), {.folder = scratch / "whole"}, "net", "{}");
  CHECK(read_file(latest(run)) == read_file(latest(scratch / "whole")));
  CHECK(losses_of(run) == losses_of(scratch / "whole"));
}

TEST_CASE("a run folder is not overwritten, and needs a checkpoint of the same model", "[train]") {
  const Scratch scratch;
  CHECK(mentions(error_of([&] { train::run(task(1), {.folder = scratch / "none", .resume = true}, "net", "{}"); }),
                 "none", "no run"));
  train::run(task(1), {.folder = scratch / "run"}, "net", "{}");
  CHECK(mentions(error_of([&] { train::run(task(1), {.folder = scratch / "run"}, "net", "{}"); }), "--resume"));
  auto other = Elaborated::text("net N(x: [1, 4, 4], t: []) -> [1, 4, 4] { return x |> conv(1, 3) }\n");
  train::Task changed = task(2);
  changed.denoiser->network = std::move(*other.graph);
  changed.objective = diffusion::denoising_objective(changed.denoiser->network, changed.denoiser->schedule);
  CHECK(mentions(error_of([&] { train::run(changed, {.folder = scratch / "run", .resume = true}, "net", "{}"); }),
                 "out.conv.weight"));
  changed.images.height = 2;
  changed.images.width = 8;
  CHECK(mentions(error_of([&] { train::run(changed, {.folder = scratch / "wide"}, "net", "{}"); }), "1 x 2 x 8"));
  CHECK_FALSE(fs::exists(scratch / "wide"));
}

TEST_CASE("a loss that is no number stops the run, names the cause and leaves the parameters alone", "[train]") {
  const train::Task small = task(1);
  jit::Engine engine(small.target, small.cache);
  auto trainer = trainer_of(small, engine);
  train::Checkpoint before, after;
  trainer.save(before);
  auto batch = batch_of(small, 0);
  batch[2 * 16 + 3] = std::numeric_limits<float>::infinity();
  CHECK(mentions(error_of([&] { trainer.step(batch); }), "the loss is", "at step 1", "the input `x0` holds an infinity",
                 "sample 3 of its batch", "learning rate"));
  trainer.save(after);
  CHECK(same_bits(before, after));
}

TEST_CASE("the operation that makes a NaN is named with its path and line", "[train]") {
  // The first is infinite; the second is finite and its gradient is not.
  for (const auto& [body, what] : {std::pair{"log(x * 0)", "`log` in `odd.Odd` (test.qiln:2) gives an infinity"},
                                   std::pair{"sqrt(x * 0)", "the gradient's `divide` in `odd.Odd` (test.qiln:2)"}}) {
    auto net =
        Elaborated::text(fmt::format("net Odd(x: [1, 4, 4]) -> [1, 4, 4] {{\n  return {}\n}}\n"
                                     "net N(x: [1, 4, 4], t: []) -> [1, 4, 4] {{\n"
                                     "  odd = x |> conv(1, 3) |> Odd\n  return odd |> conv(1, 3)\n}}\n",
                                     body));
    INFO(net.messages());
    REQUIRE(net.graph);
    train::Task bad = task(1);
    bad.objective = diffusion::denoising_objective(*net.graph, schedule());
    bad.trainer.place = [&](const graph::Origin& origin) { return graph::place_of(origin, net.sources); };
    jit::Engine engine(bad.target, bad.cache);
    auto trainer = trainer_of(bad, engine);
    INFO(error_of([&] { trainer.step(batch_of(bad, 0)); }));
    CHECK(mentions(error_of([&] { trainer.step(batch_of(bad, 0)); }), what));
  }
}

TEST_CASE("accumulated batches make the step of one large batch", "[train]") {
  train::Task large = task(3), parts = task(3);
  large.trainer.batch = 24;
  parts.trainer.batch = 8;
  parts.trainer.accumulate = 3;
  jit::Engine engine(large.target, large.cache);
  auto one = trainer_of(large, engine), many = trainer_of(parts, engine);
  for (std::int64_t step = 0; step < 3; ++step) {
    const auto batch = batch_of(large, step);
    CHECK(many.step(batch) == Approx(one.step(batch)).epsilon(1e-5));
    CHECK(many.gradient_norm() == Approx(one.gradient_norm()).epsilon(1e-4));
  }
}

TEST_CASE("a run of many settings resumes to the same bits", "[train]") {
  const auto many = [](std::int64_t steps) {
    train::Task t = task(steps);
    t.trainer.batch = 5;
    t.trainer.accumulate = 2;
    t.trainer.optimiser = {.rule = train::Rule::sgd, .learning_rate = 0.1, .momentum = 0.9, .clip = 0.5};
    t.trainer.rates = {.shape = train::RateShape::cosine, .warmup = 3, .steps = 12};
    t.trainer.groups = {{"*.Gate.*", 1e-3, {}}};
    t.held_out = t.images;
    t.evaluate_every = 2;
    t.keep_every = 4;
    t.checkpoint_every = 3;
    return t;
  };
  const Scratch scratch;
  train::run(many(12), {.folder = scratch / "whole", .draw = false}, "net", "{}");
  for (const std::int64_t steps : {1, 5, 6, 12})
    train::run(many(steps), {.folder = scratch / "parts", .resume = steps > 1, .draw = false}, "net", "{}");
  const auto file = [&](const char* run, const char* name) { return read_file(scratch / run / "checkpoints" / name); };
  for (const char* name :
       {"latest.safetensors", "best.safetensors", "step000004.safetensors", "step000012.safetensors"})
    CHECK(file("whole", name) == file("parts", name));
  CHECK(losses_of(scratch / "whole") == losses_of(scratch / "parts"));
  std::ifstream in(scratch / "whole" / "log.jsonl");
  double best = 1e9;
  std::int64_t best_step = 0, step = 0;
  for (std::string line; std::getline(in, line);) {
    const auto record = nlohmann::json::parse(line);
    CHECK(record.contains("held_out") == (++step % 2 == 0));
    CHECK(record.at("learning_rate").get<double>() ==
          Approx(0.1 * train::rate_factor(many(12).trainer.rates, step - 1)));
    if (record.contains("held_out") && record.at("held_out") < best) best = record.at("held_out"), best_step = step;
  }
  CHECK(train::load_checkpoint(scratch / "whole" / "checkpoints" / "best.safetensors").step == best_step);
}

TEST_CASE("held-out images leave the others", "[train]") {
  const data::Images all = images();
  data::Images kept = all;
  const data::Images held = data::hold_out(kept, 3, 7);
  CHECK(held.count == 3);
  CHECK(kept.count == 8);
  std::multiset<std::vector<std::uint8_t>> before, after;
  const auto collect = [](const data::Images& from, auto& into) {
    for (std::size_t i = 0; i < from.count; ++i) into.emplace(from.image(i).begin(), from.image(i).end());
  };
  collect(all, before);
  collect(held, after);
  collect(kept, after);
  CHECK(before == after);
  data::Images again = all;
  CHECK(data::hold_out(again, 3, 7).pixels == held.pixels);
  CHECK(mentions(error_of([&] { data::hold_out(again, 8, 7); }), "none is left"));
}

TEST_CASE("training ends when the held-out loss is out of patience", "[train]") {
  train::Task stale = task(1000);
  stale.trainer.optimiser = {.rule = train::Rule::sgd, .learning_rate = 1e-30};  // nothing moves: no loss is better
  stale.held_out = stale.images;
  stale.evaluate_every = 2;
  stale.patience = 3;
  const Scratch scratch;
  const train::RunOptions options{.folder = scratch / "run", .draw = false};
  train::run(stale, options, "net", "{}");
  CHECK(train::load_checkpoint(latest(scratch / "run")).step == 8);
  CHECK(train::load_checkpoint(scratch / "run" / "checkpoints" / "best.safetensors").step == 2);
  train::run(stale, {.folder = scratch / "run", .resume = true, .draw = false}, "net", "{}");
  CHECK(train::load_checkpoint(latest(scratch / "run")).step == 8);
}

TEST_CASE("two trainers do not share a run folder", "[train]") {
  const Scratch scratch;
  fs::create_directory(scratch / "run");
  const auto start = [&] { train::run(task(1), {.folder = scratch / "run", .draw = false}, "net", "{}"); };
  {
    const train::RunLock lock(scratch / "run");
    CHECK(mentions(error_of(start), "is being trained by process " + std::to_string(::getpid()), "`-o`"));
  }
  CHECK(error_of(start).empty());
}

TEST_CASE("a run starts from the weights of a file", "[train]") {
  const Scratch scratch;
  train::run(task(3), {.folder = scratch / "first", .draw = false}, "net", "{}");
  train::Task next = task(0);
  next.trainer.declared = train::declared_parameters(next.objective);
  next.trainer.seed = 99;
  const train::RunOptions from{.folder = scratch / "next", .draw = false, .init = latest(scratch / "first")};
  train::run(next, from, "net", "{}");
  const auto first = train::load_checkpoint(latest(scratch / "first")),
             started = train::load_checkpoint(latest(from.folder));
  CHECK(started.step == 0);
  for (const auto& declared : next.trainer.declared) {
    const std::string& path = declared.attributes.path;
    INFO(path);
    const bool averaged = !path.starts_with("g.linear.");  // the frozen one
    const auto expected = first.values(averaged ? "ema." + path : path, declared.shape);
    CHECK(std::ranges::equal(started.values(path, declared.shape), expected));
  }
  next.trainer.declared.push_back({{.path = "more.weight"}, {2}});
  const auto again = [&](bool partial) {
    const train::RunOptions options{
        .folder = scratch / "other", .replace = true, .draw = false, .init = from.init, .partial = partial};
    return error_of([&] { train::run(next, options, "net", "{}"); });
  };
  CHECK(mentions(again(false), "does not fit the model", "missing in the file (1)", "more.weight [2]",
                 "`--init-partial`"));
  CHECK(again(true).empty());
  CHECK(train::load_checkpoint(latest(scratch / "other")).values("more.weight", std::vector<std::int64_t>{2})[0] == 0);
}

TEST_CASE("a run that was killed before its first checkpoint starts again", "[train]") {
  const Scratch scratch;
  train::RunFolder::create(scratch / "run", "net", "{}");
  train::run(task(2), {.folder = scratch / "run", .resume = true, .draw = false}, "net", "{}");
  train::run(task(2), {.folder = scratch / "whole", .draw = false}, "net", "{}");
  CHECK(read_file(latest(scratch / "run")) == read_file(latest(scratch / "whole")));
}

TEST_CASE("a run of a model that imports another explains itself", "[train]") {
  const Scratch scratch;
  const auto qiln = [&](const std::string& command) {
    return std::system(fmt::format("'{}' {} >'{}' 2>&1", QILN_BINARY, command, (scratch / "said").string()).c_str());
  };
  const std::string run = (scratch / "run").string();
  REQUIRE(qiln(fmt::format("train '{}/tests/kills.qiln' --steps 2 --set data.held_out=20 --set train.evaluate_every=1 "
                           "--set train.sample_every=1 --set sample.count=2 --set "
                           "sample.sampler.steps=2 -o '{}'",
                           QILN_SOURCE_DIR, run)) == 0);
  const auto settings = nlohmann::json::parse(read_file(scratch / "run" / "settings.json"));
  CHECK(settings["train"]["accumulate"] == 2);
  CHECK(settings["train"]["optimizer"]["adamw"]["lr"] == 3e-3);
  for (const char* file : {"step000001.png", "step000001.raw.png", "step000002.png", "step000002.raw.png"})
    CHECK(fs::exists(scratch / "run" / "samples" / file));
  CHECK(mentions(read_file(scratch / "run" / "report.html"), ">g.Head</text>", "partly-dead-parameter",
                 "adamw(lr = 0.003"));
  const std::string files = fmt::format("-o '{0}.png' --each '{0}.each' --strip '{0}.strip.png' --npz '{0}.npz'", run);
  REQUIRE(qiln(fmt::format("sample '{}' -n 3 {}", run, files)) == 0);
  const data::Raster grid = data::read_png(run + ".png");
  CHECK(mentions(grid.text.at("Settings"), "\"adamw\""));
  CHECK(mentions(grid.text.at("Comment"), "step 2", "3 samples"));
  CHECK(fs::exists(run + ".each/00002.png"));
  CHECK(data::read_png(run + ".strip.png").text.at("Comment") == grid.text.at("Comment"));
  CHECK(mentions(read_file(run + ".npz"), "'shape': (3,1,28,28,)"));
  REQUIRE(qiln(fmt::format("export '{0}' -o '{0}.safetensors'", run)) == 0);
  CHECK(train::read_safetensors(run + ".safetensors").find("g.Head.w"));
}

TEST_CASE("a full disk stops the run, which keeps its last checkpoint and goes on from it", "[train]") {
  const Scratch scratch;
  const auto train = [&](const std::string& run, const std::string& options, const std::string& limit = "") {
    const std::string command =
        fmt::format("{}'{}' train '{}/tests/kills.qiln' --no-samples -o '{}' {} >'{}' 2>&1", limit, QILN_BINARY,
                    QILN_SOURCE_DIR, (scratch / run).string(), options, (scratch / "said").string());
    return std::system(command.c_str());
  };
  REQUIRE(train("whole", "--steps 12") == 0);
  REQUIRE(train("full", "--steps 6") == 0);
  const std::string before = read_file(latest(scratch / "full"));
  // Files end at half a megabyte, which no checkpoint fits into.
  CHECK(WEXITSTATUS(train("full", "--steps 12 --resume", "ulimit -f 1000; ")) == 2);
  INFO(read_file(scratch / "said"));
  CHECK(mentions(read_file(scratch / "said"), "File too large", "checkpoint of step 6 is whole", "`--resume`"));
  CHECK(read_file(latest(scratch / "full")) == before);
  REQUIRE(train("full", "--steps 12 --resume") == 0);
  const auto whole = train::load_checkpoint(latest(scratch / "whole"));
  CHECK(same_bits(train::load_checkpoint(latest(scratch / "full")), whole));
}

TEST_CASE("samples do not depend on how they are batched, nor on threads", "[train]") {
  const train::Task small = task(1);
  jit::Engine engine(small.target, small.cache);
  train::Checkpoint weights;
  trainer_of(small, engine).save(weights);
  auto draw = [&](std::int64_t batch, int threads, double eta, std::int64_t count = 11) {
    diffusion::SamplerSettings settings{.steps = 5, .eta = eta, .seed = 3, .batch = batch};
    return diffusion::sample(*small.denoiser, weights, true, count, settings, engine, {}, threads);
  };
  for (double eta : {0.0, 1.0}) {
    const auto whole = draw(64, 1, eta);
    REQUIRE(whole.size() == 11 * 16);
    for (float v : whole) REQUIRE(std::isfinite(v));
    for (std::int64_t batch : {1, 3, 4, 8}) CHECK(draw(batch, 1, eta) == whole);
    for (int threads : {2, 7}) CHECK(draw(64, threads, eta) == whole);
    const auto fewer = draw(64, 1, eta, 5);
    CHECK(std::equal(fewer.begin(), fewer.end(), whole.begin()));
  }
  CHECK(draw(64, 1, 0.0) != draw(64, 1, 1.0));
}
