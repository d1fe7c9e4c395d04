#include "runtime/data/fetch.h"

#include "runtime/checksum.h"
#include "runtime/data/part_file.h"
#include "runtime/files.h"
#include "tests/catch.h"
#include "tests/runtime/http_server.h"
#include "tests/runtime/scratch.h"

using namespace qiln;
using namespace qiln::data;
using qiln::test::error_of;
using qiln::test::http;
using qiln::test::http_file;
using qiln::test::HttpRequest;
using qiln::test::HttpServer;
using qiln::test::mentions;
using qiln::test::Scratch;

namespace {

using Starts = std::vector<std::int64_t>;

std::string long_text() {
  std::string text;
  for (int i = 0; i < 300000; ++i) text += static_cast<char>(i * i / 7);
  return text;
}
const std::string file = long_text();

FetchOptions hasty() { return {.pause = std::chrono::milliseconds(0)}; }

FetchRequest request(const std::vector<std::string>& urls) { return {"set.npz", md5_of(file), urls}; }

/// Where the requests to a server began.
Starts starts(const HttpServer& server) {
  Starts result;
  for (const HttpRequest& r : server.requests()) result.push_back(r.start);
  return result;
}

bool has(const Scratch& scratch, const std::string& name) { return std::filesystem::exists(scratch / name); }

}  // namespace

// RFC 1321, A.5
TEST_CASE("MD5 is MD5") {
  CHECK(md5_of("") == "d41d8cd98f00b204e9800998ecf8427e");
  CHECK(md5_of("message digest") == "f96b697d7cb7938d525a2f31aaf161d0");
  Scratch scratch;
  write_file_atomic(scratch / "f", "abcdefghijklmnopqrstuvwxyz");
  CHECK(md5_of_file(scratch / "f") == "c3fcd3d76192e4007dfb496cca67e13b");
  CHECK(mentions(error_of([&] { md5_of_file(scratch / "none"); }), "none", "No such file"));
  CHECK(mentions(error_of([&] { md5_of_file(scratch.path()); }), "not a regular file"));
}

TEST_CASE("a file is fetched whole, once", "[fetch]") {
  Scratch scratch;
  HttpServer server([](const HttpRequest& r) { return http_file(file, r); });
  FetchOptions options = hasty();
  std::int64_t done = 0, total = 0;
  options.told = [&](const FetchState& state) { return done = state.done, total = state.total, true; };
  CHECK(fetch(request({server.url("/a?download=1")}), scratch / "new/folder", options) == Fetched::now);
  CHECK(read_file(scratch / "new/folder/set.npz") == file);
  CHECK(!has(scratch, "new/folder/set.npz.part"));
  CHECK((done == 300000 && total == 300000));
  CHECK(server.requests().at(0).path == "/a?download=1");
  CHECK(fetch(request({server.url("/a")}), scratch / "new/folder", hasty()) == Fetched::was_there);
  CHECK(server.requests().size() == 1);
}

TEST_CASE("a part is continued", "[fetch]") {
  Scratch scratch;
  HttpServer server([](const HttpRequest& r) { return http_file(file, r); });
  write_file_atomic(scratch / "set.npz.part", file.substr(0, 123456));
  fetch(request({server.url("/")}), scratch.path(), hasty());
  CHECK(read_file(scratch / "set.npz") == file);
  CHECK(starts(server) == Starts{123456});
}

TEST_CASE("a part that was whole, or is of something else, does no harm", "[fetch]") {
  Scratch scratch;
  HttpServer server([](const HttpRequest& r) { return http_file(file, r); });
  write_file_atomic(scratch / "set.npz.part", file);
  fetch(request({server.url("/")}), scratch.path(), hasty());
  CHECK(starts(server) == Starts{300000});  // 416
  std::filesystem::remove(scratch / "set.npz");
  write_file_atomic(scratch / "set.npz.part", "something else");
  fetch(request({server.url("/")}), scratch.path(), hasty());
  CHECK(starts(server) == Starts{300000, 14, 0});
  CHECK(read_file(scratch / "set.npz") == file);
}

TEST_CASE("a server that knows no ranges sends the whole file again", "[fetch]") {
  Scratch scratch;
  HttpServer server([](const HttpRequest&) { return http("200 OK", file, file.size()); });
  write_file_atomic(scratch / "set.npz.part", file.substr(0, 1000));
  fetch(request({server.url("/")}), scratch.path(), hasty());
  CHECK(read_file(scratch / "set.npz") == file);
}

TEST_CASE("a transfer that breaks off is taken up where it broke", "[fetch]") {
  Scratch scratch;
  HttpServer server([](const HttpRequest& r) {
    const std::string whole = http_file(file, r);
    return r.start < 200000 ? whole.substr(0, whole.size() - 99999) : whole;
  });
  std::vector<std::string> warnings;
  FetchOptions options = hasty();
  options.warned = [&](const std::string& text) { warnings.push_back(text); };
  fetch(request({server.url("/")}), scratch.path(), options);
  CHECK(read_file(scratch / "set.npz") == file);
  CHECK(starts(server) == Starts{0, 200001});
  REQUIRE(warnings.size() == 1);
  CHECK(mentions(warnings[0], "going on at byte 200001"));
}

TEST_CASE("a transfer that brings nothing more keeps what it has", "[fetch]") {
  Scratch scratch;
  HttpServer server([](const HttpRequest& r) {
    return http("206 Partial Content", r.start == 0 ? file.substr(0, 5000) : "", file.size());
  });
  const std::string error = error_of([&] { fetch(request({server.url("/")}), scratch.path(), hasty()); });
  CHECK(mentions(error, "cannot fetch `set.npz`", "set.npz.part` keeps 5000 bytes"));
  CHECK(read_file(scratch / "set.npz.part") == file.substr(0, 5000));
  CHECK(!has(scratch, "set.npz"));
}

TEST_CASE("a file with another checksum is not taken", "[fetch]") {
  Scratch scratch;
  HttpServer server([](const HttpRequest& r) { return http_file("an error page", r); });
  const std::string error = error_of([&] { fetch(request({server.url("/")}), scratch.path(), hasty()); });
  CHECK(mentions(error, "has the MD5 " + md5_of("an error page") + " and not " + md5_of(file)));
  CHECK((!has(scratch, "set.npz") && !has(scratch, "set.npz.part")));
}

TEST_CASE("the next address is tried when one refuses, and each reason is told", "[fetch]") {
  Scratch scratch;
  std::string closed;
  {
    HttpServer gone([](const HttpRequest&) { return ""; });
    closed = gone.url("/");
  }
  HttpServer missing([](const HttpRequest&) { return http("404 Not Found", "no such set", 11); });
  HttpServer silent([](const HttpRequest&) { return ""; });
  const std::vector<std::string> bad = {missing.url("/"), closed, silent.url("/"), "file:///etc/hostname"};
  const std::string error = error_of([&] { fetch(request(bad), scratch.path(), hasty()); });
  CHECK(mentions(error, "it answers 404", missing.url("/"), closed, "Empty reply", "not supported or disabled"));
  CHECK(!has(scratch, "set.npz.part"));
  HttpServer good([](const HttpRequest& r) { return http_file(file, r); });
  HttpServer moved(
      [&](const HttpRequest&) { return http("302 Found", "", 0, "Location: " + good.url("/there") + "\r\n"); });
  CHECK(fetch(request({missing.url("/"), moved.url("/")}), scratch.path(), hasty()) == Fetched::now);
  CHECK(good.requests().at(0).path == "/there");
  CHECK(read_file(scratch / "set.npz") == file);
}

TEST_CASE("a server that never ends is stopped", "[fetch]") {
  Scratch scratch;
  HttpServer server([](const HttpRequest& r) { return http_file(file, r); });
  FetchOptions options = hasty();
  options.most_bytes = 100000;
  CHECK(mentions(error_of([&] { fetch(request({server.url("/")}), scratch.path(), options); }), "more than 100000"));
}

TEST_CASE("being stopped keeps the part", "[fetch]") {
  Scratch scratch;
  HttpServer server(
      [](const HttpRequest& r) { return r.start ? http_file(file, r) : http_file(file, r).substr(0, 100000); });
  FetchOptions options = hasty();
  options.told = [](const FetchState& state) { return state.done == 0; };
  const std::string error = error_of([&] { fetch(request({server.url("/")}), scratch.path(), options); });
  CHECK(mentions(error, "stopped", "goes on from there"));
  const std::size_t kept = read_file(scratch / "set.npz.part").size();
  CHECK((kept > 0 && kept < file.size()));
  fetch(request({server.url("/")}), scratch.path(), hasty());
  CHECK(read_file(scratch / "set.npz") == file);
  CHECK(starts(server) == Starts{0, static_cast<std::int64_t>(kept)});
}

TEST_CASE("a file that is there with another checksum stays, unless it is to be replaced", "[fetch]") {
  Scratch scratch;
  HttpServer server([](const HttpRequest& r) { return http_file(file, r); });
  write_file_atomic(scratch / "set.npz", "my own");
  CHECK(mentions(error_of([&] { fetch(request({server.url("/")}), scratch.path(), hasty()); }), "move it away",
                 "--replace"));
  CHECK(read_file(scratch / "set.npz") == "my own");
  FetchOptions options = hasty();
  options.replace = true;
  CHECK(fetch(request({server.url("/")}), scratch.path(), options) == Fetched::now);
  CHECK(read_file(scratch / "set.npz") == file);
}

TEST_CASE("two processes do not write one part, and folders that cannot be written are errors", "[fetch]") {
  Scratch scratch;
  HttpServer server([](const HttpRequest& r) { return http_file(file, r); });
  {
    const PartFile other(scratch / "set.npz");
    CHECK(mentions(error_of([&] { fetch(request({server.url("/")}), scratch.path(), hasty()); }), "another process"));
  }
  write_file_atomic(scratch / "plain", "");
  CHECK(mentions(error_of([&] { fetch(request({server.url("/")}), scratch / "plain", hasty()); }), "plain"));
  CHECK(server.requests().empty());
}
