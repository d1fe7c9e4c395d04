// Animations, arrays for NumPy, and the page of a run.
#include <zlib.h>

#include <algorithm>
#include <cmath>
#include <cstring>

#include "runtime/data/apng.h"
#include "runtime/data/npz_writer.h"
#include "runtime/files.h"
#include "runtime/report/base64.h"
#include "runtime/report/html_report.h"
#include "runtime/report/network_drawing.h"
#include "tests/compiler/elaborated.h"
#include "tests/runtime/scratch.h"

using namespace qiln;
using namespace qiln::data;
using qiln::test::error_of;
using qiln::test::mentions;
using qiln::test::Scratch;

namespace {

struct Chunk {
  std::string type, data;
};

std::uint32_t big_endian(const std::string& bytes, std::size_t at) {
  std::uint32_t value = 0;
  for (std::size_t k = 0; k < 4; ++k) value = value << 8 | static_cast<unsigned char>(bytes[at + k]);
  return value;
}

std::vector<Chunk> chunks_of(const std::string& png) {
  std::vector<Chunk> chunks;
  for (std::size_t at = 8; at < png.size();) {
    const std::uint32_t size = big_endian(png, at);
    const std::string body = png.substr(at + 4, size + 4);
    CHECK(::crc32_z(0, reinterpret_cast<const unsigned char*>(body.data()), body.size()) ==
          big_endian(png, at + 8 + size));
    chunks.push_back({body.substr(0, 4), body.substr(4)});
    at += 12 + size;
  }
  return chunks;
}

/// The rows behind zlib, each with its filter's number, of a 1-channel image.
std::string inflated(const std::string& data, std::size_t size) {
  std::string out(size, '\0');
  uLongf length = size;
  REQUIRE(::uncompress(reinterpret_cast<Bytef*>(out.data()), &length, reinterpret_cast<const Bytef*>(data.data()),
                       data.size()) == Z_OK);
  CHECK(length == size);
  return out;
}

Frame frame_of(std::uint8_t level, int milliseconds) {
  return {{.width = 3, .height = 2, .channels = 1, .pixels = std::vector<std::uint8_t>(6, level), .text = {}},
          milliseconds};
}

}  // namespace

TEST_CASE("an animation holds every frame, and is a PNG of the first", "[pictures]") {
  std::vector<Frame> frames = {frame_of(10, 500), frame_of(20, 80), frame_of(30, 2500)};
  frames[0].raster.text["Comment"] = "three frames";
  const std::string png = encode_apng(frames);
  std::string types, shown;
  std::uint32_t sequence = 0;
  for (const Chunk& chunk : chunks_of(png)) {
    types += chunk.type + " ";
    if (chunk.type == "acTL") {
      CHECK(big_endian(chunk.data, 0) == 3);
      CHECK(big_endian(chunk.data, 4) == 0);
    }
    if (chunk.type == "fcTL" || chunk.type == "fdAT") CHECK(big_endian(chunk.data, 0) == sequence++);
    if (chunk.type == "fcTL") {
      CHECK(chunk.data.size() == 26);
      CHECK(big_endian(chunk.data, 4) == 3);
      CHECK(big_endian(chunk.data, 8) == 2);
      shown += std::to_string(big_endian(chunk.data, 20) >> 16) + "/" +
               std::to_string(big_endian(chunk.data, 20) & 0xffff) + " ";
    }
    if (chunk.type == "fdAT") CHECK(inflated(chunk.data.substr(4), 8).size() == 8);
  }
  CHECK(types == "IHDR acTL tEXt fcTL IDAT fcTL fdAT fcTL fdAT IEND ");
  CHECK(shown == "500/1000 80/1000 2500/1000 ");
  const Scratch scratch;
  write_apng(scratch / "a.png", frames);
  const Raster first = read_png(scratch / "a.png");
  CHECK(first.pixels == frames[0].raster.pixels);
  CHECK(first.text.at("Comment") == "three frames");
  frames[1].raster.width = 2;
  frames[1].raster.pixels.resize(4);
  CHECK(mentions(error_of([&] { encode_apng(frames); }), "one size"));
}

TEST_CASE("arrays are written as NumPy's archives have them", "[pictures]") {
  const Scratch scratch;
  const std::vector<float> values = {0, 1, -2, 0.5f, 3, 4};
  const NamedArray arrays[] = {{"images", {2, 3}, values}, {"one", {1}, std::span(values).first(1)}};
  write_npz(scratch / "a.npz", arrays);
  const std::string bytes = read_file(scratch / "a.npz");
  CHECK(bytes.starts_with("PK\x03\x04"));
  CHECK(mentions(bytes, "images.npy", "one.npy", "'descr': '<f4'", "'shape': (2,3,)", "'shape': (1,)"));
  const std::size_t start = bytes.find("\x93NUMPY");
  const std::size_t header =
      static_cast<unsigned char>(bytes[start + 8]) + 256u * static_cast<unsigned char>(bytes[start + 9]);
  CHECK((10 + header) % 64 == 0);
  CHECK(std::memcmp(bytes.data() + start + 10 + header, values.data(), 24) == 0);
}

TEST_CASE("base64 is RFC 4648's", "[pictures]") {
  CHECK(report::base64("") == "");
  CHECK(report::base64("f") == "Zg==");
  CHECK(report::base64("fo") == "Zm8=");
  CHECK(report::base64("foobar") == "Zm9vYmFy");
  CHECK(report::base64("\xff\xfe\xfd") == "//79");
}

TEST_CASE("ticks are round numbers", "[pictures]") {
  CHECK(report::linear_ticks(0, 1000, 5) == std::vector<double>{0, 200, 400, 600, 800, 1000});
  CHECK(report::linear_ticks(1, 40, 8) == std::vector<double>{5, 10, 15, 20, 25, 30, 35, 40});
  const auto ticks = report::logarithmic_ticks(0.03, 1.2);
  REQUIRE(ticks.size() == 5);
  CHECK(ticks[0] == Approx(0.05));
  CHECK(ticks[4] == Approx(1));
}

TEST_CASE("a loss curve shows all that is finite", "[pictures]") {
  std::vector<report::LoggedStep> steps;
  for (std::int64_t k = 1; k <= 5000; ++k) steps.push_back({.step = k, .loss = 1.0 / static_cast<double>(k)});
  steps[10].loss = std::nan("");
  steps[20].held_out = 0.5;
  const std::string svg = report::loss_curve(steps);
  CHECK(mentions(svg, "<svg viewBox", "class=\"pale\"", "held-out loss 0.5 after step 21", "</svg>"));
  CHECK(svg.find("nan") == std::string::npos);
  CHECK(svg.size() < 40000);
  CHECK(report::loss_curve({}).empty());
  CHECK(mentions(report::loss_curve(std::span(steps).first(1)), "<polyline"));
}

TEST_CASE("a network's drawing names its layers, shapes and skips", "[pictures]") {
  auto net = Elaborated::text(R"(net N(x: [1, 4, 4], t: []) -> [1, 4, 4] {
  e = x |> conv(4, 3) |> relu
  h = e |> conv(4, 3)
  return h + e + linear(sinusoidal(t, 8), 4) |> conv(1, 3)
})");
  INFO(net.messages());
  REQUIRE(net.graph);
  const std::string svg = report::draw_network(*net.graph);
  CHECK(mentions(svg, ">x</text>", ">e.conv</text>", ">h.conv</text>", "[4, 4, 4]", ">148</text>", ">result</text>"));
  CHECK(std::count(svg.begin(), svg.end(), '\n') > 10);
}

TEST_CASE("the page of a run needs nothing else and escapes what it quotes", "[pictures]") {
  report::RunReport run;
  run.title = "a <b> & c";
  run.grids = {{500, true, "png"}, {500, false, "png"}};
  run.log = {{.step = 1, .loss = 0.5}, {.step = 2, .loss = 0.25}};
  run.warnings = "warning[x]: `a < b`";
  run.settings = {{"train.batch", "32"}};
  const std::string html = report::html_report(run);
  CHECK(mentions(html, "<title>a &lt;b&gt; &amp; c</title>", "data:image/png;base64,cG5n", "step 500, last weights",
                 "`a &lt; b`", "train.batch", "<polyline"));
  for (const char* outside : {"<link", "<script", "src=\"http", "url(http", "@import"})
    CHECK(html.find(outside) == std::string::npos);
}
