#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <limits>
#include <memory>

#include "runtime/files.h"
#include "runtime/interrupt.h"
#include "runtime/report/json_log.h"
#include "runtime/report/progress.h"
#include "tests/catch.h"
#include "tests/runtime/scratch.h"

using namespace qiln;
using namespace qiln::report;
using qiln::test::error_of;
using qiln::test::mentions;
using qiln::test::Scratch;

namespace {

const double missing = std::numeric_limits<double>::quiet_NaN();

/// Runs `work` with a Progress that writes to a file and a clock the test moves, and returns what was written.
template <class F>
std::string record(bool terminal, std::int64_t total, F&& work) {
  Scratch scratch;
  double now = 100;
  const std::unique_ptr<std::FILE, int (*)(std::FILE*)> out(std::fopen((scratch / "out").c_str(), "w"), &std::fclose);
  Progress progress(
      {.total = total, .out = out.get(), .clock = [&] { return now; }, .terminal = [=] { return terminal; }});
  work(progress, now);
  progress.finish();
  return read_file(scratch / "out");
}

}  // namespace

TEST_CASE("times and rates are short") {
  CHECK(format_seconds(0) == "0:00");
  CHECK(format_seconds(7.4) == "0:07");
  CHECK(format_seconds(754) == "12:34");
  CHECK(format_seconds(59.6) == "1:00");
  CHECK(format_seconds(3723) == "1:02:03");
  CHECK(format_seconds(51 * 3600) == "2 d 03 h");
  CHECK(format_seconds(-1) == "?");
  CHECK(format_seconds(missing) == "?");
  CHECK(format_seconds(1.0 / 0.0) == "?");
  CHECK(format_rate(0.01234) == "0.0123");
  CHECK(format_rate(331.2) == "331");
  CHECK(format_rate(7891) == "7.89k");
  CHECK(format_rate(999.6) == "1k");
  CHECK(format_rate(1.23e6) == "1.23M");
}

TEST_CASE("a bar fits its width") {
  const ProgressState state{
      .label = "train", .step = 1000, .total = 2000, .loss = 0.05121, .images_per_second = 331, .seconds_left = 42};
  CHECK(format_bar(state, 200) ==
        "train [" + std::string(20, '#') + std::string(20, '-') + "] 1000/2000  loss 0.05121  331 images/s  0:42 left");
  for (std::size_t width = 0; width < 100; ++width) CHECK(format_bar(state, width).size() <= width);
  CHECK(format_bar(state, 70).size() == 70);
  CHECK(format_bar(state, 50) == "train 1000/2000  loss 0.05121  331 images/s  0:42 ");
  CHECK(format_line(state) == "train 1000/2000 (50 %)  loss 0.05121  331 images/s  0:42 left");
  CHECK(format_line({.label = "sample", .step = 1999, .total = 2000}) == "sample 1999/2000 (99 %)");
}

TEST_CASE("without a terminal, lines come every few seconds and at the end") {
  const std::string text = record(false, 20, [](Progress& progress, double& now) {
    for (int step = 1; step <= 20; ++step) {
      now += 1;
      progress.update(step, 0.5, 32);
    }
  });
  CHECK(text ==
        "train 1/20 (5 %)  loss 0.5  32 images/s  0:19 left\n"
        "train 6/20 (30 %)  loss 0.5  32 images/s  0:14 left\n"
        "train 11/20 (55 %)  loss 0.5  32 images/s  0:09 left\n"
        "train 16/20 (80 %)  loss 0.5  32 images/s  0:04 left\n"
        "train 20/20 (100 %)  loss 0.5  32 images/s  0:00 left\n");
}

TEST_CASE("in a terminal one line is redrawn, at most ten times a second") {
  const std::string text = record(true, 100, [](Progress& progress, double& now) {
    for (int step = 1; step <= 100; ++step) {
      now += 0.0625;
      progress.update(step, missing, 1);
    }
    progress.message("saved");
  });
  CHECK(std::count(text.begin(), text.end(), '\r') ==
        50 + 1 + 1);  // every second update, the message, the bar below it
  CHECK(mentions(text, "\r\x1b[Ksaved\n", "100/100  16 images/s  0:00 left\x1b[K\n"));
  CHECK(text.back() == '\n');
}

TEST_CASE("the share of the machine's peak is shown once it is known") {
  const std::string text = record(false, 4, [](Progress& progress, double& now) {
    progress.set_work(5e9, 40e9);  // at best a step takes an eighth of a second
    for (int step = 1; step <= 4; ++step) {
      now += 0.5;
      progress.update(step, missing, 10);
    }
  });
  CHECK(mentions(text, "train 4/4 (100 %)  20 images/s  25 % of peak  0:00 left\n"));
}

TEST_CASE("no update, no output; the rate follows a change") {
  CHECK(record(true, 5, [](Progress&, double&) {}).empty());
  CHECK(record(false, 5, [](Progress&, double&) {}).empty());
  const std::string text = record(false, 1000, [](Progress& progress, double& now) {
    for (int step = 1; step <= 200; ++step) {
      now += step <= 100 ? 1 : 2;
      progress.update(step, missing, 10);
    }
  });
  CHECK(mentions(text, "train 200/1000 (20 %)  5 images/s  26:40 left\n"));
}

TEST_CASE("log records are JSON lines") {
  CHECK(format_record({{"step", std::int64_t{3}}, {"loss", 0.25}, {"note", "a\"b\n"}}) ==
        R"({"step":3,"loss":0.25,"note":"a\"b\n"})");
  CHECK(format_record({{"loss", missing}}) == R"({"loss":null})");
}

TEST_CASE("a log is appended to, and cut back to the step a run resumes from") {
  Scratch scratch;
  const auto path = scratch / "log.jsonl";
  {
    JsonLog log(path);
    for (std::int64_t step = 1; step <= 3; ++step) log.write({{"step", step}});
  }
  write_file_atomic(path, "{\"note\":1}\n" + read_file(path) + "{\"step\":4");  // killed in the middle of a line
  JsonLog(path).write({{"step", std::int64_t{4}}});
  CHECK(read_file(path) == "{\"note\":1}\n{\"step\":1}\n{\"step\":2}\n{\"step\":3}\n{\"step\":4}\n");
  JsonLog(path, 2).write({{"step", std::int64_t{3}}});
  CHECK(read_file(path) == "{\"note\":1}\n{\"step\":1}\n{\"step\":2}\n{\"step\":3}\n");
  CHECK(mentions(error_of([&] { JsonLog log(scratch / "no/log"); }), "no/log", "No such file"));
}

TEST_CASE("the first signal sets a flag, a second ends the process") {
  {
    const InterruptGuard guard;
    CHECK(!interrupted());
    ::raise(SIGINT);
    CHECK(interrupted());
  }
  const InterruptGuard guard;
  CHECK(!interrupted());
  const pid_t child = ::fork();
  if (child == 0) {
    ::raise(SIGTERM);
    ::raise(SIGINT);
    ::_exit(0);
  }
  int status = 0;
  ::waitpid(child, &status, 0);
  CHECK(WIFSIGNALED(status));
  CHECK(WTERMSIG(status) == SIGINT);
}
