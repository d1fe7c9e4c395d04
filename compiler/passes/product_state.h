// Expectations in a product state that gates on one qubit make, as graph values.
#pragma once

#include <span>

#include "compiler/graph/build.h"

namespace qiln::passes {

/// For each term, the product over the qubits of the expectation of the term's Pauli there: [terms]. The circuit has
/// gates on one qubit only; coefficients of the terms are left out. The number of nodes does not depend on the width,
/// but for its log.
graph::ValueId term_products(graph::Builder& builder, const circuit::Circuit& circuit,
                             std::span<const circuit::PauliTerm> terms, std::span<const graph::ValueId> operands);

}  // namespace qiln::passes
