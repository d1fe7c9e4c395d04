#include "compiler/circuit_findings.h"

#include <fmt/format.h>

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "compiler/circuit/influence.h"
#include "compiler/circuit/observed.h"
#include "compiler/graph/origin.h"
#include "compiler/graph/trace.h"

namespace qiln {
namespace {

using dsl::DiagnosticKind;
using graph::Graph;
using graph::Node;
using graph::ValueId;

/// "elements 0, 1, 2"
std::string list(const std::vector<std::int64_t>& elements) {
  constexpr std::size_t shown = 12;
  std::string text = elements.size() == 1 ? "element" : "elements";
  for (std::size_t i = 0; i < std::min(shown, elements.size()); ++i)
    text += fmt::format("{} {}", i ? "," : "", elements[i]);
  return elements.size() > shown ? text + fmt::format(" and {} more", elements.size() - shown) : text;
}

/// What the circuits that use an element say of it. Dead, if all say so; else a suspect where the rest call it one.
struct Verdicts {
  int uses = 0, dead = 0, suspect = 0, open = 0;
  std::string reason;
};

/// One tensor's elements: of a parameter, or of a value that a circuit gets.
struct Subject {
  std::string name;  // "elements of `w`"
  dsl::Span span;
  bool parameter = false;
  std::vector<Verdicts> elements;
};

struct Analysis {
  std::vector<circuit::DeadElement> dead;
  std::vector<circuit::DoubtfulElement> doubtful;
};

class CircuitFindings {
 public:
  CircuitFindings(const Graph& g, dsl::Diagnostics& diagnostics, Doubts doubts)
      : g_(g), diagnostics_(diagnostics), doubts_(doubts), roots_(graph::trace_roots(g)) {}

  void run() {
    for (ValueId id = 0; id < g_.nodes.size(); ++id) note_other_uses(id);
    for (const auto& output : g_.outputs) used_otherwise(output.value);
    for (ValueId id = 0; id < g_.nodes.size(); ++id)
      if (g_[id].op == Primitive::circuit) visit(id);
    for (const auto& [id, subject] : subjects_)
      if (!used_otherwise_[id]) report(subject);
  }

 private:
  bool is_parameter(ValueId id) const { return roots_[id] != graph::no_value && g_[roots_[id]].op == Primitive::param; }

  void used_otherwise(ValueId id) {
    if (is_parameter(id)) used_otherwise_[roots_[id]] = true;
  }

  void note_other_uses(ValueId id) {
    if (g_[id].op == Primitive::circuit || is_parameter(id)) return;
    for (ValueId operand : g_[id].operands) used_otherwise(operand);
  }

  /// Circuits that differ in nothing are analysed once.
  const Analysis& analysis(const circuit::Circuit& circuit, const std::vector<std::int64_t>& sizes) {
    for (const auto& [known, of_sizes, result] : known_)
      if (known == circuit && of_sizes == sizes) return result;
    Analysis result;
    result.dead = circuit::dead_elements(circuit, sizes);
    if (doubts_ == Doubts::tried) result.doubtful = circuit::doubtful_elements(circuit, sizes, result.dead);
    known_.push_back({circuit, sizes, std::move(result)});
    return known_.back().result;
  }

  Subject& subject(ValueId id, const Node& user) {
    const auto [found, added] = subjects_.try_emplace(id);
    Subject& subject = found->second;
    if (!added) return subject;
    subject.elements.resize(graph::element_count(g_.shape(id)));
    if (g_[id].op == Primitive::param) {
      subject.name = fmt::format("elements of `{}`", g_[id].as<graph::ParamAttributes>().path);
      subject.span = graph::span_of(g_[id].origin);
      subject.parameter = true;
      return subject;
    }
    const std::string& path = user.origin.path < 0 ? "" : g_.paths[user.origin.path];
    const auto& circuit = g_.circuits[user.as<graph::CircuitAttributes>().index];
    subject.name = fmt::format("inputs of `{}`", path.empty() ? circuit.name : path);
    subject.span = graph::span_of(user.origin);
    return subject;
  }

  void visit(ValueId id) {
    const Node& node = g_[id];
    const auto& [index, places, mapped] = node.as<graph::CircuitAttributes>();
    const auto& circuit = g_.circuits[index];
    std::vector<std::int64_t> sizes, copies;
    for (std::size_t k = 0; k < node.operands.size(); ++k) {
      const bool at_places = std::find(mapped.begin(), mapped.end(), static_cast<int>(k)) != mapped.end();
      copies.push_back(at_places ? places : 1);
      sizes.push_back(graph::element_count(g_.shape(node.operands[k])) / copies.back());
    }
    const Analysis& found = analysis(circuit, sizes);
    std::vector<graph::Trace> traces;
    for (ValueId operand : node.operands) {
      traces.push_back(is_parameter(operand) ? *graph::trace(g_, operand) : graph::whole(g_, operand));
      auto& elements = subject(traces.back().root, node).elements;
      for (std::int64_t e : traces.back().elements) ++elements[e].uses;
    }
    auto each = [&](std::int32_t operand, std::int64_t element, auto mark) {
      for (std::int64_t p = 0; p < copies[operand]; ++p) {
        const auto& trace = traces[operand];
        mark(subjects_.at(trace.root).elements[trace.elements[p * sizes[operand] + element]]);
      }
    };
    for (const auto& dead : found.dead)
      each(dead.operand, dead.element, [&](Verdicts& verdicts) {
        // A tensor that is no parameter may have elements that are meant for someone else.
        const bool parameter = g_[traces[dead.operand].root].op == Primitive::param;
        if (!parameter && dead.reason == circuit::DeadReason::unused) return;
        ++verdicts.dead;
        verdicts.reason = circuit::explain(circuit, dead);
      });
    for (const auto& doubtful : found.doubtful)
      each(doubtful.operand, doubtful.element,
           [&](Verdicts& verdicts) { ++(doubtful.suspect ? verdicts.suspect : verdicts.open); });
  }

  void report(const Subject& subject) {
    std::map<std::string, std::vector<std::int64_t>> dead;
    std::vector<std::int64_t> suspects, open;
    std::int64_t count = 0;
    for (std::size_t e = 0; e < subject.elements.size(); ++e) {
      const Verdicts& v = subject.elements[e];
      if (v.uses > 0 && v.dead == v.uses)
        dead[v.reason].push_back(static_cast<std::int64_t>(e)), ++count;
      else if (v.suspect > 0 && v.dead + v.suspect == v.uses)
        suspects.push_back(static_cast<std::int64_t>(e));
      else if (v.open > 0 && v.dead + v.suspect + v.open == v.uses)
        open.push_back(static_cast<std::int64_t>(e));
    }
    if (count > 0) report_dead(subject, dead, count);
    const std::size_t all = subject.elements.size();
    if (!suspects.empty())
      diagnostics_
          .report(DiagnosticKind::suspect, subject.span, suspects.size(), all, subject.name, circuit::sampled_points)
          .note(fmt::format("{}: they may cancel out, or matter at special points only; this is no proof",
                            list(suspects)));
    if (!open.empty())
      diagnostics_.report(DiagnosticKind::not_proven, subject.span, open.size(), all, subject.name)
          .note(fmt::format("{}: the observables behind become sums of more than {} Pauli strings, and the circuit is "
                            "too large to try",
                            list(open), circuit::Observed::max_strings));
  }

  void report_dead(const Subject& subject, const std::map<std::string, std::vector<std::int64_t>>& by_reason,
                   std::int64_t dead) {
    const auto all = static_cast<std::int64_t>(subject.elements.size());
    const std::string& reason = by_reason.begin()->first;
    const bool whole = dead == all && by_reason.size() == 1;
    const auto kind = !subject.parameter ? DiagnosticKind::dead_input
                      : whole            ? DiagnosticKind::dead_parameter
                                         : DiagnosticKind::partly_dead_parameter;
    auto& said = kind == DiagnosticKind::dead_parameter
                     ? diagnostics_.report(kind, subject.span, all, subject.name, reason)
                     : diagnostics_.report(kind, subject.span, dead, all, subject.name, reason);
    if (by_reason.size() > 1) {
      for (const auto& [why, which] : by_reason) said.note(fmt::format("{}: {}", list(which), why));
    } else if (dead < all) {
      said.note(fmt::format("{} {}", dead == 1 ? "it is" : "these are", list(by_reason.begin()->second)));
    }
  }

  struct Known {
    circuit::Circuit circuit;
    std::vector<std::int64_t> sizes;
    Analysis result;
  };
  const Graph& g_;
  dsl::Diagnostics& diagnostics_;
  Doubts doubts_;
  std::vector<ValueId> roots_;  // of traces
  std::map<ValueId, Subject> subjects_;
  std::map<ValueId, bool> used_otherwise_;
  std::vector<Known> known_;
};

}  // namespace

void report_circuit_findings(const Graph& graph, dsl::Diagnostics& diagnostics, Doubts doubts) {
  CircuitFindings(graph, diagnostics, doubts).run();
}

}  // namespace qiln
