#include <fmt/core.h>

#include <map>
#include <unordered_map>

#include "compiler/graph/attributes.h"
#include "compiler/graph/build.h"
#include "compiler/text/circuit_text.h"
#include "compiler/text/lexer.h"
#include "compiler/text/text.h"

namespace qiln::text {
namespace {

using namespace graph;

/// Calls `each` for every item between `open` and `close`, separated by commas.
template <class Each>
void listed(Lexer& lexer, std::string_view open, std::string_view close, Each each) {
  lexer.expect(open);
  if (lexer.accept(close)) return;
  do each();
  while (lexer.accept(","));
  lexer.expect(close);
}

template <std::size_t N>
int one_of(Lexer& lexer, const char* const (&words)[N]) {
  for (std::size_t i = 0; i < N; ++i)
    if (lexer.accept(words[i])) return static_cast<int>(i);
  lexer.fail(fmt::format("`{}` is not one of the words allowed here", lexer.peek().text));
}

void read(Lexer& lexer, bool& value) {
  static constexpr const char* words[] = {"false", "true"};
  value = one_of(lexer, words) == 1;
}
void read(Lexer& lexer, double& value) { value = lexer.real(); }
void read(Lexer& lexer, std::int32_t& value) { value = static_cast<std::int32_t>(lexer.integer()); }
void read(Lexer& lexer, std::int64_t& value) { value = lexer.integer(); }
void read(Lexer& lexer, std::string& value) { value = lexer.string(); }
void read(Lexer& lexer, Initialiser& value) { value = static_cast<Initialiser>(one_of(lexer, initialiser_words)); }
void read(Lexer& lexer, Distribution& value) { value = static_cast<Distribution>(one_of(lexer, distribution_words)); }

/// `2*i0 - i3 + 1`
void read(Lexer& lexer, Affine& value) {
  int sign = lexer.accept("-") ? -1 : 1;
  while (true) {
    std::int64_t factor = 1;
    const bool number = lexer.peek().kind == Token::Kind::number;
    if (number) factor = lexer.integer();
    if (!number || lexer.accept("*")) {
      const std::string index = lexer.word();
      if (index.size() < 2 || index[0] != 'i' || index.find_first_not_of("0123456789", 1) != std::string::npos ||
          index.size() > 4)
        lexer.fail(fmt::format("`{}` is not an index; indices are `i0`, `i1`, …", index));
      const std::size_t k = std::stoul(index.substr(1));
      if (value.coefficients.size() <= k) value.coefficients.resize(k + 1);
      value.coefficients[k] += sign * factor;
    } else {
      value.offset += sign * factor;
    }
    if (lexer.accept("+"))
      sign = 1;
    else if (lexer.accept("-"))
      sign = -1;
    else
      return;
  }
}

template <class T>
void read(Lexer& lexer, std::vector<T>& values) {
  values.clear();
  listed(lexer, "[", "]", [&] { read(lexer, values.emplace_back()); });
}

/// Every expression gets one coefficient an index of the space.
void widen(ContractAttributes& contract) {
  auto widen_map = [&](AffineMap& map) {
    for (Affine& affine : map)
      if (affine.coefficients.size() < contract.space.size()) affine.coefficients.resize(contract.space.size());
  };
  widen_map(contract.output);
  for (AffineMap& map : contract.operands) widen_map(map);
}

void read_field(Lexer& lexer, Attributes& attributes, Primitive op) {
  const int line = lexer.peek().line;
  const std::string name = lexer.word();
  lexer.expect("=");
  bool found = false;
  std::visit(
      [&](auto& present) {
        each_field(present, [&](const char* field, auto& value) {
          if (field != name) return;
          found = true;
          read(lexer, value);
        });
      },
      attributes);
  if (!found) lexer.fail_at(line, fmt::format("`{}` has no attribute `{}`", primitive(op).name, name));
}

class GraphParser {
 public:
  GraphParser(Lexer& lexer, Graph& graph) : lexer_(lexer), graph_(graph), builder_(graph) {}

  void body() {
    graph_.name = lexer_.string();
    lexer_.expect("{");
    while (!lexer_.accept("}")) {
      if (lexer_.accept("output"))
        output();
      else
        node();
    }
  }

 private:
  void output() {
    Output output{lexer_.string(), no_value};
    lexer_.expect("=");
    output.value = operand();
    graph_.outputs.push_back(std::move(output));
  }

  ValueId operand() {
    const int line = lexer_.peek().line;
    const std::string name = lexer_.value();
    auto found = values_.find(name);
    if (found == values_.end()) lexer_.fail_at(line, fmt::format("`%{}` is not defined above", name));
    return found->second;
  }

  Type type() {
    static constexpr const char* words[] = {"uniform", "varying"};
    Type type;
    type.varying = one_of(lexer_, words) == 1;
    read(lexer_, type.shape);
    return type;
  }

  void node() {
    const int line = lexer_.peek().line;
    const std::string name = lexer_.value();
    Node node;
    lexer_.expect(":");
    node.type = type();
    lexer_.expect("=");
    const std::string op = lexer_.word();
    const auto id = primitive_named(op);
    if (!id) lexer_.fail_at(line, fmt::format("`{}` is not a primitive", op));
    node.op = *id;
    node.attributes = default_attributes(*id);
    listed(lexer_, "(", ")", [&] { node.operands.push_back(operand()); });
    if (lexer_.at("{")) listed(lexer_, "{", "}", [&] { read_field(lexer_, node.attributes, node.op); });
    if (auto* contract = std::get_if<ContractAttributes>(&node.attributes)) widen(*contract);
    if (lexer_.accept("@")) node.origin.path = builder_.path(lexer_.string());
    if (lexer_.accept("at")) {
      node.origin.file = static_cast<std::int32_t>(lexer_.integer());
      lexer_.expect(":");
      node.origin.begin = static_cast<std::uint32_t>(lexer_.integer());
      lexer_.expect("..");
      node.origin.end = static_cast<std::uint32_t>(lexer_.integer());
    }
    if (!values_.emplace(name, static_cast<ValueId>(graph_.nodes.size())).second)
      lexer_.fail_at(line, fmt::format("`%{}` is defined twice", name));
    graph_.nodes.push_back(std::move(node));
  }

  Lexer& lexer_;
  Graph& graph_;
  Builder builder_;
  std::unordered_map<std::string, ValueId> values_;
};

}  // namespace

Graph parse(std::string_view text, std::string_view name) {
  Lexer lexer(text, name);
  Graph graph;
  while (lexer.at("circuit") || lexer.at("blocks")) {
    if (lexer.accept("circuit")) {
      graph.circuits.push_back(parse_circuit(lexer));
    } else {
      lexer.expect("blocks");
      graph.blocks.push_back(parse_blocks(lexer));
    }
  }
  lexer.expect("graph");
  GraphParser(lexer, graph).body();
  if (lexer.peek().kind != Token::Kind::end) lexer.fail(fmt::format("`{}` stands behind the graph", lexer.peek().text));
  return graph;
}

}  // namespace qiln::text
