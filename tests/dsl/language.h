// Helpers of the language's tests.
#pragma once

#include <string>

#include "dsl/parse.h"
#include "dsl/print.h"
#include "tests/catch.h"

namespace qiln::dsl {

/// A text with its tree and what was said about it.
struct Parsed {
  Sources sources;
  Diagnostics diagnostics;
  ast::File file;

  explicit Parsed(std::string text, std::string path = "test.qiln") {
    const FileId id = sources.add(std::move(path), std::move(text));
    file = parse(sources[id], diagnostics);
  }
  std::string messages() const { return render(diagnostics, sources); }
};

/// The text parses in silence, its print parses to an equal tree, and prints as the same text again.
inline void check_round_trip(const std::string& text) {
  INFO(text);
  const Parsed first(text);
  REQUIRE(first.messages() == "");
  const std::string printed = print(first.file);
  INFO(printed);
  const Parsed second(printed);
  REQUIRE(second.messages() == "");
  CHECK(first.file == second.file);
  CHECK(print(second.file) == printed);
}

}  // namespace qiln::dsl
