#include "runtime/jit/engine.h"

#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "runtime/files.h"
#include "runtime/jit/build_id.h"
#include "tests/catch.h"
#include "tests/runtime/nests.h"
#include "tests/runtime/scratch.h"

using namespace qiln;
using kernel::Nest;

namespace {

/// y[i] = x[i] * factor
Nest scaling(double factor, std::int64_t count = 100) {
  auto n = test::nest(Nest::Kind::pointwise, true, {true, true}, 1);
  n.space = {count};
  n.epilogue = {test::load({0, {1}, 0, {}}), test::constant(factor), test::compute(Primitive::multiply, 0, 1)};
  n.stores = {{2, {1, {1}, 0, {}}}};
  return n;
}

float result(jit::Engine& engine, const Nest& nest) {
  const Nest* one = &nest;
  const auto kernel = engine.compile(std::span(&one, 1))[0];
  std::vector<test::Floats> arguments{test::Floats(100 * 8, 3.0f), test::Floats(100 * 8)};
  test::run(kernel, arguments, test::Block(8, 8));
  return arguments[1][99 * 8 + 7];
}

std::filesystem::path only_entry(const std::filesystem::path& folder, const std::string& extension = ".o") {
  std::vector<std::filesystem::path> entries;
  for (const auto& entry : std::filesystem::directory_iterator(folder))
    if (entry.path().extension() == extension) entries.push_back(entry.path());
  REQUIRE(entries.size() == 1);
  return entries[0];
}

}  // namespace

TEST_CASE("equal nests are one function, whatever they are called") {
  jit::Engine engine(codegen::host_target(8), {false, {}});
  std::vector<Nest> nests{scaling(2), scaling(3), scaling(2)};
  nests[2].label = "another";
  nests[2].arguments[0].buffer = 41;
  nests[2].arguments[1].buffer = 17;
  nests[2].origin.path = 5;
  const auto kernels = engine.compile(nests);
  CHECK(kernels[0].function == kernels[2].function);
  CHECK(kernels[0].function != kernels[1].function);
  CHECK(engine.compile(nests)[1].function == kernels[1].function);
  CHECK(engine.counts().compiled == 2);
  CHECK(engine.counts().shared == 4);
}

TEST_CASE("objects are kept on disk, and a damaged one is compiled again and replaced") {
  test::Scratch scratch;
  const jit::CacheOptions cache{true, scratch.path() / "cache"};
  const auto target = codegen::host_target(8);
  {
    jit::Engine engine(target, cache);
    CHECK(result(engine, scaling(2)) == 6);
    CHECK(engine.counts().compiled == 1);
  }
  const auto entry = only_entry(cache.folder);
  const std::string good = read_file(entry);
  {
    jit::Engine engine(target, cache);
    CHECK(result(engine, scaling(2)) == 6);
    CHECK(engine.counts().loaded == 1);
    CHECK(engine.counts().compiled == 0);
  }
  std::vector<std::string> damaged{"",  good.substr(0, 20), good.substr(0, good.size() - 1), good + "x", good, good,
                                   good};
  damaged[4][0] ^= 1;                 // what it is
  damaged[5][12] ^= 1;                // its length
  damaged[6][good.size() / 2] ^= 16;  // the code
  for (const auto& bytes : damaged) {
    write_file_atomic(entry, bytes);
    jit::Engine engine(target, cache);
    CHECK(result(engine, scaling(2)) == 6);
    CHECK(engine.counts().compiled == 1);
    CHECK(read_file(only_entry(cache.folder)) == good);
  }
}

TEST_CASE("a nest seen before is found without emission, unless what is known of it is damaged") {
  test::Scratch scratch;
  const jit::CacheOptions cache{true, scratch.path() / "cache"};
  const auto target = codegen::host_target(8);
  REQUIRE_FALSE(jit::build_id().empty());
  auto recalled = [&] {
    jit::Engine engine(target, cache);
    CHECK(result(engine, scaling(2)) == 6);
    return engine.counts().recalled;
  };
  CHECK(recalled() == 0);
  CHECK(recalled() == 1);
  const auto known = only_entry(cache.folder, ".nests");
  const std::string good = read_file(known);
  for (std::size_t at : {std::size_t{0}, good.size() / 2, good.size() - 1}) {
    std::string damaged = good;
    damaged[at] ^= 1;
    write_file_atomic(known, damaged);
    CHECK(recalled() == 0);
    CHECK(read_file(known) == good);
  }
  // Another target knows nothing of it.
  jit::Engine other(codegen::host_target(4), cache);
  const auto nest = scaling(2);
  const Nest* one = &nest;
  other.compile(std::span(&one, 1));
  CHECK(other.counts().recalled == 0);
}

TEST_CASE("engines that remember side by side keep each other's nests") {
  test::Scratch scratch;
  const jit::CacheOptions cache{true, scratch.path()};
  const auto target = codegen::host_target(8);
  jit::Engine first(target, cache), second(target, cache);
  CHECK(result(first, scaling(2)) == 6);
  CHECK(result(second, scaling(3)) == 9);
  jit::Engine third(target, cache);
  third.compile(std::vector{scaling(2), scaling(3), scaling(4)});
  CHECK(third.counts().recalled == 2);
  CHECK(third.counts().loaded == 2);
  CHECK(third.counts().compiled == 1);
}

TEST_CASE("targets do not share objects") {
  test::Scratch scratch;
  const jit::CacheOptions cache{true, scratch.path()};
  for (int lanes : {4, 8, 16}) {
    jit::Engine engine(codegen::host_target(lanes), cache);
    const auto nest = scaling(2);
    const Nest* one = &nest;
    engine.compile(std::span(&one, 1));
    CHECK(engine.counts().compiled == 1);
  }
}

TEST_CASE("a cache folder that cannot be made is no error") {
  test::Scratch scratch;
  write_file_atomic(scratch / "file", "in the way");
  jit::Engine engine(codegen::host_target(8), {true, scratch / "file" / "cache"});
  CHECK(result(engine, scaling(2)) == 6);
  CHECK(engine.counts().compiled == 1);
}

TEST_CASE("the cache folder comes from the environment") {
  const char* names[] = {"QILN_CACHE", "XDG_CACHE_HOME", "HOME"};
  std::vector<std::string> saved;
  for (const char* name : names) saved.push_back(std::getenv(name) ? std::getenv(name) : "");
  ::setenv("HOME", "/h", 1);
  ::unsetenv("XDG_CACHE_HOME");
  ::unsetenv("QILN_CACHE");
  CHECK(jit::ObjectCache::default_folder() == "/h/.cache/qiln");
  ::setenv("XDG_CACHE_HOME", "/x", 1);
  CHECK(jit::ObjectCache::default_folder() == "/x/qiln");
  ::setenv("QILN_CACHE", "/q", 1);
  CHECK(jit::ObjectCache::default_folder() == "/q");
  for (int i = 0; i < 3; ++i)
    if (saved[i].empty())
      ::unsetenv(names[i]);
    else
      ::setenv(names[i], saved[i].c_str(), 1);
}

TEST_CASE("a nest can be read at three stages") {
  const auto target = codegen::host_target(8);
  CHECK(test::mentions(jit::emit_text(scaling(2), target, jit::TextStage::llvm), "define void @kernel", "<8 x float>"));
  CHECK(test::mentions(jit::emit_text(scaling(2), target, jit::TextStage::optimised), "define void @kernel"));
  CHECK(test::mentions(jit::emit_text(scaling(2), target, jit::TextStage::assembly), "kernel:"));
}
