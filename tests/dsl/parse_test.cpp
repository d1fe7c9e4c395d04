#include "dsl/parse.h"

#include <filesystem>
#include <map>

#include "dsl/error.h"
#include "dsl/prelude.h"
#include "dsl/print.h"
#include "tests/catch.h"
#include "tests/dsl/language.h"

using namespace qiln::dsl;

namespace {

template <typename Node>
const Node& only_item(const Parsed& parsed) {
  REQUIRE(parsed.messages() == "");
  REQUIRE(parsed.file.items.size() == 1);
  return std::get<Node>(parsed.file.items.front().node);
}

/// The nodes of a body, by position in the variant.
std::vector<std::size_t> kinds(const ast::Block& block) {
  std::vector<std::size_t> result;
  for (const ast::Statement& statement : block) result.push_back(statement.node.index());
  return result;
}

}  // namespace

TEST_CASE("every shipped model survives printing") {
  int models = 0;
  for (const auto& entry : std::filesystem::directory_iterator(QILN_SOURCE_DIR "/models")) {
    if (entry.path().extension() != ".qiln") continue;
    INFO(entry.path());
    check_round_trip(*load_from_disk(entry.path().string()));
    ++models;
  }
  CHECK(models >= 6);
}

TEST_CASE("the prelude survives printing") { check_round_trip(prelude_text()); }

TEST_CASE("every statement is told apart") {
  const Parsed parsed(R"(net N(x: [A.., C], y: label[10], F: circuit, n = 3) -> [C] {
  const k = 2
  param w: [3] ~ uniform(0, 1)
  buffer b: []
  layer enc[k] = conv(32, 3)
  a = enc(x)
  a: [3] = 1
  a: [3]
  a[i, j in 0..3, 2 * k + 1, a..] = sum[i] x[i]
  for i in 0..8 step 2 { z = i }
  if k == 2 { z = 1 } else if k == 3 { z = 2 } else { z = 3 }
  qubits d[6], r
  ctrl @ pow(2) @ inv @ RY(x) d[0], r
  return a
})");
  const auto& node = only_item<ast::Module>(parsed);
  CHECK(kinds(node.body) == std::vector<std::size_t>{3, 4, 4, 5, 0, 0, 1, 2, 7, 8, 9, 10, 6});
  const auto& gate = std::get<ast::GateStatement>(node.body[11].node);
  CHECK(gate.modifiers.size() == 3);
  CHECK(gate.operands.size() == 2);
  CHECK(node.parameters[1].type->name.text == "label");
  CHECK(node.parameters[2].type->name.text == "circuit");
}

TEST_CASE("spans cover exactly what was written") {
  const Parsed parsed("const A = (1 + f(x, k = 2)) * 3");
  const auto& value = only_item<ast::Const>(parsed).value;
  const auto text = [&](Span span) { return std::string(parsed.sources[0].text_of(span)); };
  CHECK(text(value.span) == "(1 + f(x, k = 2)) * 3");
  const auto& product = std::get<ast::Binary>(value.node);
  CHECK(text(product.left->span) == "(1 + f(x, k = 2))");
  CHECK(text(product.operator_span) == "*");
  const auto& call = std::get<ast::Call>(std::get<ast::Binary>(product.left->node).right->node);
  CHECK(text(call.arguments[1].span) == "k = 2");
  CHECK(text(call.arguments[1].value->span) == "2");

  const Parsed chain("net N(x: [2, A..]) -> [1] { y: [3] = f( x )[0 .. 2 ](1) |> g }");
  const auto& body = only_item<ast::Module>(chain);
  const auto in_chain = [&](Span span) { return std::string(chain.sources[0].text_of(span)); };
  CHECK(in_chain(body.parameters[0].shape->span) == "[2, A..]");
  CHECK(in_chain(body.body[0].span) == "y: [3] = f( x )[0 .. 2 ](1) |> g");
  const auto& pipe = std::get<ast::Pipe>(std::get<ast::Binding>(body.body[0].node).value.node);
  const auto& outer = std::get<ast::Call>(pipe.value->node);
  CHECK(in_chain(outer.callee->span) == "f( x )[0 .. 2 ]");
  const auto& index = std::get<ast::Index>(outer.callee->node);
  CHECK(in_chain(index.base->span) == "f( x )");
  CHECK(in_chain(index.subscripts[0].span) == "0 .. 2");
  CHECK(in_chain(pipe.stage->span) == "g");
}

TEST_CASE("a newline ends a statement only where a statement can end") {
  const Parsed parsed(
      "net N(x: [1],\n  y: [1])\n  -> [1]\n{\n  a = x +   # a comment\n    1\n\n  b = f(\n    x,\n    2\n  )"
      "\n    |> g\n  c = if a\n    then 1\n    else 2; d = 4\n  return [a,\n b]\n}");
  CHECK(only_item<ast::Module>(parsed).body.size() == 5);
}

TEST_CASE("numbers leave ranges alone and keep their spelling") {
  const Parsed parsed("const A = [0..3, 1.5e-3, 2E4, 7]");
  CHECK(parsed.diagnostics.has_errors());  // a range is no element of a list
  CHECK(print(Parsed("const A = x[0..3, 1..n - 1 step 2]").file) == "const A = x[0..3, 1..n - 1 step 2]\n");
  CHECK(print(Parsed("const A = 3e-4 + 1.50").file) == "const A = 3e-4 + 1.50\n");
}

TEST_CASE("documentation belongs to the next item") {
  const Parsed parsed("## first\n##\n## second\nconst A = 1 ## no documentation\n# nor this\nconst B = 2\n");
  REQUIRE(parsed.file.items.size() == 2);
  CHECK(parsed.file.items[0].documentation == "first\n\nsecond");
  CHECK(parsed.file.items[1].documentation == "");
  check_round_trip("## first\n##\n## second\nconst A = 1\nconst B = 2\n");
}

TEST_CASE("a pipe is a call with the value first") {
  const Parsed parsed("const A = x |> f(2)");
  const auto& pipe = std::get<ast::Pipe>(only_item<ast::Const>(parsed).value.node);
  CHECK(print(ast::Expr{ast::call_of(pipe), {}}) == "f(x, 2)");
}

TEST_CASE("imports come first, each once, relative to the importing file") {
  const std::map<std::string, std::string> files = {
      {"m/a.qiln", "import \"lib/b.qiln\"\nimport \"c.qiln\"\nconst A = 1"},
      {"m/lib/b.qiln", "import \"../c.qiln\"\nconst B = 1"},
      {"m/c.qiln", "const C = 1"}};
  const Loader load = [&](const std::string& path) {
    const auto found = files.find(path);
    return found == files.end() ? std::nullopt : std::optional(found->second);
  };
  Sources sources;
  Diagnostics diagnostics;
  const ast::Program program = parse_program("m/a.qiln", sources, diagnostics, load);
  CHECK(render(diagnostics, sources) == "");
  REQUIRE(program.files.size() == 3);
  CHECK(sources[program.files[0].id].path() == "m/c.qiln");
  CHECK(sources[program.files[2].id].path() == "m/a.qiln");
  CHECK_THROWS_AS(parse_program("m/none.qiln", sources, diagnostics, load), qiln::Error);
}

TEST_CASE("no text makes the parser stop without a word or run away") {
  const std::string text = *load_from_disk(QILN_SOURCE_DIR "/models/v7_quantum.qiln");
  for (std::size_t i = 0; i < text.size(); i += 7) {  // a piece left out, and the text cut off
    for (const std::string& broken :
         {text.substr(0, i) + text.substr(i + 1), text.substr(0, i), text.substr(0, i) + "(" + text.substr(i)}) {
      const Parsed parsed(broken);
      CHECK(parsed.diagnostics.all().size() < 8);
    }
  }
  for (const char* text :
       {"{", "}", "(", ")", "\"", "##", ";;;", "net", "net N(", "a {", "a { b", "@", "for", "\\", "\n\n{\n\n"})
    Parsed{text};
  CHECK(Parsed("const A = " + std::string(100000, '(')).diagnostics.has_errors());
  CHECK(Parsed("const A = " + std::string(100000, '-') + "1").diagnostics.has_errors());
}
