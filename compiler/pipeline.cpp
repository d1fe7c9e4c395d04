#include "compiler/pipeline.h"

#include <fmt/format.h>

#include <array>

#include "compiler/graph/verify.h"
#include "compiler/passes/cancel_inverses.h"
#include "compiler/passes/closed_form.h"
#include "compiler/passes/common_subexpressions.h"
#include "compiler/passes/dead_code.h"
#include "compiler/passes/defer_resets.h"
#include "compiler/passes/density.h"
#include "compiler/passes/fold_scales.h"
#include "compiler/passes/join_pads.h"
#include "compiler/passes/light_cone.h"
#include "compiler/passes/lower_circuits.h"
#include "compiler/passes/merge_rotations.h"
#include "compiler/passes/push_through.h"
#include "compiler/passes/sample_channels.h"
#include "compiler/passes/simplify.h"
#include "compiler/passes/split_factors.h"
#include "compiler/passes/trim_contractions.h"
#include "compiler/passes/winograd.h"
#include "compiler/text/text.h"
#include "compiler/verification.h"
#include "dsl/error.h"

namespace qiln {
namespace {

constexpr std::array table{
    Pass{"cancel-inverses", passes::cancel_inverses, "drop gates that undo each other"},
    Pass{"merge-rotations", passes::merge_rotations, "add the angles of turns about one axis"},
    Pass{"push-through", passes::push_through, "move gates from the end of circuits into their readout"},
    Pass{"light-cone", passes::light_cone, "drop gates and qubits that no readout sees"},
    Pass{"split-factors", passes::split_factors, "make circuits of their own of qubits that no gate joins"},
    Pass{"closed-form", passes::closed_form, "replace circuits by sums of products of cosines, where cheaper"},
    Pass{"density", passes::density,
         "expand circuits simulated as density matrices into vectors of Pauli expectations"},
    Pass{"defer-resets", passes::defer_resets, "let a qubit that is reset go on as a fresh one"},
    Pass{"sample-channels", passes::sample_channels, "turn fixed noise channels into gates with random angles"},
    Pass{"lower-circuits", [](graph::Graph& g) { return passes::lower_circuits(g, passes::Purpose::gradients); },
         "turn circuits into blocks on the state vector, for values and gradients"},
    Pass{"lower-circuits-for-values",
         [](graph::Graph& g) { return passes::lower_circuits(g, passes::Purpose::values); },
         "the same for values alone: more weights are folded into matrices"},
    Pass{"trim-contractions", passes::trim_contractions, "leave out of sums what lies outside all operands"},
    Pass{"fold-scales", [](graph::Graph& g) { return passes::fold_scales(g, passes::Purpose::gradients); },
         "scale weights in place of what they are contracted with, where that is cheaper with gradients"},
    Pass{"fold-scales-for-values", [](graph::Graph& g) { return passes::fold_scales(g, passes::Purpose::values); },
         "the same for values alone: wherever it is possible"},
    Pass{"simplify", passes::simplify, "fold constants, drop identities and repeated movement"},
    Pass{"join-pads", passes::join_pads, "put values side by side that were padded and added"},
    Pass{"common-subexpressions", passes::common_subexpressions, "compute equal values once"},
    Pass{"winograd", passes::winograd,
         "3x3 convolutions and their gradients by fewer multiplications, where that pays"},
    Pass{"dead-code", passes::dead_code, "drop what no output needs"},
};

// Pairs that cancel first, so that turns on both sides of them meet; the readout takes what it can before the cone is
// drawn, for a gate that is gone from the end no longer widens it. Factors last: what is gone joins no qubits.
constexpr std::array on_gates{"cancel-inverses", "merge-rotations", "push-through", "light-cone", "split-factors"};

// Simplification first, for it makes values equal that were written differently; sums of pads when zeros are gone from
// them; convolutions when they are final; the sweep last, for all leave unused values behind.
constexpr std::array standard{"simplify", "join-pads", "common-subexpressions", "winograd", "dead-code"};

}  // namespace

std::span<const Pass> all_passes() { return table; }

const Pass& pass_named(std::string_view name) {
  std::string known;
  for (const Pass& pass : table) {
    if (pass.name == name) return pass;
    known += fmt::format("{}{}", known.empty() ? "" : ", ", pass.name);
  }
  throw Error(fmt::format("there is no pass `{}`; the passes are {}", name, known), 1);
}

std::vector<const Pass*> passes_named(std::string_view names) {
  std::vector<const Pass*> found;
  while (!names.empty()) {
    const std::size_t comma = names.find(',');
    found.push_back(&pass_named(names.substr(0, comma)));
    names = comma == std::string_view::npos ? "" : names.substr(comma + 1);
  }
  return found;
}

bool run(const Pass& pass, graph::Graph& graph, bool checked) {
  if (!checked && !verified_at_boundaries()) return pass.run(graph);
  const std::string before = text::print(graph);
  const bool changed = pass.run(graph);
  graph::require_valid(graph, fmt::format("after {}", pass.name));
  if (changed != (text::print(graph) != before))
    throw Error(fmt::format("{} says it {} the graph, which is not so", pass.name, changed ? "changed" : "left"));
  return changed;
}

void run_gate_passes(graph::Graph& graph, bool closed_form) {
  for (std::string_view name : on_gates) run(pass_named(name), graph);
  // The closed form needs circuits that are still gates.
  if (closed_form) run(pass_named("closed-form"), graph);
}

void run_circuit_passes(graph::Graph& graph, bool closed_form, bool gradients) {
  run_gate_passes(graph, closed_form);
  // Channels next: a density matrix keeps resets as they are, trajectories know nothing of them.
  for (std::string_view name : {"density", "defer-resets", "sample-channels"}) run(pass_named(name), graph);
  run(pass_named(gradients ? "lower-circuits" : "lower-circuits-for-values"), graph);
  // Weights that nothing reads are gone before scales are folded into them.
  run(pass_named("trim-contractions"), graph);
  // Before differentiation, which then has no scaled value to store and no derivative of a scale to sum over the batch.
  run(pass_named(gradients ? "fold-scales" : "fold-scales-for-values"), graph);
}

void run_standard_passes(graph::Graph& graph) {
  for (std::string_view name : standard) run(pass_named(name), graph);
}

}  // namespace qiln
