#include "dsl/diagnostics.h"

#include <filesystem>
#include <set>

#include "dsl/settings.h"
#include "tests/catch.h"
#include "tests/dsl/language.h"

using namespace qiln::dsl;

namespace {

/// Texts that show what parsing, importing and reading settings can say: one at least for each of their kinds.
struct Shown {
  const char* text;
  std::vector<DiagnosticKind> kinds;
};
const std::vector<Shown> kShown = {
    {"const A =", {DiagnosticKind::syntax}},
    {"const A = f(1\nconst B = 2", {DiagnosticKind::unclosed}},
    {"const A = f(1))", {DiagnosticKind::unmatched}},
    {"const A = (1, 2]", {DiagnosticKind::unclosed}},
    {"const A = \"abc\nconst B = 1", {DiagnosticKind::unclosed_string}},
    {"const A = \"", {DiagnosticKind::unclosed_string}},
    {"const A = 1 $ 2\nconst B = é", {DiagnosticKind::stray_character, DiagnosticKind::stray_character}},
    {"const A = 99999999999999999999", {DiagnosticKind::number_range}},
    {"import \"nowhere.qiln\"", {DiagnosticKind::import_missing}},
    {"import \"test.qiln\"", {DiagnosticKind::import_cycle}},
    {"const A = 1\nfn A(x) = x", {DiagnosticKind::duplicate_name}},
    {"net A(x: [1], x: [1]) -> [1] { return x }", {DiagnosticKind::duplicate_name}},
    {"gate A(w) q, w { X q }", {DiagnosticKind::duplicate_name}},
    {"trian { steps = 3 }", {DiagnosticKind::unknown_block}},
    {"train { stesp = 3 }", {DiagnosticKind::unknown_setting}},
    {"train { steps = 3, steps = 4 }", {DiagnosticKind::duplicate_setting}},
    {"train { steps = \"many\" }", {DiagnosticKind::setting_type}},
    {"train { batch = 0 }", {DiagnosticKind::setting_range}},
    {"train { optimizer = adma(lr = 1) }", {DiagnosticKind::unknown_choice}},
    {"train { steps = STEPS }", {DiagnosticKind::unknown_name}},
    {"train { steps = f(3) }", {DiagnosticKind::not_constant}},
    {"const A = B\nconst B = A\ntrain { steps = A }", {DiagnosticKind::constant_cycle}},
    {"train { steps = 3 + \"a\" }", {DiagnosticKind::no_value}},
};

Diagnostics run(const std::string& text, Sources& sources) {
  Diagnostics diagnostics;
  const Loader load = [&](const std::string& path) { return path == "test.qiln" ? std::optional(text) : std::nullopt; };
  const ast::Program program = parse_program("test.qiln", sources, diagnostics, load);
  if (!diagnostics.has_errors()) read_settings(program, diagnostics);
  return diagnostics;
}

}  // namespace

TEST_CASE("each cause gives one error, of its kind") {
  for (const Shown& shown : kShown) {
    INFO(shown.text);
    Sources sources;
    const Diagnostics diagnostics = run(shown.text, sources);
    INFO(render(diagnostics, sources));
    std::vector<DiagnosticKind> kinds;
    for (const Diagnostic& diagnostic : diagnostics.all()) kinds.push_back(diagnostic.kind);
    CHECK(kinds == shown.kinds);
  }
}

TEST_CASE("the table is in order and worded alike") {
  std::set<std::string_view> slugs;
  for (std::size_t i = 0; i < diagnostic_kinds().size(); ++i) {
    const DiagnosticKindInfo& row = diagnostic_kinds()[i];
    INFO(row.slug);
    CHECK(static_cast<std::size_t>(row.kind) == i);
    CHECK(slugs.insert(row.slug).second);
    CHECK(row.slug.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789-") == std::string_view::npos);
    REQUIRE(!row.format.empty());
    CHECK(row.format.back() != '.');
    CHECK((row.format.front() < 'A' || row.format.front() > 'Z'));
  }
}

TEST_CASE("each kind is shown by some test") {
  std::string tests;  // everything under tests/ that may hold a message or name a kind
  for (const auto& entry : std::filesystem::recursive_directory_iterator(QILN_SOURCE_DIR "/tests")) {
    const auto extension = entry.path().extension();
    if (extension == ".cpp" || extension == ".qiln") tests += *load_from_disk(entry.path().string());
  }
  for (const DiagnosticKindInfo& row : diagnostic_kinds()) {
    INFO(row.slug);
    const bool shown = tests.find("[" + std::string(row.slug) + "]") != std::string::npos ||
                       tests.find("DiagnosticKind::" + std::string(row.name) + "}") != std::string::npos ||
                       tests.find("== DiagnosticKind::" + std::string(row.name)) != std::string::npos;
    CHECK(shown);
  }
}

TEST_CASE("brackets and operators have a depth") {
  const std::string deep = "const A = " + std::string(300, '(') + "1" + std::string(300, ')');
  const std::string chain = "const A = " + std::string(3000, '-') + "1";
  for (const std::string& text : {deep, chain}) {
    const Parsed parsed(text);
    REQUIRE(parsed.diagnostics.all().size() == 1);
    CHECK(parsed.diagnostics.all().front().kind == DiagnosticKind::too_deep);
  }
}

TEST_CASE("a message shows place, line, caret, reasons and fixes") {
  Sources sources;
  const FileId id = sources.add("dir/file.qiln", "const A = 1\n  const B = größe + beta\n");
  Diagnostics diagnostics;
  const auto at = static_cast<std::uint32_t>(sources[id].text().find("beta"));
  diagnostics.report(DiagnosticKind::unknown_name, {id, at, at + 4}, "name", "beta")
      .note("only `A` is declared", Span{id, 6, 7})
      .did_you_mean(nearest("beta", std::vector<std::string>{"betas", "alpha"}));
  diagnostics.report(DiagnosticKind::unknown_name, {id, at, at + 4}, "name", "beta");
  CHECK(render(diagnostics, sources) == R"(error[unknown-name]: unknown name `beta`
 --> dir/file.qiln:2:23
  |
2 |   const B = größe + beta
  |                     ^^^^
note: only `A` is declared
 --> dir/file.qiln:1:7
  |
1 | const A = 1
  |       ^
help: did you mean `betas`?
)");
}

TEST_CASE("several errors in one run, in order, none of them twice") {
  const Parsed parsed(R"(net F(x: [1]) -> [1] {
  y = * 3
  parm w: [3]
  for i on 0..3 { z = }
  relu(x)
  return y
}
const B = 1 +
)");
  CHECK(parsed.messages() == R"(error[syntax]: expected an expression, found `*`
 --> test.qiln:2:7
  |
2 |   y = * 3
  |       ^

error[syntax]: expected the end of the statement, found `:`
 --> test.qiln:3:9
  |
3 |   parm w: [3]
  |         ^
help: did you mean `param`?

error[syntax]: expected `in`, found `on`
 --> test.qiln:4:9
  |
4 |   for i on 0..3 { z = }
  |         ^^

error[syntax]: expected the qubits the gate acts on, found the end of the line
 --> test.qiln:5:10
  |
5 |   relu(x)
  |          ^

error[syntax]: expected an expression, found the end of the line
 --> test.qiln:8:14
  |
8 | const B = 1 +
  |              ^
)");
}

TEST_CASE("an item whose brace is missing ends where the next begins") {
  const Parsed parsed("net F(x: [1]) -> [1] {\n  return x\n\nnet G(x: [1]) -> [1] { return x }\n");
  CHECK(parsed.diagnostics.all().size() == 1);
  CHECK(parsed.file.items.size() == 2);
}

TEST_CASE("edit distance counts insertions, deletions, replacements and swaps") {
  CHECK(edit_distance("", "abc") == 3);
  CHECK(edit_distance("kitten", "sitting") == 3);
  CHECK(edit_distance("adma", "adam") == 1);
  const std::vector<std::string> names = {"conv", "conv_transpose", "linear"};
  CHECK(nearest("conv_tranpose", names) == "conv_transpose");
  CHECK(nearest("cnov", names) == "conv");
  CHECK(nearest("pool", names) == std::nullopt);
}
