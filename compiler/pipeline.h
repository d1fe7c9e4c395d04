// The passes by name, and the order in which they run: the only file that knows it.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "compiler/graph/graph.h"

namespace qiln {

struct Pass {
  std::string_view name;       // on the command line
  bool (*run)(graph::Graph&);  // true when it changed anything
  std::string_view help;       // one line
};

std::span<const Pass> all_passes();
/// Throws Error (exit code 1) that lists the passes when there is none of that name.
const Pass& pass_named(std::string_view name);
/// `a,b` in order.
std::vector<const Pass*> passes_named(std::string_view names_separated_by_commas);

/// Runs one pass. Where boundaries are verified (verification.h), and where `checked`, also verifies the graph after it
/// and that it told the truth about changes, and names the pass that did not.
bool run(const Pass& pass, graph::Graph& graph, bool checked = false);

/// The first of the circuit passes: those on gates, and the closed form if wanted.
void run_gate_passes(graph::Graph& graph, bool closed_form = true);

/// What a network's graph goes through before differentiation: circuits become products of cosines where `closed_form`
/// allows and they have that form, blocks on the state vector elsewhere; scales of weights alone are folded into
/// weights. Without `gradients` the graph will not be differentiated.
void run_circuit_passes(graph::Graph& graph, bool closed_form = true, bool gradients = true);

/// What every graph goes through between elaboration and scheduling.
void run_standard_passes(graph::Graph& graph);

}  // namespace qiln
