#include <fmt/format.h>

#include <algorithm>
#include <bit>
#include <charconv>

#include "compiler/text/circuit_text.h"

namespace qiln::text {
namespace {

using circuit::Angle;
using circuit::Block;
using circuit::BlockProgram;
using circuit::Observable;
using circuit::PauliTerm;

constexpr const char* kind_words[] = {"dense", "diagonal", "permutation", "turns", "phases"};

/// The Paulis of a term, a factor each: `Z0*X3`.
std::string paulis(const PauliTerm& term, int qubits) {
  std::string text;
  for (int q = 0; q < qubits; ++q) {
    const bool x = term.x >> (qubits - 1 - q) & 1, z = term.z >> (qubits - 1 - q) & 1;
    if (x || z) text += fmt::format("{}{}{}", text.empty() ? "" : "*", x && z ? 'Y' : x ? 'X' : 'Z', q);
  }
  return text;
}

std::string print_observable(const Observable& observable, int qubits) {
  std::string text;
  for (const PauliTerm& term : observable) {
    const std::string factors = paulis(term, qubits);
    if (!text.empty()) text += " + ";
    if (factors.empty() || term.coefficient != 1)
      text += fmt::format("{}{}", term.coefficient, factors.empty() ? "" : "*");
    text += factors;
  }
  return text.empty() ? "0" : text;
}

PauliTerm parse_term(Lexer& lexer, int qubits) {
  PauliTerm term;
  do {
    if (lexer.peek().kind != Token::Kind::word || lexer.at("inf") || lexer.at("nan")) {
      term.coefficient *= lexer.real();
      continue;
    }
    const std::string word = lexer.word();
    const std::int32_t q = qubit_number(lexer, word, word.substr(0, 1), qubits);
    const std::uint64_t bit = std::uint64_t{1} << (qubits - 1 - q);
    if (word[0] != 'X' && word[0] != 'Y' && word[0] != 'Z') lexer.fail(fmt::format("`{}` is not a Pauli", word));
    if (word[0] != 'Z') term.x |= bit;
    if (word[0] != 'X') term.z |= bit;
  } while (lexer.accept("*"));
  return term;
}

std::string print_block(const Block& block) {
  std::string text = fmt::format("  {}", kind_words[static_cast<int>(block.kind)]);
  for (std::size_t i = 0; i < block.qubits.size(); ++i) text += fmt::format("{} q{}", i ? "," : "", block.qubits[i]);
  for (const circuit::Turn& turn : block.turns)
    text += fmt::format(" {}({})", turn.axis == circuit::Turn::Axis::y ? 'y' : 'z', print_angle(turn.angle));
  for (const circuit::Phase& phase : block.phases)
    text += fmt::format(" {:#x}({})", phase.mask, print_angle(phase.angle));
  if (block.kind == Block::Kind::turns || block.kind == Block::Kind::phases) return text + "\n";
  if (block.has_entries()) return text + fmt::format(" from %{}[{}]\n", block.operand, block.element);
  text += " [";
  for (std::size_t i = 0; i < block.rows.size(); ++i) text += fmt::format("{}{:#x}", i ? ", " : "", block.rows[i]);
  return text + fmt::format("] flip {:#x}\n", block.flip);
}

Angle parse_angle_in_parentheses(Lexer& lexer) {
  lexer.expect("(");
  const Angle angle = parse_angle(lexer);
  lexer.expect(")");
  return angle;
}

void parse_turns(Lexer& lexer, Block& block) {
  while (lexer.at("y") || lexer.at("z")) {
    const auto axis = lexer.word() == "y" ? circuit::Turn::Axis::y : circuit::Turn::Axis::z;
    block.turns.push_back({axis, parse_angle_in_parentheses(lexer)});
  }
}

Block parse_block(Lexer& lexer, int qubits) {
  Block block;
  bool known = false;
  for (int kind = 0; kind < static_cast<int>(std::size(kind_words)) && !known; ++kind) {
    known = lexer.accept(kind_words[kind]);
    block.kind = static_cast<Block::Kind>(kind);
  }
  if (!known) lexer.fail(fmt::format("`{}` is not a kind of block", lexer.peek().text));
  if (block.kind == Block::Kind::phases) {
    while (lexer.peek().kind == Token::Kind::number) {
      const std::uint64_t mask = lexer.mask();
      block.phases.push_back({mask, parse_angle_in_parentheses(lexer)});
    }
    return block;
  }
  while (lexer.peek().kind == Token::Kind::word && !lexer.at("from")) {
    const std::string word = lexer.word();
    block.qubits.push_back(qubit_number(lexer, word, "q", qubits));
    if (!lexer.accept(",")) break;
  }
  if (block.kind == Block::Kind::turns) {
    parse_turns(lexer, block);
    return block;
  }
  if (block.has_entries()) {
    lexer.expect("from");
    block.operand = qubit_number(lexer, lexer.value(), "", 1 << 30);
    lexer.expect("[");
    block.element = lexer.integer();
    lexer.expect("]");
    return block;
  }
  lexer.expect("[");
  while (!lexer.accept("]")) {
    block.rows.push_back(lexer.mask());
    lexer.accept(",");
  }
  lexer.expect("flip");
  block.flip = lexer.mask();
  return block;
}

}  // namespace

std::int32_t qubit_number(const Lexer& lexer, std::string_view word, std::string_view prefix, int qubits) {
  std::int32_t number = -1;
  const char* end = word.data() + word.size();
  const bool read = word.starts_with(prefix) && std::from_chars(word.data() + prefix.size(), end, number).ptr == end &&
                    word.size() > prefix.size();
  if (!read || number < 0) lexer.fail(fmt::format("`{}` does not name a place", word));
  if (number >= qubits) lexer.fail(fmt::format("`{}` is out of range: there are {}", word, qubits));
  return number;
}

std::string print_readout(const std::vector<Observable>& readout, int qubits) {
  std::string text = "  read [";
  for (std::size_t i = 0; i < readout.size(); ++i) text += (i ? ", " : "") + print_observable(readout[i], qubits);
  return text + "]\n";
}

std::vector<Observable> parse_readout(Lexer& lexer, int qubits) {
  std::vector<Observable> readout;
  lexer.expect("read");
  lexer.expect("[");
  if (lexer.accept("]")) return readout;
  do {
    Observable& observable = readout.emplace_back();
    do {
      observable.push_back(parse_term(lexer, qubits));
    } while (lexer.accept("+"));
    if (observable.size() == 1 && observable[0] == PauliTerm{0, 0, 0}) observable.clear();
  } while (lexer.accept(","));
  lexer.expect("]");
  return readout;
}

std::string print(const BlockProgram& program) {
  std::string text = fmt::format("blocks {} {{\n", program.qubits);
  if (program.initial >= 0) text += fmt::format("  initial from %{}\n", program.initial);
  for (const Block& block : program.blocks) text += print_block(block);
  return text + print_readout(program.readout, program.qubits) + "}\n";
}

BlockProgram parse_blocks(Lexer& lexer) {
  BlockProgram program;
  program.qubits = static_cast<int>(lexer.integer());
  lexer.expect("{");
  if (lexer.accept("initial")) {
    lexer.expect("from");
    program.initial = qubit_number(lexer, lexer.value(), "", 1 << 30);
  }
  while (!lexer.at("read")) program.blocks.push_back(parse_block(lexer, program.qubits));
  program.readout = parse_readout(lexer, program.qubits);
  lexer.expect("}");
  return program;
}

}  // namespace qiln::text
