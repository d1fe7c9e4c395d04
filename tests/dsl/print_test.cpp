#include "dsl/print.h"

#include <random>

#include "tests/catch.h"
#include "tests/dsl/language.h"

using namespace qiln::dsl;

namespace {

/// Random expression trees, small and of every kind of node.
class Generator {
 public:
  explicit Generator(unsigned seed) : random_(seed) {}

  ast::Expr expr(int depth) {
    switch (depth <= 0 ? pick(5) : pick(16)) {
      case 0:
        return make(ast::Integer{pick(100)});
      case 1:
        return make(ast::Real{0.5, "0.5"});
      case 2:
        return make(ast::Boolean{pick(2) == 0});
      case 3:
        return make(ast::String{"a \"b\"\\\n"});
      case 4:
      case 5:
        return make(ast::Reference{name()});
      case 6:
        return make(ast::Unary{pick(2) == 0 ? ast::UnaryOp::negate : ast::UnaryOp::logical_not, expr(depth - 1)});
      case 7:
      case 8:
      case 9:
        return make(ast::Binary{static_cast<ast::BinaryOp>(pick(16)), expr(depth - 1), expr(depth - 1), {}});
      case 10:
        return make(ast::Conditional{expr(depth - 1), expr(depth - 1), expr(depth - 1)});
      case 11:
        return call(depth, false);
      case 12:
        return make(ast::Pipe{expr(depth - 1), call(depth - 1, pick(2) == 0)});
      case 13:
        return make(ast::Index{make(ast::Reference{name()}), subscripts(depth)});
      case 14:
        return list(depth);
      default:
        return make(ast::Reduction{pick(2) == 0 ? ast::ReductionOp::sum : ast::ReductionOp::max, indices(depth),
                                   expr(depth - 1)});
    }
  }

 private:
  static ast::Expr make(ast::Expr::Node node) { return {std::move(node), {}}; }
  int pick(int count) { return std::uniform_int_distribution<int>(0, count - 1)(random_); }
  std::string name() {
    return std::vector<std::string>{"x", "h_2", "sum", "max", "step", "gate"}[static_cast<std::size_t>(pick(6))];
  }

  ast::Expr call(int depth, bool bare) {
    ast::Call node{make(ast::Reference{name()}), {}, pick(3) == 0, bare};
    for (int i = bare ? 0 : pick(3); i > 0; --i) {
      std::optional<ast::Name> key;
      if (pick(2) == 0) key = ast::Name{"k", {}};
      node.arguments.push_back({key, expr(depth - 1), {}});
    }
    return make(std::move(node));
  }

  std::vector<ast::Expr> subscripts(int depth) {
    std::vector<ast::Expr> result = {expr(depth - 1)};
    if (pick(2) == 0) result.push_back(make(ast::LeadingAxes{"a"}));
    if (pick(2) == 0) result.push_back(range(depth));
    return result;
  }

  ast::Expr range(int depth) {
    std::optional<Box<ast::Expr>> step;
    if (pick(2) == 0) step = expr(depth - 1);
    return make(ast::Range{expr(depth - 1), expr(depth - 1), step});
  }

  std::vector<ast::ReductionIndex> indices(int depth) {
    std::vector<ast::ReductionIndex> result = {{{"i", {}}, std::nullopt}};
    if (pick(2) == 0) result.push_back({{"j", {}}, range(depth)});
    return result;
  }

  ast::Expr list(int depth) {
    if (pick(3) == 0)
      return make(ast::Comprehension{expr(depth - 1), {{{"i", {}}, range(depth)}, {{"j", {}}, expr(depth - 1)}}});
    if (pick(3) == 0) return make(ast::Tuple{{expr(depth - 1), expr(depth - 1)}});
    ast::List node;
    for (int i = pick(3); i > 0; --i) node.elements.push_back(expr(depth - 1));
    return make(std::move(node));
  }

  std::mt19937 random_;
};

std::string reprinted(const std::string& text) { return print(Parsed(text).file); }

}  // namespace

TEST_CASE("a printed random expression parses to the same tree") {
  for (unsigned seed = 0; seed < 2000; ++seed) {
    const ast::Expr tree = Generator(seed).expr(4);
    const std::string text = print(tree);
    INFO(seed << ": " << text);
    Sources sources;
    Diagnostics diagnostics;
    const FileId id = sources.add("test.qiln", text);
    const auto parsed = parse_expression(sources[id], diagnostics);
    INFO(render(diagnostics, sources));
    REQUIRE(parsed.has_value());
    REQUIRE(*parsed == tree);
    REQUIRE(print(*parsed) == text);
  }
}

TEST_CASE("parentheses are printed where they matter and nowhere else") {
  const std::pair<const char*, const char*> cases[] = {
      {"(a + b) * c", "(a + b) * c"},
      {"(a * b) + c", "a * b + c"},
      {"a - (b - c)", "a - (b - c)"},
      {"(2 ^ 3) ^ 4", "(2 ^ 3) ^ 4"},
      {"2 ^ (3 ^ 4)", "2 ^ 3 ^ 4"},
      {"-(a ^ 2)", "-a ^ 2"},
      {"(-a) ^ 2", "(-a) ^ 2"},
      {"2 ^ -n", "2 ^ -n"},
      {"sum[i] (a[i] * b[i]) + c", "sum[i] a[i] * b[i] + c"},
      {"(sum[i] a[i]) * b", "(sum[i] a[i]) * b"},
      {"not (a == b)", "not a == b"},
      {"(a |> f) |> g(2)", "a |> f |> g(2)"},
      {"f((a |> g))", "f(a |> g)"},
      {"if a then b else (c |> f)", "if a then b else (c |> f)"},
      {"x |> freeze linear(16)", "x |> freeze linear(16)"},
  };
  for (const auto& [text, expected] : cases)
    CHECK(reprinted(std::string("const A = ") + text) == std::string("const A = ") + expected + "\n");
}

TEST_CASE("long lines break at pipes, before `=` and before `->`") {
  const std::string stage = " |> convolution_with_a_long_name(64, 3, stride = 2)";
  check_round_trip("net N(x: [1]) -> [1] {\n  y = x" + stage + stage + stage + "\n  return y" + stage + stage + stage +
                   "\n}");
  check_round_trip("const A = " + std::string(80, 'a') + " + " + std::string(80, 'b'));
  check_round_trip("net N(" + std::string(80, 'x') + ": [1]) -> [" + std::string(80, 'y') + "] { return 1 }");
}
