// What holds for every graph between two phases: operands stand before their users, types follow from operands and
// attributes, a result is varying exactly when an operand is (batch_sum alone makes uniform of varying), attributes are
// in range, inputs and parameters have names of their own. Run at each boundary where verification.h says so.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "compiler/graph/graph.h"

namespace qiln::graph {

/// One sentence for each thing that does not hold, beginning with the value at fault: "%7 = contract: …".
std::vector<std::string> verify(const Graph& graph);

/// Throws Error (exit code 1) with all of them; `where` says who gave the graph ("after simplify").
void require_valid(const Graph& graph, std::string_view where);

/// What verify says of a circuit with these operands, or of a block program; nothing when all holds.
std::vector<std::string> verify_circuit(const circuit::Circuit& circuit, const std::vector<Shape>& operands);
std::vector<std::string> verify_phases(const circuit::BlockProgram& program, const std::vector<Shape>& operands);
std::vector<std::string> verify_blocks(const circuit::BlockProgram& program, const std::vector<Shape>& entries);

/// `[128, 7, 7]`
std::string to_string(const Shape& shape);

}  // namespace qiln::graph
