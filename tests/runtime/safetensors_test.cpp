#include "runtime/train/safetensors.h"

#include "runtime/files.h"
#include "tests/catch.h"
#include "tests/runtime/scratch.h"

using namespace qiln;
using namespace qiln::train;
using qiln::test::error_of;
using qiln::test::mentions;
using qiln::test::Scratch;

namespace {

using Floats = std::vector<float>;
using Shape = std::vector<std::int64_t>;

std::string file_bytes(const std::string& header, const std::string& data = "") {
  std::string bytes;
  for (int i = 0; i < 8; ++i) bytes += static_cast<char>(header.size() >> (8 * i) & 0xff);
  return bytes + header + data;
}

std::string error_of_bytes(const Scratch& scratch, const std::string& bytes) {
  write_file_atomic(scratch / "hostile", bytes);
  return error_of([&] { read_safetensors(scratch / "hostile"); });
}

std::string entry(const std::string& dtype, const std::string& shape, const std::string& offsets) {
  return R"({"dtype":")" + dtype + R"(","shape":)" + shape + R"(,"data_offsets":)" + offsets + "}";
}

}  // namespace

// Written by tests/reference/safetensors_file.py with the safetensors package.
TEST_CASE("a file of the safetensors package is read") {
  const TensorFile file = read_safetensors(QILN_SOURCE_DIR "/tests/reference/safetensors.bin");
  REQUIRE(file.tensors.size() == 4);
  CHECK(file.metadata == std::map<std::string, std::string>{{"model", "net \"N\"\n"}, {"step", "3"}});
  const Tensor* weight = file.find("conv.weight");
  REQUIRE(weight);
  CHECK(weight->shape == Shape{2, 3});
  CHECK(Floats(weight->floats().begin(), weight->floats().end()) == Floats{0, 0.25, 0.5, 0.75, 1, 1.25});
  REQUIRE(file.find("step"));
  CHECK(file.find("step")->integers()[0] == -1);
  CHECK(file.find("step")->integers()[1] == std::int64_t{1} << 40);
  CHECK(file.find("mask")->bytes[2] == std::byte{255});
  CHECK(file.find("scale")->type == ElementType::f64);
  CHECK(file.find("scale")->shape.empty());
  CHECK(file.find("none") == nullptr);
}

TEST_CASE("what is written is read back, in order") {
  Scratch scratch;
  const Floats values = {1, -2.5, 3e-38f};
  const std::vector<std::uint8_t> bytes = {1};
  TensorFile file;
  file.tensors.push_back(make_tensor("z.weight", {3}, values));
  file.tensors.push_back(make_tensor("a", {}, bytes));
  file.tensors.push_back(make_tensor("empty", {0, 4}, std::span<const float>()));
  file.metadata["note"] = "caf\xc3\xa9\n";
  write_safetensors(scratch / "f", file);
  const TensorFile back = read_safetensors(scratch / "f");
  CHECK(back.metadata == file.metadata);
  REQUIRE(back.tensors.size() == 3);
  CHECK(back.find("z.weight")->bytes == file.tensors[0].bytes);
  CHECK(back.find("a")->type == ElementType::u8);
  CHECK(back.find("empty")->shape == Shape{0, 4});
  CHECK(back.tensors[0].name == "z.weight");
  const std::string raw = read_file(scratch / "f");
  CHECK(static_cast<unsigned char>(raw[0]) % 8 == 0);
  CHECK(raw[8] == '{');
}

TEST_CASE("two tensors of one name are not written") {
  Scratch scratch;
  const Floats one = {1};
  TensorFile file{.tensors = {make_tensor("w", {1}, one), make_tensor("w", {1}, one)}, .metadata = {}};
  CHECK(mentions(error_of([&] { write_safetensors(scratch / "f", file); }), "`w`", "rename"));
  file.tensors = {make_tensor("__metadata__", {1}, one)};
  CHECK(mentions(error_of([&] { write_safetensors(scratch / "f", file); }), "__metadata__"));
  CHECK(!std::filesystem::exists(scratch / "f"));
}

TEST_CASE("hostile headers are errors") {
  Scratch scratch;
  const auto error = [&](const std::string& header, const std::string& data = "") {
    return error_of_bytes(scratch, file_bytes(header, data));
  };
  CHECK(mentions(error_of_bytes(scratch, "abc"), "hostile", "8 bytes"));
  CHECK(mentions(error_of_bytes(scratch, std::string(8, '\xff')), "header of 18446744073709551615 bytes"));
  CHECK(mentions(error_of_bytes(scratch, file_bytes(std::string(100, '{')).substr(0, 50)), "42 follow"));
  CHECK(mentions(error("[]"), "byte 8"));
  CHECK(mentions(error(""), "byte 8"));
  CHECK(mentions(error("{\"a\":"), "no JSON"));
  CHECK(mentions(error("{\"\xff\":1}"), "no JSON"));
  CHECK(mentions(error("{" + std::string(R"("a":)") + std::string(100000, '[') + "}"), "no JSON"));
  CHECK(mentions(error(R"({"a":1})"), "`a`", "lacks"));
  CHECK(mentions(error(R"({"__metadata__":{"k":1}})"), "no string under `k`"));
  CHECK(mentions(error(R"({"__metadata__":[]})"), "no object"));
  const std::string good = entry("F32", "[1]", "[0,4]");
  CHECK(error("{\"a\":" + good + "}", "1234").empty());
  CHECK(mentions(error("{\"a\":" + good + ",\"a\":" + good + "}", "1234"), "`a` twice"));
  CHECK(mentions(error("{\"a\":" + entry("F99", "[1]", "[0,4]") + "}", "1234"), "\"F99\""));
  CHECK(mentions(error("{\"a\":" + entry("F32", "[-1]", "[0,4]") + "}", "1234"), "`shape`"));
  CHECK(mentions(error("{\"a\":" + entry("F32", "[1.0]", "[0,4]") + "}", "1234"), "`shape`"));
  CHECK(mentions(error("{\"a\":" + entry("F32", "[1]", "[0]") + "}", "1234"), "`data_offsets`"));
  CHECK(mentions(error("{\"a\":" + entry("F32", "[1]", "[4,0]") + "}", "1234"), "[4, 0)"));
  CHECK(mentions(error("{\"a\":" + entry("F32", "[2]", "[0,8]") + "}", "1234"), "of 4 data bytes"));
  CHECK(mentions(error("{\"a\":" + entry("F32", "[2]", "[0,4]") + "}", "1234"), "need 8"));
  CHECK(mentions(error("{\"a\":" + entry("F32", "[4294967296,4294967296,4]", "[0,4]") + "}", "1234"), "overflows"));
}

TEST_CASE("tensors must cover the data once") {
  Scratch scratch;
  const auto error = [&](const std::string& a, const std::string& b, const std::string& data) {
    return error_of_bytes(scratch, file_bytes("{\"a\":" + a + ",\"b\":" + b + "}", data));
  };
  const std::string first = entry("U8", "[4]", "[0,4]");
  CHECK(error(first, entry("U8", "[2]", "[4,6]"), "123456").empty());
  CHECK(mentions(error(first, entry("U8", "[2]", "[3,5]"), "12345"), "`b`", "begins at data byte 3"));
  CHECK(mentions(error(first, entry("U8", "[2]", "[5,7]"), "1234567"), "`b`", "begins at data byte 5"));
  CHECK(mentions(error(first, entry("U8", "[2]", "[4,6]"), "1234567"), "data byte 6 of 7"));
}
