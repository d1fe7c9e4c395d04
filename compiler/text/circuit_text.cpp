#include "compiler/text/circuit_text.h"

#include <fmt/format.h>

#include <string_view>

namespace qiln::text {
namespace {

using circuit::Angle;
using circuit::Circuit;
using circuit::Operation;

/// `%q3_2` for each qubit, at its version.
std::string values(const Operation& operation, const std::vector<int>& versions) {
  std::string text;
  for (std::int32_t q : operation.qubits) text += fmt::format("{}%q{}_{}", text.empty() ? "" : ", ", q, versions[q]);
  return text;
}

/// `q0, q3`
std::string plain(const std::vector<std::int32_t>& qubits) {
  std::string text;
  for (std::int32_t q : qubits) text += fmt::format("{}q{}", text.empty() ? "" : ", ", q);
  return text;
}

std::string print_operation(const Operation& operation, std::vector<int>& versions, PrintOptions options) {
  const std::string before = values(operation, versions);
  for (std::int32_t q : operation.qubits) ++versions[q];
  std::string text = fmt::format("  {} = ", values(operation, versions));
  if (operation.inverse) text += "inv @ ";
  if (operation.controls > 0) text += fmt::format("ctrl({}) @ ", operation.controls);
  text += operation.name();
  for (std::size_t i = 0; i < operation.angles.size(); ++i) text += (i ? ", " : "(") + print_angle(operation.angles[i]);
  text += (operation.angles.empty() ? " " : ") ") + before;
  if (options.spans && operation.end != 0) text += fmt::format(" at {}..{}", operation.begin, operation.end);
  return text + "\n";
}

class CircuitParser {
 public:
  CircuitParser(Lexer& lexer, Circuit& circuit) : lexer_(lexer), circuit_(circuit) {}

  void body() {
    circuit_.name = lexer_.string();
    circuit_.qubits = static_cast<int>(lexer_.integer());
    if (circuit_.qubits < 0 || circuit_.qubits > 64) lexer_.fail("a circuit has at most 64 qubits");
    versions_.resize(circuit_.qubits);
    if (lexer_.accept("density")) circuit_.simulation = circuit::Simulation::density;
    lexer_.expect("{");
    if (lexer_.accept("amplitudes")) {
      auto& initial = circuit_.initial.emplace();
      initial.qubits = plain_qubits();
      lexer_.expect("from");
      initial.operand = qubit_number(lexer_, lexer_.value(), "", 1 << 30);
    }
    while (!lexer_.at("read") && !lexer_.at("probabilities")) operation();
    if (lexer_.at("read")) circuit_.readout = parse_readout(lexer_, circuit_.qubits);
    while (lexer_.accept("probabilities")) circuit_.probabilities.push_back(plain_qubits());
    lexer_.expect("}");
  }

 private:
  /// `q0, q3`
  std::vector<std::int32_t> plain_qubits() {
    std::vector<std::int32_t> list;
    do list.push_back(qubit_number(lexer_, lexer_.word(), "q", circuit_.qubits));
    while (lexer_.accept(","));
    return list;
  }

  /// `%q3_2`, which must be version `age` past the current one of its qubit.
  std::int32_t qubit(int age) {
    const std::string name = lexer_.value();
    const std::size_t bar = name.find('_');
    const std::int32_t q = qubit_number(lexer_, std::string_view(name).substr(0, bar), "q", circuit_.qubits);
    const std::string expected = fmt::format("q{}_{}", q, versions_[q] + age);
    if (name != expected) lexer_.fail(fmt::format("`%{}` where `%{}` is due", name, expected));
    return q;
  }

  std::vector<std::int32_t> qubits(int age) {
    std::vector<std::int32_t> list;
    do list.push_back(qubit(age));
    while (lexer_.accept(","));
    return list;
  }

  void operation() {
    Operation operation;
    const int line = lexer_.peek().line;
    const std::vector<std::int32_t> results = qubits(1);
    lexer_.expect("=");
    if (lexer_.accept("inv")) {
      lexer_.expect("@");
      operation.inverse = true;
    }
    if (lexer_.accept("ctrl")) {
      lexer_.expect("(");
      operation.controls = static_cast<int>(lexer_.integer());
      lexer_.expect(")");
      lexer_.expect("@");
    }
    const std::string name = lexer_.word();
    if (const std::optional<Gate> id = gate_named(name)) {
      operation.gate = *id;
    } else if (const std::optional<Channel> noise = channel_named(name)) {
      operation.kind = Operation::Kind::channel;
      operation.channel = *noise;
    } else {
      lexer_.fail_at(line, fmt::format("`{}` is neither a gate nor a channel", name));
    }
    if (lexer_.accept("(")) {
      do operation.angles.push_back(parse_angle(lexer_));
      while (lexer_.accept(","));
      lexer_.expect(")");
    }
    operation.qubits = qubits(0);
    if (operation.qubits != results) lexer_.fail_at(line, "the qubits before and after a gate differ");
    for (std::int32_t q : operation.qubits) ++versions_[q];
    if (lexer_.accept("at")) {
      operation.begin = static_cast<std::uint32_t>(lexer_.integer());
      lexer_.expect("..");
      operation.end = static_cast<std::uint32_t>(lexer_.integer());
    }
    circuit_.operations.push_back(std::move(operation));
  }

  Lexer& lexer_;
  Circuit& circuit_;
  std::vector<int> versions_;
};

}  // namespace

std::string print_angle(const Angle& angle) {
  if (angle.operand < 0) return fmt::format("{}", angle.offset);
  std::string text = angle.scale == 1 ? "" : fmt::format("{}*", angle.scale);
  text += fmt::format("%{}[{}]", angle.operand, angle.element);
  return angle.offset == 0 ? text : text + fmt::format(" + {}", angle.offset);
}

Angle parse_angle(Lexer& lexer) {
  Angle angle;
  if (lexer.peek().kind != Token::Kind::value) {
    angle.offset = lexer.real();
    if (!lexer.accept("*")) return angle;
    angle.scale = angle.offset;
    angle.offset = 0;
  }
  angle.operand = qubit_number(lexer, lexer.value(), "", 1 << 30);
  lexer.expect("[");
  angle.element = lexer.integer();
  lexer.expect("]");
  if (lexer.accept("+")) angle.offset = lexer.real();
  return angle;
}

std::string print(const Circuit& circuit, PrintOptions options) {
  const bool density = circuit.simulation == circuit::Simulation::density;
  std::string text =
      fmt::format("circuit {} {}{} {{\n", quoted(circuit.name), circuit.qubits, density ? " density" : "");
  if (circuit.initial)
    text += fmt::format("  amplitudes {} from %{}\n", plain(circuit.initial->qubits), circuit.initial->operand);
  std::vector<int> versions(circuit.qubits);
  for (const Operation& operation : circuit.operations) text += print_operation(operation, versions, options);
  if (!circuit.readout.empty() || circuit.probabilities.empty()) text += print_readout(circuit.readout, circuit.qubits);
  for (const auto& list : circuit.probabilities) text += fmt::format("  probabilities {}\n", plain(list));
  return text + "}\n";
}

Circuit parse_circuit(Lexer& lexer) {
  Circuit circuit;
  CircuitParser(lexer, circuit).body();
  return circuit;
}

}  // namespace qiln::text
