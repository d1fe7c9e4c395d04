// Event files, byte by byte as TensorBoard writes them (tests/reference/tensorboard_events.py).
#include "runtime/report/tensorboard.h"

#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>

#include "runtime/files.h"
#include "tests/catch.h"
#include "tests/runtime/scratch.h"

using namespace qiln;
using namespace qiln::report;
using qiln::test::Scratch;
using std::string_literals::operator""s;

namespace {

std::string expected(const char* name) {
  static const auto records = [] {
    std::ifstream in(QILN_SOURCE_DIR "/tests/reference/tensorboard.json");
    return nlohmann::json::parse(in).at("records");
  }();
  const std::string digits = records.at(name);
  std::string bytes;
  for (std::size_t i = 0; i < digits.size(); i += 2)
    bytes += static_cast<char>(std::stoi(digits.substr(i, 2), nullptr, 16));
  return bytes;
}

}  // namespace

TEST_CASE("CRC-32C is that of RFC 3720", "[tensorboard]") {
  CHECK(crc32c("123456789") == 0xe3069283);
  CHECK(crc32c(std::string(32, '\0')) == 0x8a9136aa);
  CHECK(crc32c(std::string(32, '\xff')) == 0x62a8ab43);
}

TEST_CASE("events are TensorBoard's own", "[tensorboard]") {
  constexpr double time = 1234.5;
  CHECK(tf_record(version_event(time)) == expected("version"));
  CHECK(tf_record(start_event(time, 300)) == expected("start"));
  CHECK(tf_record(scalar_event(time, 1, "loss", 0.25f)) == expected("scalar"));
  CHECK(tf_record(scalar_event(time, 1'000'000, "train/loss", -3.5f)) == expected("late"));
  CHECK(tf_record(image_event(time, 7, "samples", "\x89PNG\0\xff"s, 300, 2, 3)) == expected("image"));
}

TEST_CASE("an event file begins with its version and its first step", "[tensorboard]") {
  const Scratch scratch;
  {
    EventFile file(scratch / "events", 5);
    file.scalar(5, "loss", 0.5);
  }
  const auto path = std::filesystem::directory_iterator(scratch / "events")->path();
  CHECK(path.filename().string().starts_with("events.out.tfevents."));
  const std::string bytes = read_file(path);
  CHECK(bytes.size() == tf_record(version_event(1)).size() + tf_record(start_event(1, 5)).size() +
                            tf_record(scalar_event(1, 5, "loss", 0.5f)).size());
  CHECK(bytes.find("brain.Event:2") != std::string::npos);
}
