// qiln doc: the reference of gates and channels, from their tables, and the documentation in a file.
#include <fmt/format.h>

#include <cmath>
#include <memory>
#include <numbers>

#include "dsl/channels.h"
#include "dsl/error.h"
#include "dsl/gates.h"
#include "dsl/parse.h"
#include "dsl/prelude.h"
#include "dsl/print.h"
#include "runtime/cli/commands.h"
#include "runtime/cli/model_file.h"

namespace qiln::cli {
namespace {

struct Options {
  ModelOptions model;
  std::string format = "text";
  bool markdown() const { return format == "md"; }
};

constexpr std::string_view qubit_names[] = {"a", "b", "c"};

/// A heading and what is said below it, a line each.
struct Entry {
  std::string head, text;
  std::vector<std::pair<std::string, std::string>> facts;
};

std::string print(const Entry& entry, bool markdown) {
  std::string text = markdown ? fmt::format("### `{}`\n\n{}\n\n", entry.head, entry.text)
                              : fmt::format("{}\n    {}\n", entry.head, entry.text);
  for (const auto& [name, value] : entry.facts)
    text += markdown ? fmt::format("- {}: `{}`\n", name, value) : fmt::format("    {:<12} {}\n", name, value);
  return text + "\n";
}

/// `pi / 4`, `-pi`, `0.3`
std::string number(double value) {
  for (int divisor : {1, 2, 4, 8}) {
    const double times = value * divisor / std::numbers::pi;
    if (times == 0 || std::abs(times - std::round(times)) > 1e-12) continue;
    const auto whole = static_cast<int>(std::lround(times));
    std::string text = whole == 1 ? "pi" : whole == -1 ? "-pi" : fmt::format("{} * pi", whole);
    return divisor == 1 ? text : text + fmt::format(" / {}", divisor);
  }
  return fmt::format("{}", value);
}

std::string angle_text(const StepAngle& angle, std::span<const std::string_view> parameters) {
  std::string text;
  for (std::size_t k = 0; k < parameters.size(); ++k) {
    const double factor = angle.factors[k];
    if (factor == 0) continue;
    const double part = 1 / std::abs(factor);
    const bool divides = std::abs(factor) < 1 && part == std::round(part);
    text += fmt::format("{}{}", factor < 0 ? "-" : "", parameters[k]);
    if (divides)
      text += fmt::format(" / {}", part);
    else if (std::abs(factor) != 1)
      text += " * " + number(std::abs(factor));
  }
  if (text.empty()) return number(angle.offset);
  return angle.offset == 0 ? text : text + " + " + number(angle.offset);
}

std::string steps_text(std::span<const GateStep> steps, std::span<const std::string_view> parameters) {
  std::string text;
  for (const GateStep& step : steps) {
    if (!text.empty()) text += "; ";
    for (int k = 0; k < step.controls; ++k) text += "ctrl @ ";
    text += step.gate;
    const GateRow& row = gate(*gate_named(step.gate));
    for (int a = 0; a < row.parameter_count(); ++a) text += (a ? ", " : "(") + angle_text(step.angles[a], parameters);
    if (row.parameter_count() > 0) text += ")";
    for (int q = 0; q < step.qubit_count(); ++q)
      text += fmt::format("{} {}", q ? "," : "", qubit_names[static_cast<std::size_t>(step.qubits[q])]);
  }
  return text;
}

std::string flags_text(const GateFlags& flags) {
  std::string text;
  auto add = [&](bool set, const char* word) {
    if (set) text += fmt::format("{}{}", text.empty() ? "" : ", ", word);
  };
  add(flags.diagonal, "diagonal");
  add(flags.permutation, "permutation");
  add(flags.clifford, "Clifford");
  add(flags.self_inverse, "its own inverse");
  return text;
}

template <class Row>
std::string head_of(const Row& row, int qubits) {
  std::string text(row.name);
  for (int k = 0; k < row.parameter_count(); ++k) text += fmt::format("{}{}", k ? ", " : "(", row.parameters[k]);
  if (row.parameter_count() > 0) text += ")";
  for (int q = 0; q < qubits; ++q) text += fmt::format("{} {}", q ? "," : "", qubit_names[q]);
  return text;
}

template <class Row>
std::string aliases_of(const Row& row) {
  std::string text;
  for (std::string_view alias : row.aliases)
    if (!alias.empty()) text += fmt::format("{}{}", text.empty() ? "" : ", ", alias);
  return text;
}

Entry entry_of(Gate id) {
  const GateRow& row = gate(id);
  Entry entry{head_of(row, row.qubits()), std::string(row.help), {}};
  auto fact = [&](const char* name, std::string value) {
    if (!value.empty()) entry.facts.emplace_back(name, std::move(value));
  };
  fact("also", aliases_of(row));
  fact("controls", row.controls > 0 ? fmt::format("{}", row.controls) : "");
  fact("flags", flags_text(row.flags));
  std::string generator;
  for (const GeneratorTerm& term : row.generator)
    generator += fmt::format("{}{} {}",
                             generator.empty()      ? ""
                             : term.coefficient < 0 ? " - "
                                                    : " + ",
                             generator.empty() ? term.coefficient : std::abs(term.coefficient), term.paulis);
  fact("generator", generator);
  if (!row.flags.self_inverse && !row.inverse.empty()) {
    std::string inverse(row.inverse);
    for (int k = 0; k < row.parameter_count(); ++k)
      inverse += fmt::format("{}-{}", k ? ", " : "(", row.parameters[static_cast<std::size_t>(row.inverse_angles[k])]);
    fact("inverse", inverse + (row.parameter_count() > 0 ? ")" : ""));
  }
  const std::span parameters(row.parameters.data(), static_cast<std::size_t>(row.parameter_count()));
  fact("the same as", steps_text(row.decomposition, parameters));
  constexpr std::string_view exponent[] = {"k"};
  fact("pow(k)", steps_text(row.power, exponent));
  std::string rules;
  for (int k = 0; k < row.parameter_count(); ++k)
    rules += fmt::format("{}{}: {}", k ? ", " : "", row.parameters[k], shift_rule(id, k).size());
  fact("shift terms", rules);
  fact("OpenQASM 3", std::string(row.openqasm));
  fact("PennyLane", std::string(row.pennylane));
  return entry;
}

std::string gate_reference(bool markdown) {
  std::string text =
      "Gates. Qubits a, b, c in the order in which they are written, controls first; the first is the most "
      "significant\n"
      "bit of a matrix index. Modifiers: `inv @`, `ctrl @`, `pow(k) @`. Angles are radians.\n\n";
  if (markdown) text = "# Gates\n\n" + text.substr(7);
  for (std::size_t k = 0; k < gates().size(); ++k) text += print(entry_of(static_cast<Gate>(k)), markdown);
  return text;
}

std::string channel_reference(bool markdown) {
  std::string text = markdown ? "# Channels\n\n" : "Channels, each on one qubit.\n\n";
  for (const ChannelRow& row : channels()) {
    Entry entry{head_of(row, 1), std::string(row.help), {}};
    if (std::string aliases = aliases_of(row); !aliases.empty()) entry.facts.emplace_back("also", aliases);
    if (!row.pennylane.empty()) entry.facts.emplace_back("PennyLane", row.pennylane);
    text += print(entry, markdown);
  }
  return text;
}

/// The line that declares an item.
std::string declaration(const dsl::ast::Item& item) {
  dsl::ast::Item bare = item;
  bare.documentation.clear();
  std::string text = dsl::print(bare);
  if (const auto brace = text.find(" {\n"); brace != std::string::npos) text.resize(brace);
  while (!text.empty() && text.back() == '\n') text.pop_back();
  return text;
}

std::string file_reference(const dsl::ast::File& file, bool markdown) {
  std::string text;
  for (const dsl::ast::Item& item : file.items) {
    if (item.documentation.empty() || !dsl::ast::declared_name(item)) continue;
    Entry entry{declaration(item), item.documentation, {}};
    if (!markdown)
      for (std::size_t at = 0; (at = entry.text.find('\n', at)) != std::string::npos; at += 5)
        entry.text.replace(at, 1, "\n    ");
    text += print(entry, markdown);
  }
  return text;
}

std::string reference(const Options& options) {
  if (options.model.file == "gates") return gate_reference(options.markdown());
  if (options.model.file == "channels") return channel_reference(options.markdown());
  if (options.model.file == "prelude") {
    dsl::Sources sources;
    return file_reference(dsl::parse_prelude(sources), options.markdown());
  }
  ModelFile file(options.model.file, {});
  if (!file.parsed()) file.report();
  std::string text;
  for (const dsl::ast::File& each : file.program().files) text += file_reference(each, options.markdown());
  return text.empty() ? "nothing in it is documented; `## text` above an item does it\n" : text;
}

}  // namespace

void add_doc(CLI::App& app) {
  auto* command = app.add_subcommand("doc", "Show the reference of gates, or what a file says of its items");
  auto options = std::make_shared<Options>();
  command->add_option("FILE", options->model.file, "a model file, or `gates`, `channels`, `prelude`")->required();
  command->add_option("--format", options->format, "text or md")->check(CLI::IsMember({"text", "md"}));
  command->footer("Example:\n  qiln doc gates --format md");
  command->callback([=] {
    std::string text = reference(*options);
    while (text.ends_with("\n\n")) text.pop_back();
    fmt::print("{}", text);
  });
}

}  // namespace qiln::cli
