#include "tests/catch.h"
#include "tests/dsl/language.h"

using namespace qiln::dsl;

namespace {

/// The bodies of the blocks fenced with ```qiln.
std::vector<std::string> examples(const std::string& text) {
  const std::string fence = "```qiln\n";
  std::vector<std::string> result;
  for (std::size_t at = text.find(fence); at != std::string::npos; at = text.find(fence, at)) {
    at += fence.size();
    const std::size_t end = text.find("```", at);
    result.push_back(text.substr(at, end - at));
    at = end;
  }
  return result;
}

}  // namespace

TEST_CASE("every example of the language's README parses and survives printing") {
  const auto text = load_from_disk(QILN_SOURCE_DIR "/dsl/README.md");
  REQUIRE(text.has_value());
  const std::vector<std::string> all = examples(*text);
  CHECK(all.size() >= 6);
  for (const std::string& example : all) check_round_trip(example);
}
