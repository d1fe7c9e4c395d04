// Circuits by dense simulation: the block primitives and, straight from the gate table, whole circuits. Complex
// cotangents are pairs of reals, the ordinary gradients dL/dRe and dL/dIm.
//
// Magnitudes: of amplitudes as in state.h; of an expectation value and of the cotangents of matrix entries the sum of
// the products of |amplitude| and magnitude that they add up.
#pragma once

#include "compiler/circuit/circuit.h"
#include "runtime/reference/operations.h"

namespace qiln::reference {

/// Entries of the blocks -> state [2, 2^n], from |0...0>.
template <class Real>
Value<Real> apply_blocks(const circuit::BlockProgram& program, Operands<Real> entries, std::int64_t samples);

/// x: the entries, the state after all blocks, its cotangent -> cotangents of all entries, flattened in operand order.
/// Blocks are undone by their adjoints, hence must be unitary.
template <class Real>
Value<Real> apply_blocks_adjoint(const circuit::BlockProgram& program, Operands<Real> x, std::int64_t samples);

/// State -> one expectation value an observable of the readout.
template <class Real>
Value<Real> expval(const circuit::BlockProgram& program, const Value<Real>& state);

/// State and cotangents of the expectation values -> cotangent of the state, 2 sum over j of c_j O_j psi.
template <class Real>
Value<Real> expval_adjoint(const circuit::BlockProgram& program, const Value<Real>& state, const Value<Real>& cotangent,
                           std::int64_t samples);

/// Angles -> readout, gate by gate from the gate table's matrices; the expectation of circuits with channels by the
/// density matrix, from the channel table's Kraus operators.
template <class Real>
Value<Real> simulate(const circuit::Circuit& circuit, Operands<Real> angles, std::int64_t samples);

}  // namespace qiln::reference
