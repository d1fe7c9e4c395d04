// What a circuit's measurements read, as values of the graph: exactly or in shots, with the gradients of the exact
// values or by parameter shifts.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "compiler/elaborate_value.h"
#include "compiler/graph/build.h"

namespace qiln::elaboration {

/// What a circuit's node runs on; the circuit measures nothing yet.
struct Runs {
  circuit::Circuit circuit;
  std::vector<ValueId> operands;
  std::int64_t places = 0;
  std::vector<int> mapped;
};

/// What is read for each call, [values] or [places, values]: a number an observable, of a variance then one a square,
/// or probabilities. In shots where asked, with the gradients of the exact values. Draws come from Philox sites that
/// begin with `site`.
std::vector<ValueId> read_with_exact_gradients(graph::Builder& builder, const std::string& site, const Runs& runs,
                                               std::span<const Measurement> calls);
/// The same with gradients by parameter shifts, whose draws are independent of the values'. Every angle that an operand
/// holds must have a rule.
std::vector<ValueId> read_with_shifts(graph::Builder& builder, const std::string& site, const Runs& runs,
                                      std::span<const Measurement> calls);

/// Runs that the gradient of one run of the circuit takes.
std::int64_t shift_count(const circuit::Circuit& circuit);
/// Bases in which the terms of a call are drawn.
std::size_t base_count(const Measurement& call, int qubits);
/// The elements `indices` of the last axis.
ValueId chosen_elements(graph::Builder& builder, ValueId values, const std::vector<std::int64_t>& indices);

}  // namespace qiln::elaboration
